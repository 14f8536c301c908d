/** What a plan would do to each resource, as lines that a person compares: by name, without noise, and with nothing secret in them. */
import type { Change, PlanJson, ResourceChange } from "../terraform/plan-json";
import { isTouched } from "../terraform/plan-json";
import { ALIAS, ASSOCIATION, FLOW, FUNCTION, MODULE, PERMISSION, TABLE } from "../guard/managed-types";
import { canonicalJson, fieldsOf, isMarked, itemsOf, textAt, valueAt } from "../terraform/json-values";
import { redactNumbers } from "../output/redact";
import type { DiffLine } from "./diff-line";
import { isPolicy, policyLines } from "./permission-diff";

/** A flow before and after, where both or one can be drawn; the contents are JSON, numbers in them masked. */
export interface FlowChange {
  readonly kind: "module" | "flow";
  readonly title: string;
  readonly before?: string;
  readonly after?: string;
}

export interface ResourceDiff {
  readonly address: string;
  /** `import`, `create`, `change`, `replace (the new one first)`, `replace (the old one goes first)`, `destroy`, `let go`, `move`. */
  readonly verb: string;
  readonly lines: readonly DiffLine[];
  /** Who may do what from then on: one line for each action and resource that comes or goes. */
  readonly iam: readonly DiffLine[];
  readonly flow?: FlowChange;
}

/** How often each thing is done; a replacement is an addition and a destruction. */
export interface Counts {
  readonly import: number;
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
  readonly forget: number;
}

export function countsOf(plan: PlanJson): Counts {
  const touched = plan.resource_changes.filter(isTouched);
  const count = (action: string): number =>
    touched.filter(({ change }) => (change.actions as readonly string[]).includes(action)).length;
  return {
    import: touched.filter(({ change }) => change.importing !== undefined).length,
    add: count("create"),
    change: count("update"),
    destroy: count("delete"),
    forget: count("forget"),
  };
}

/** Every resource that an apply would touch, in the order of a call's way through them. */
export function diffOfPlan(plan: PlanJson): readonly ResourceDiff[] {
  return plan.resource_changes
    .filter(isTouched)
    .map((resource) => ({ resource, diff: diffOfResource(resource) }))
    .sort((a, b) => rank(a.resource) - rank(b.resource) || (a.diff.address < b.diff.address ? -1 : 1))
    .map(({ diff }) => diff);
}

const order: readonly string[] = [
  TABLE,
  MODULE,
  FLOW,
  FUNCTION,
  ALIAS,
  ASSOCIATION,
  PERMISSION,
  "aws_iam_role",
  "aws_iam_role_policy",
];
const rank = ({ type }: ResourceChange): number => (order.includes(type) ? order.indexOf(type) : order.length);

function diffOfResource(resource: ResourceChange): ResourceDiff {
  const { address, deposed, change, previous_address } = resource;
  const flow = flowOf(resource);
  return {
    address: deposed === undefined ? address : `${address} (left behind by an interrupted replacement)`,
    verb: verbOf(resource),
    lines: [
      ...(previous_address === undefined
        ? []
        : [{ sign: "~" as const, text: `address: ${previous_address} → ${address}` }]),
      ...(change.importing === undefined
        ? []
        : [{ sign: "+" as const, text: `taken over: ${redactNumbers(change.importing.id ?? "")}` }]),
      ...linesOf(resource),
    ],
    iam: policyLines(resource),
    ...(flow === undefined ? {} : { flow }),
  };
}

function verbOf({ change, previous_address }: ResourceChange): string {
  const verbs: Readonly<Record<string, string>> = {
    create: "create",
    update: "change",
    delete: "destroy",
    forget: "let go",
    "create,delete": "replace (the new one first)",
    "delete,create": "replace (the old one goes first)",
    "create,forget": "replace (the old one is let go)",
    "no-op": previous_address === undefined ? "" : "move",
  };
  const verb = verbs[change.actions.join()] ?? change.actions.join();
  return [...(change.importing === undefined ? [] : ["import"]), ...(verb === "" ? [] : [verb])].join(" and ");
}

/** Keys that follow from others, or change with every version and say nothing to a person. */
const unspoken: readonly string[] = [
  "id",
  "arn",
  "tags_all",
  "timeouts",
  "invoke_arn",
  "qualified_arn",
  "qualified_invoke_arn",
  "last_modified",
  "source_code_size",
  "code_sha256",
  "filename",
  "inline_policy",
  "managed_policy_arns",
  "content_hash",
  "unique_id",
  "create_date",
];

/** What differs between a resource's values, but for its policies. */
export function linesOf({ type, change }: ResourceChange): DiffLine[] {
  if (change.actions.join() === "delete" || change.actions.join() === "forget") return [];
  const isNew = change.before === null || change.actions.length > 1;
  const lines: DiffLine[] = [];
  const keys = new Set([
    ...Object.keys(fieldsOf(change.before)),
    ...Object.keys(fieldsOf(change.after)),
    ...Object.keys(fieldsOf(change.after_unknown)),
  ]);
  for (const key of [...keys].sort()) {
    if (isPolicy(key) || (unspoken.includes(key) && type !== "aws_iam_policy")) continue;
    const sensitive =
      isMarked(valueAt(change.before_sensitive, key)) ||
      isMarked(valueAt(change.after_sensitive, key)) ||
      change.before_sensitive === true ||
      change.after_sensitive === true;
    const unknown = valueAt(change.after_unknown, key);
    const before = valueAt(change.before, key) ?? null;
    const after = valueAt(change.after, key) ?? null;
    if (sensitive) {
      if (canonicalJson(before) !== canonicalJson(after)) lines.push({ sign: "~", text: `${key}: (sensitive)` });
      continue;
    }
    if (unknown === true) {
      // What AWS will answer is of no interest for something that is made.
      if (!isNew) lines.push({ sign: "~", text: `${key}: ${plain(before)} → (known after the apply)` });
      continue;
    }
    lines.push(...compare(key, change.before === null ? null : before, after, isNew && change.before === null));
  }
  return lines;
}

/**
 * Lines for the differences between two values: maps by key, lists of named things by name, other lists as what comes and goes,
 * texts of JSON as what is in them.
 */
function compare(path: string, before: unknown, after: unknown, isNew: boolean): DiffLine[] {
  if (canonicalJson(before) === canonicalJson(after) || (isNothing(before) && isNothing(after))) return [];
  // The provider writes a number that is not set as none after an apply, and as 0 after the next refresh.
  if (!isNew && before === null && after === 0) return [];
  if (before === false && isNothing(after)) return [{ sign: "~", text: `${path}: false → ${plain(after)}` }];
  const [wasJson, isJson] = [parsedMap(before), parsedMap(after)];
  if (wasJson !== undefined || isJson !== undefined) {
    if (wasJson !== undefined && isJson !== undefined) return compare(path, keyed(wasJson), keyed(isJson), isNew);
    if (isNothing(before) && String(after).length > longest)
      return [{ sign: "+", text: `${path}: (${String(after).length} characters of JSON)` }];
  }
  const [wasNamed, isNamed] = [named(before), named(after)];
  if (wasNamed !== undefined && isNamed !== undefined && wasNamed.size + isNamed.size > 0) {
    return [...new Set([...wasNamed.keys(), ...isNamed.keys()])].sort().flatMap((name): DiffLine[] => {
      const [was, is] = [wasNamed.get(name), isNamed.get(name)];
      const label = `${singular(path)} ${redactNumbers(name)}`;
      if (was === undefined) return [{ sign: "+", text: `${label}: ${summary(is)}` }];
      if (is === undefined) return [{ sign: "-", text: `${label}: ${summary(was)}` }];
      return compare(label, was, is, false);
    });
  }
  if (isMap(before) || isMap(after)) {
    const keys = [...new Set([...Object.keys(fieldsOf(before)), ...Object.keys(fieldsOf(after))])].sort();
    return keys.flatMap((key) =>
      compare(`${path} › ${redactNumbers(key)}`, valueAt(before, key) ?? null, valueAt(after, key) ?? null, isNew),
    );
  }
  // A block that may stand once is a list of one.
  const [wasItems, isItems] = [itemsOf(before), itemsOf(after)];
  if (
    Array.isArray(before ?? []) &&
    Array.isArray(after ?? []) &&
    wasItems.length <= 1 &&
    isItems.length <= 1 &&
    [...wasItems, ...isItems].every(isMap)
  ) {
    return compare(path, wasItems[0] ?? null, isItems[0] ?? null, isNew);
  }
  if (Array.isArray(before ?? []) && Array.isArray(after ?? [])) {
    const was = wasItems.map(canonicalJson);
    const is = isItems.map(canonicalJson);
    const lines = [
      ...wasItems
        .filter((item) => !is.includes(canonicalJson(item)))
        .map((item): DiffLine => ({ sign: "-", text: `${path}: ${plain(item)}` })),
      ...isItems
        .filter((item) => !was.includes(canonicalJson(item)))
        .map((item): DiffLine => ({ sign: "+", text: `${path}: ${plain(item)}` })),
    ];
    return lines.length > 0 ? lines : [{ sign: "~", text: `${path}: in another order: ${plain(after)}` }];
  }
  if (isNothing(before)) return [{ sign: "+", text: `${path}: ${plain(after)}` }];
  if (isNothing(after)) return [{ sign: "-", text: `${path}: ${plain(before)}` }];
  const [was, is] = [plain(before), plain(after)];
  return [
    {
      sign: "~",
      text:
        was === is
          ? `${path}: ${is} (changed where numbers are masked, or beyond what is shown)`
          : `${path}: ${was} → ${is}`,
    },
  ];
}

const isMap = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** A list whose items all have names of their own, by name; undefined otherwise. */
function named(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (value !== null && value !== undefined && !Array.isArray(value)) return undefined;
  const found = new Map<string, unknown>();
  for (const item of itemsOf(value)) {
    const name = textAt(item, "name") ?? textAt(item, "Identifier") ?? textAt(item, "id");
    if (name === undefined || found.has(name)) return undefined;
    found.set(name, item);
  }
  return found;
}

/** What one item of a list is called: `content › Actions` holds blocks of a flow. */
const singular = (path: string): string =>
  path
    .replace(/^global_secondary_index$/, "index")
    .replace(/^local_secondary_index$/, "local index")
    .replace(/Actions$/, "block");

/** A JSON text's content; undefined for any other value. */
function parsedMap(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[{[]/.test(value)) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === "object" ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A flow without where its blocks stand in the editor. */
function keyed(value: unknown): unknown {
  if (!isMap(value) || valueAt(value, "Actions") === undefined) return value;
  return Object.fromEntries(Object.entries(fieldsOf(value)).filter(([key]) => key !== "Metadata"));
}

const longest = 160;

/** A value on one line, cut when long, numbers masked. */
function plain(value: unknown): string {
  const text = redactNumbers(typeof value === "string" ? value : JSON.stringify(value ?? null)).replace(/\s+/g, " ");
  const characters = Array.from(text);
  return characters.length <= longest
    ? text
    : `${characters.slice(0, longest - 20).join("")}… (${characters.length} characters)`;
}

/** What a named thing is, in the fewest words: an index by its keys and projection, an attribute by its type. */
function summary(value: unknown): string {
  const type = textAt(value, "type");
  if (type !== undefined && Object.keys(fieldsOf(value)).length === 2) return type;
  if (textAt(value, "hash_key") !== undefined) {
    const keys = [textAt(value, "hash_key"), textAt(value, "range_key")].filter(
      (key) => key !== undefined && key !== "",
    );
    const capacity = [valueAt(value, "read_capacity"), valueAt(value, "write_capacity")];
    const provisioned = capacity.some((units) => typeof units === "number" && units > 0);
    return redactNumbers(
      [
        `keys ${keys.join(", ")}`,
        textAt(value, "projection_type") ?? "",
        ...(provisioned ? [`capacity ${capacity.join("/")}`] : []),
      ].join("; "),
    );
  }
  return plain(value);
}

function flowOf({ type, name, change }: ResourceChange): FlowChange | undefined {
  if (type !== MODULE && type !== FLOW) return undefined;
  const before = textAt(change.before, "content");
  const after = textAt(change.after, "content");
  if (before === after) return undefined;
  return {
    kind: type === MODULE ? "module" : "flow",
    title: textAt(change.after, "name") ?? textAt(change.before, "name") ?? name,
    ...(before === undefined ? {} : { before: redactNumbers(before) }),
    ...(after === undefined ? {} : { after: redactNumbers(after) }),
  };
}

/** What somebody else changed since the last deployment, and what becomes of it. */
export interface ChangeByOthers {
  readonly address: string;
  /** `changed` or `deleted`. */
  readonly what: "changed" | "deleted";
  readonly lines: readonly DiffLine[];
  readonly iam: readonly DiffLine[];
  readonly flow?: FlowChange;
  /** Who probably did it and what this plan does about it: a sentence. */
  readonly meaning: string;
}

/** Without what AWS merely fills in, which Terraform reports as drift after a first deployment. */
export function changesByOthers(plan: PlanJson): readonly ChangeByOthers[] {
  return plan.resource_drift.flatMap((resource): ChangeByOthers[] => {
    const { address, type, change } = resource;
    if (change.actions.join() === "no-op") return [];
    const isGone = change.actions.join() === "delete";
    const lines = isGone ? [] : linesOf(resource);
    const iam = isGone ? [] : policyLines(resource);
    if (!isGone && lines.length + iam.length === 0) return [];
    const now = plan.resource_changes.find((one) => one.address === address && one.deposed === undefined);
    const isUndone = now !== undefined && now.change.actions.join() !== "no-op";
    const flow = flowOf(resource);
    return [
      {
        address,
        what: isGone ? "deleted" : "changed",
        lines,
        iam,
        ...(flow === undefined ? {} : { flow }),
        meaning: meaningOf(type, isGone, isUndone, now?.change),
      },
    ];
  });
}

function meaningOf(type: string, isGone: boolean, isUndone: boolean, change: Change | undefined): string {
  if (type === TABLE) {
    return isGone
      ? "The table is gone from AWS; only its owner can restore it."
      : "Probably ConnectPath, or whoever scales the table. It is theirs: the plan mirrors it and changes nothing about it.";
  }
  const who =
    type === MODULE || type === FLOW
      ? "Probably somebody who edited it in the Connect console."
      : "Probably somebody who changed it in the AWS console or by another tool.";
  if (!isUndone) return `${who} The plan leaves it as it is.`;
  const again = change?.actions.includes("create") === true ? "makes it again" : "sets it back to what the stack says";
  return `${who} The plan ${again}.`;
}
