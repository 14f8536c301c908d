/** What `terraform show -json` prints of a saved plan: the part that is judged and shown, and a reader that refuses whatever it does not know. */

/** What Terraform would do to one resource; a replacement is two of them, in their order. */
export type Action = "no-op" | "create" | "read" | "update" | "delete" | "forget";

/** https://developer.hashicorp.com/terraform/internals/json-format#change-representation */
export interface Change {
  readonly actions: readonly Action[];
  /** Values before and after; null where the resource does not exist then. What is not known yet is left out of `after`. */
  readonly before: unknown;
  readonly after: unknown;
  /** `true` at each place whose value is known only after the apply. */
  readonly after_unknown?: unknown;
  /** `true` at each place that must not be shown. */
  readonly before_sensitive?: unknown;
  readonly after_sensitive?: unknown;
  /** Places that force a replacement. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
  readonly importing?: { readonly id?: string; readonly identity?: unknown; readonly unknown?: boolean };
}

/** One resource, or one instance of a counted resource. */
export interface ResourceChange {
  readonly address: string;
  /** Where it stood before a `moved` block. */
  readonly previous_address?: string;
  readonly mode: "managed" | "data";
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
  /** Key of an object that an interrupted replacement left behind. */
  readonly deposed?: string;
  readonly action_reason?: string;
  readonly change: Change;
}

/** Whether an apply would do anything to the resource, or to what the state says of it. */
export const isTouched = ({ mode, change, previous_address }: ResourceChange): boolean =>
  mode === "managed" &&
  (change.actions.join() !== "no-op" || change.importing !== undefined || previous_address !== undefined);

/** One saved plan. */
export interface PlanJson {
  readonly format_version: string;
  readonly terraform_version?: string;
  /** Whether planning failed half-way. */
  readonly errored: boolean;
  /** Whether an apply of it makes everything as configured; false with `-target`. */
  readonly complete: boolean;
  readonly applyable: boolean;
  readonly resource_changes: readonly ResourceChange[];
  /** What others changed since the last apply. */
  readonly resource_drift: readonly ResourceChange[];
  readonly deferred_changes: readonly unknown[];
  readonly output_changes: Readonly<Record<string, Change>>;
  /** Keys at the top that this reader does not know; a plan with any is refused by the guard. */
  readonly unknownKeys: readonly string[];
}

/** The text is not a plan that can be judged; the message is for the person who planned. */
export class UnreadablePlan extends Error {
  override readonly name = "UnreadablePlan";

  constructor(what: string) {
    super(
      `The plan cannot be read, so nothing of it may be applied: ${what}. ` +
        "Plan again with the Terraform version in .terraform-version; a newer one needs a newer guard.",
    );
  }
}

const actions: readonly string[] = ["no-op", "create", "read", "update", "delete", "forget"] satisfies Action[];

/** Sequences of actions that Terraform 1.11 has for one resource (its `jsonplan` package). */
const sequences: readonly string[] = [
  ...actions,
  "delete,create",
  "create,delete",
  // A replacement whose old object is left alone.
  "create,forget",
];

/** Keys at the top that say nothing of what an apply would do, or that `PlanJson` has. */
const knownKeys: readonly string[] = [
  "format_version",
  "terraform_version",
  "variables",
  "planned_values",
  "resource_drift",
  "resource_changes",
  "deferred_changes",
  "output_changes",
  "prior_state",
  "configuration",
  "relevant_attributes",
  "checks",
  "timestamp",
  "applyable",
  "complete",
  "errored",
];

const knownChangeKeys: readonly string[] = [
  "actions",
  "before",
  "after",
  "after_unknown",
  "before_sensitive",
  "after_sensitive",
  "replace_paths",
  "importing",
  "generated_config",
  // Since Terraform 1.12: which object it is, not what becomes of it.
  "before_identity",
  "after_identity",
];

const knownResourceKeys: readonly string[] = [
  "address",
  "previous_address",
  "module_address",
  "mode",
  "type",
  "name",
  "index",
  "provider_name",
  "deposed",
  "action_reason",
  "change",
];

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the output of `terraform show -json PLANFILE`.
 *
 * @throws UnreadablePlan where it is of another format, or says anything of a change that this reader does not know
 */
export function parsePlan(json: string): PlanJson {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UnreadablePlan("it is not JSON");
  }
  const plan = fields(value, "the plan");
  const version = text(plan, "format_version", "the plan");
  if (!/^1\.\d+$/.test(version)) throw new UnreadablePlan(`its format is ${JSON.stringify(version)}, and 1.x is known`);
  return {
    format_version: version,
    ...optional("terraform_version", optionalText(plan, "terraform_version", "the plan")),
    // Absent in formats before 1.2, which did not say it.
    errored: flag(plan, "errored", "the plan"),
    complete: flag(plan, "complete", "the plan"),
    applyable: flag(plan, "applyable", "the plan"),
    resource_changes: list(plan, "resource_changes").map((one, n) => resourceChange(one, `resource_changes[${n}]`)),
    resource_drift: list(plan, "resource_drift").map((one, n) => resourceChange(one, `resource_drift[${n}]`)),
    deferred_changes: list(plan, "deferred_changes"),
    output_changes: Object.fromEntries(
      Object.entries(fields(plan["output_changes"] ?? {}, "output_changes")).map(([name, one]) => [
        name,
        change(one, `output_changes.${name}`),
      ]),
    ),
    unknownKeys: Object.keys(plan).filter((key) => !knownKeys.includes(key)),
  };
}

function resourceChange(value: unknown, place: string): ResourceChange {
  const given = fields(value, place);
  onlyKnown(given, knownResourceKeys, place);
  const address = text(given, "address", place);
  const mode = text(given, "mode", address);
  if (mode !== "managed" && mode !== "data")
    throw new UnreadablePlan(`${address} is of the mode ${JSON.stringify(mode)}`);
  const { index } = given;
  if (index !== undefined && typeof index !== "string" && typeof index !== "number") {
    throw new UnreadablePlan(`the index of ${address} is neither text nor a number`);
  }
  return {
    address,
    ...optional("previous_address", optionalText(given, "previous_address", address)),
    mode,
    type: text(given, "type", address),
    name: text(given, "name", address),
    ...optional("index", index),
    ...optional("deposed", optionalText(given, "deposed", address)),
    ...optional("action_reason", optionalText(given, "action_reason", address)),
    change: change(given["change"], address),
  };
}

function change(value: unknown, place: string): Change {
  const given = fields(value, `the change of ${place}`);
  onlyKnown(given, knownChangeKeys, place);
  const found = given["actions"];
  if (!Array.isArray(found) || !sequences.includes(found.join(","))) {
    throw new UnreadablePlan(`${place} has the actions ${JSON.stringify(found)}, which are not known`);
  }
  return {
    actions: found as Action[],
    before: given["before"] ?? null,
    after: given["after"] ?? null,
    ...optional("after_unknown", given["after_unknown"]),
    ...optional("before_sensitive", given["before_sensitive"]),
    ...optional("after_sensitive", given["after_sensitive"]),
    ...optional("replace_paths", replacePaths(given["replace_paths"], place)),
    ...optional("importing", importing(given["importing"], place)),
  };
}

function replacePaths(value: unknown, place: string): Change["replace_paths"] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((path) => Array.isArray(path))) {
    throw new UnreadablePlan(`the replace_paths of ${place} are not lists`);
  }
  return value as Change["replace_paths"];
}

function importing(value: unknown, place: string): Change["importing"] | undefined {
  if (value === undefined || value === null) return undefined;
  const given = fields(value, `the import of ${place}`);
  const id = optionalText(given, "id", `the import of ${place}`);
  return { ...given, ...optional("id", id) };
}

function fields(value: unknown, place: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UnreadablePlan(`${place} is not a map`);
  return value as Fields;
}

function text(given: Fields, key: string, place: string): string {
  const value = optionalText(given, key, place);
  if (value === undefined) throw new UnreadablePlan(`${place} has no ${key}`);
  return value;
}

function optionalText(given: Fields, key: string, place: string): string | undefined {
  const value = given[key];
  if (value !== undefined && typeof value !== "string") throw new UnreadablePlan(`the ${key} of ${place} is not text`);
  return value;
}

function flag(given: Fields, key: string, place: string): boolean {
  const value = given[key];
  if (typeof value !== "boolean") throw new UnreadablePlan(`${place} does not say whether it is ${key}`);
  return value;
}

function list(given: Fields, key: string): readonly unknown[] {
  const value = given[key] ?? [];
  if (!Array.isArray(value)) throw new UnreadablePlan(`${key} is not a list`);
  return value;
}

function onlyKnown(given: Fields, known: readonly string[], place: string): void {
  const stranger = Object.keys(given).find((key) => !known.includes(key));
  if (stranger !== undefined) throw new UnreadablePlan(`${place} has ${JSON.stringify(stranger)}, which is not known`);
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
