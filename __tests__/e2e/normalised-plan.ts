/** Normalizes a plan for the repository: no machine paths, no times, and only the parts that the guard reads. */

import { fieldsOf, isMarked, itemsOf, valueAt } from "../../fleet/terraform/json-values";

/** Parts of `terraform show -json` that are kept. */
const kept = [
  "format_version",
  "terraform_version",
  "applyable",
  "complete",
  "errored",
  "resource_changes",
  "resource_drift",
  "deferred_changes",
  "output_changes",
  "checks",
] as const;

/** The parts of the configuration that the guard reads. */
function keptConfiguration(configuration: unknown): object {
  const root = valueAt(configuration, "root_module");
  const resources = itemsOf(valueAt(root, "resources")).map((resource) => ({
    address: valueAt(resource, "address"),
    mode: valueAt(resource, "mode"),
    type: valueAt(resource, "type"),
    name: valueAt(resource, "name"),
    provisioners: valueAt(resource, "provisioners"),
    // The guard reads only which arguments are set.
    expressions: Object.fromEntries(Object.keys(fieldsOf(valueAt(resource, "expressions"))).map((key) => [key, {}])),
  }));
  return {
    provider_config: valueAt(configuration, "provider_config"),
    root_module: { resources, module_calls: valueAt(root, "module_calls") },
  };
}

/**
 * The data sources of the table. The guard reads them only if the stack does not manage the table after the apply, and a plan without
 * resources is refused anyway.
 */
function keptDataSources(plan: Readonly<Record<string, unknown>>): object {
  const isTable = (resource: unknown): boolean => valueAt(resource, "type") === "aws_dynamodb_table";
  const isManaged = itemsOf(plan["resource_changes"]).some(
    (resource) =>
      isTable(resource) &&
      valueAt(resource, "mode") === "managed" &&
      valueAt(valueAt(resource, "change"), "after") !== null,
  );
  const root = valueAt(valueAt(plan["prior_state"], "values"), "root_module");
  const resources = itemsOf(valueAt(root, "resources"))
    .filter((resource) => isTable(resource) && valueAt(resource, "mode") === "data")
    .map((resource) => ({ address: valueAt(resource, "address"), mode: "data", values: valueAt(resource, "values") }));
  const hasNothing = itemsOf(plan["resource_changes"]).length === 0 || resources.length === 0;
  return isManaged || hasNothing ? {} : { prior_state: { values: { root_module: { resources } } } };
}

/** Keys of the masks in a plan. A mask that marks no value is removed. */
const masks: readonly string[] = ["after_unknown", "before_sensitive", "after_sensitive"];

/**
 * @param json output of `terraform show -json`
 * @param fixedIds UUIDs that are the same in every run
 */
export function normalisedPlan(json: string, fixedIds: readonly string[]): object {
  const plan = JSON.parse(json) as Record<string, unknown>;
  const whole = {
    ...Object.fromEntries(kept.flatMap((key) => (key in plan ? [[key, plan[key]]] : []))),
    configuration: keptConfiguration(plan["configuration"]),
    ...keptDataSources(plan),
  };
  for (const { type, change } of (plan["resource_changes"] ?? []) as {
    type: string;
    change: Record<string, unknown>;
  }[]) {
    // Without a change, `before` equals `after`. The guard reads `before` only for the table.
    if (String(change["actions"]) === "no-op" && type !== "aws_dynamodb_table") delete change["before"];
  }
  const text = JSON.stringify(whole, (key, value: unknown) =>
    masks.includes(key) && !isMarked(value) ? undefined : value,
  );
  const seen = new Map<string, string>();
  /** Numbers the values: different values get different placeholders. */
  const numbered = (value: string, placeholder: (n: number) => string): string => {
    const known = seen.get(value) ?? placeholder(seen.size + 1);
    seen.set(value, known);
    return known;
  };
  const masked = text
    .replace(/[a-f0-9]{8}(-[a-f0-9]{4}){3}-[a-f0-9]{12}/g, (id) =>
      fixedIds.includes(id) ? id : numbered(id, (n) => `00000000-0000-4000-9000-${String(n).padStart(12, "0")}`),
    )
    .replace(/\b[a-f0-9]{64}\b/gi, (hash) => numbered(hash, (n) => String(n).padStart(64, "0")))
    .replace(/[A-Za-z0-9+/]{43}=/g, (hash) => numbered(hash, (n) => `${String(n).padStart(43, "0")}=`))
    .replace(/\b(AROA|AIDA)[A-Z0-9]{16,17}\b/g, "$1EXAMPLE")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d{4})/g, "2026-01-01T00:00:00Z")
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://localhost")
    .replace(/"source_code_size":\d+/g, '"source_code_size":1')
    .replace(/"last_updated_date":\d+/g, '"last_updated_date":1');
  return JSON.parse(masked) as object;
}
