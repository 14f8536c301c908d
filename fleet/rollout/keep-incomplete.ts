/** Keeps resources whose creation was interrupted: Terraform would delete and create them again. */
import type { OutlinedChange } from "../review/change-outline";
import { isTouched } from "../terraform/plan-json";
import { parseState } from "../terraform/state-json";
import type { TerraformStack } from "../terraform/terraform-stack";

/**
 * After an error or Ctrl-C during a creation, Terraform marks the resource as tainted and replaces it in the next plan. But the resource
 * exists, and a replacement of the same name fails or leaves a gap. Without the mark, the next plan updates what differs.
 *
 * @param reviewed the plan whose apply was interrupted; only resources that it creates are kept
 * @returns the addresses of these resources
 * @throws TerraformError
 */
export async function keepIncomplete(
  stack: TerraformStack,
  reviewed: { readonly resource_changes: readonly OutlinedChange[] },
): Promise<readonly string[]> {
  const created = new Set(
    reviewed.resource_changes
      .filter((resource) => isTouched(resource) && resource.change.actions.includes("create"))
      .map(({ address }) => address),
  );
  const objects = parseState(await stack.stateText())?.objects ?? [];
  const incomplete = objects.filter(({ address, isTainted }) => isTainted && created.has(address));
  for (const { address } of incomplete) await stack.untaint(address);
  return incomplete.map(({ address }) => address);
}

/** @param addresses the result of {@link keepIncomplete} */
export const keptText = (addresses: readonly string[]): string =>
  `the creation of these resources was interrupted. They are kept, and the next apply completes them: ${addresses.join(", ")}.`;
