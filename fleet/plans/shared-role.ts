/** Before a role is adopted: finds its other users. The deployment replaces its trust policy and removes all other permissions. */
import type { InstanceConfig } from "../../config/types";
import { ROLE } from "../../stacks/resource-types";
import { describeRole } from "../aws/iam-role";
import type { InstanceClients } from "../aws/instance-clients";
import { otherUsersOf, sharedRole } from "../aws/role-users";
import type { Violation } from "../guard/rule";
import { errorMessage } from "../output/error-message";
import type { PlanJson } from "../terraform/plan-json";

export interface SharedRoles {
  readonly violations: readonly Violation[];
  /** What could not be checked, and why. */
  readonly warnings: readonly string[];
}

/** Asks AWS only if the plan imports a role. */
export async function refuseSharedRole(
  plan: PlanJson,
  instance: InstanceConfig,
  { iam, lambda }: InstanceClients,
): Promise<SharedRoles> {
  const adopted = plan.resource_changes.find(({ type, change }) => type === ROLE && change.importing !== undefined);
  if (adopted === undefined) return { violations: [], warnings: [] };
  const { function: own } = instance;
  try {
    const role = await describeRole(iam, own.roleName);
    const users = role === undefined ? [] : await otherUsersOf(role, instance, lambda);
    if (users.length === 0) return { violations: [], warnings: [] };
    const violation: Violation = { rule: "shared-role", address: adopted.address, ...sharedRole(instance, users) };
    return { violations: [violation], warnings: [] };
  } catch (error) {
    const warning =
      `It could not be checked whether others use the role ${own.roleName}, which the plan would adopt. ${errorMessage(error)}. ` +
      "They would lose their permissions. Attach the policy plan or deploy (npm run fleet -- iam) to the role that reads.";
    return { violations: [], warnings: [warning] };
  }
}
