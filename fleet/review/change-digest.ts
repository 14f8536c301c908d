/** A digest of what a plan would do, to compare a new plan with the plan that was reviewed. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../terraform/json-values";
import { isTouched, type PlanJson } from "../terraform/plan-json";

/**
 * Equal for two plans that would make the same changes to the same objects. The order in which Terraform lists them does not count.
 *
 * @returns SHA-256 in hex
 */
export function changeDigest(plan: PlanJson): string {
  const changes = plan.resource_changes
    .filter(isTouched)
    .map(({ address, deposed, previous_address, change }) => ({ address, deposed, previous_address, change }))
    .sort((a, b) => (`${a.address} ${a.deposed ?? ""}` < `${b.address} ${b.deposed ?? ""}` ? -1 : 1));
  return createHash("sha256").update(canonicalJson(changes)).digest("hex");
}
