/** Reads a role and the names of its policies. */
import { GetRoleCommand, paginateListAttachedRolePolicies, paginateListRolePolicies } from "@aws-sdk/client-iam";
import type { IAMClient, Role } from "@aws-sdk/client-iam";
import { undefinedIfAbsent } from "./errors";

/** Undefined if the role does not exist. */
export async function describeRole(iam: IAMClient, RoleName: string): Promise<Role | undefined> {
  return (await undefinedIfAbsent(iam.send(new GetRoleCommand({ RoleName }))))?.Role;
}

/** Names of the inline policies and ARNs of the attached policies of a role. */
export async function policiesOfRole(
  iam: IAMClient,
  RoleName: string,
): Promise<{ readonly inline: readonly string[]; readonly attached: readonly string[] }> {
  const inline: string[] = [];
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client: iam }, { RoleName }))
    inline.push(...PolicyNames);
  const attached: string[] = [];
  for await (const { AttachedPolicies = [] } of paginateListAttachedRolePolicies({ client: iam }, { RoleName }))
    attached.push(...AttachedPolicies.map(({ PolicyArn = "" }) => PolicyArn));
  return { inline, attached };
}
