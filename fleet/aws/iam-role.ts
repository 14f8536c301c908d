/** Reads a role. */
import { GetRoleCommand } from "@aws-sdk/client-iam";
import type { IAMClient, Role } from "@aws-sdk/client-iam";
import { undefinedIfAbsent } from "./errors";

/** Undefined if the role does not exist. */
export async function describeRole(iam: IAMClient, RoleName: string): Promise<Role | undefined> {
  return (await undefinedIfAbsent(iam.send(new GetRoleCommand({ RoleName }))))?.Role;
}
