/** A digest of the changes of a plan, to compare a new plan with the reviewed plan. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../terraform/json-values";
import { isTouched, type PlanJson } from "../terraform/plan-json";

/**
 * Equal for two plans that would make the same changes to the same objects. The order in which Terraform lists the changes does not matter.
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
