/** A digest of what a plan would do, by which a plan made again is compared with the one that was reviewed. */
import { createHash } from "node:crypto";
import { isTouched, type PlanJson } from "../terraform/plan-json";
import { canonicalJson } from "../terraform/json-values";

/**
 * Equal for two plans that would do the same to the same objects, whatever order Terraform listed it in.
 *
 * @returns SHA-256 in hex
 */
export function changeDigest(plan: PlanJson): string {
  const changing = plan.resource_changes
    .filter(isTouched)
    .map(({ address, deposed, previous_address, change }) => ({ address, deposed, previous_address, change }))
    .sort((a, b) => (`${a.address} ${a.deposed ?? ""}` < `${b.address} ${b.deposed ?? ""}` ? -1 : 1));
  return createHash("sha256").update(canonicalJson(changing)).digest("hex");
}
