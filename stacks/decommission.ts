/** What to do instead of destroying a stack that holds the vendor's table. */
import { matchesGlob } from "../config/selection";
import type { InstanceConfig } from "../config/types";

/** Whether the stack, as it is configured, has the table in its state. */
export const ownsTable = ({ release }: InstanceConfig): boolean => release === undefined || release === "remove-index";

/** One line for the stack's outputs, which Terraform shows in the plan of a destroy, just before it refuses. */
export function insteadOfDestroy(instance: InstanceConfig): string {
  return `Not by destroy. Set ${steps(instance)}.`;
}

/**
 * Why stacks are not destroyed, and what to do: two lines each for those that `cdktf destroy` names and that hold a table.
 *
 * Terraform refuses too, but words that itself, evaluates no condition of ours in a destroy, and cdktf often loses the
 * end of what Terraform prints.
 *
 * @param cdktf what cdktf was asked for, its command first; undefined where it was not cdktf that asked
 */
export function destroyRefusals(
  instances: readonly InstanceConfig[],
  cdktf: readonly string[] | undefined,
): readonly string[] {
  if (cdktf?.[0] !== "destroy") return [];
  // cdktf takes the only stack where none is named. Values of options among these match no stack, or cdktf would take them too.
  const patterns = cdktf.slice(1).filter((argument) => !argument.startsWith("-"));
  const named = instances.filter(
    ({ stackName }) => instances.length === 1 || patterns.some((pattern) => matchesGlob(pattern, stackName)),
  );
  return named
    .filter(ownsTable)
    .map(
      (instance) =>
        `${instance.stackName} holds the vendor's table ${instance.table.name}, so it cannot be destroyed.\n` +
        `  To let go of it, set ${steps(instance)}. The table always stays.`,
    );
}

function steps({ name, environment, release }: InstanceConfig): string {
  const where = `for ${name} in environments/${environment}.yaml`;
  return release === "remove-index"
    ? `release: true ${where}, and deploy that`
    : `release: remove-index ${where} and deploy that, then release: true and deploy that; or once release: keep-index, which leaves the index on the table`;
}
