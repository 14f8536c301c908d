/** A digest of what a plan would do, by which a plan made again is compared with the one that was reviewed. */
import { createHash } from "node:crypto";
import type { PlanJson } from "../guard/plan-json";

/**
 * Equal for two plans that would do the same to the same objects, whatever order Terraform listed it in.
 *
 * @returns SHA-256 in hex
 */
export function changeDigest(plan: PlanJson): string {
  const changing = plan.resource_changes
    .filter(
      ({ mode, change }) => mode === "managed" && (change.actions.join() !== "no-op" || change.importing !== undefined),
    )
    .map(({ address, deposed, previous_address, change }) => ({ address, deposed, previous_address, change }))
    .sort((a, b) => (`${a.address} ${a.deposed ?? ""}` < `${b.address} ${b.deposed ?? ""}` ? -1 : 1));
  return createHash("sha256").update(canonical(changing)).digest("hex");
}

/** JSON with keys in order. Lists stay as they are: Terraform writes sets in an order of their own, and in others it counts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, child: unknown) =>
    typeof child === "object" && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  );
}
