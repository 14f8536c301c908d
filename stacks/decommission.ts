/** Refuses `cdktf destroy` for stacks that manage the vendor's table, and explains how to release an instance. */
import { matchesGlob } from "../config/selection";
import type { InstanceConfig } from "../config/types";

/** Returns whether the configured stack manages the table. */
export const ownsTable = ({ release, table }: InstanceConfig): boolean =>
  table.adopt && (release === undefined || release === "remove-index");

/** Returns the text of the stack output `letting_go`. Terraform shows outputs in the plan of a destroy, before it refuses the destroy. */
export function insteadOfDestroy(instance: InstanceConfig): string {
  const { name, environment, table } = instance;
  if (!table.adopt) return `Set release: keep-index for ${name} in environments/${environment}.yaml, and deploy that.`;
  return `Not by destroy. Set ${steps(instance)}.`;
}

/**
 * Returns one refusal for each stack that `cdktf destroy` names and that manages a table. A refusal gives the reason and the next steps.
 *
 * Terraform refuses the destroy too, because of `prevent_destroy`. But `cdktf destroy` 0.21 prints only "Invoking Terraform CLI failed
 * with exit code 1": Terraform's message and outputs were missing in four of four runs. Terraform evaluates no condition in a destroy.
 *
 * @param argv the arguments of cdktf, with its command first; undefined if cdktf does not run the app
 */
export function destroyRefusals(
  instances: readonly InstanceConfig[],
  argv: readonly string[] | undefined,
): readonly string[] {
  if (argv?.[0] !== "destroy") return [];
  // Without a stack name, cdktf selects the only stack. The patterns can include the value of an option. If this value matches a stack,
  // cdktf selects the stack too.
  const patterns = argv.slice(1).filter((argument) => !argument.startsWith("-"));
  const named = instances.filter(
    ({ stackName }) => instances.length === 1 || patterns.some((pattern) => matchesGlob(pattern, stackName)),
  );
  return named
    .filter(ownsTable)
    .map(
      (instance) =>
        `${instance.stackName} cannot be destroyed, because it manages the vendor's table ${instance.table.name}.\n` +
        `  To release the instance, set ${steps(instance)}. The table always stays.`,
    );
}

function steps({ name, environment, release }: InstanceConfig): string {
  const where = `for ${name} in environments/${environment}.yaml`;
  return release === "remove-index"
    ? `release: forget ${where}, and deploy that`
    : `release: remove-index ${where} and deploy that, then release: forget and deploy that; or once release: keep-index, which leaves the index on the table`;
}
