/** What a plan would do to each resource, as lines that a person can read: by name, without derived values and without secrets. */
import { resourceType } from "../../stacks/resource-types";
import { redactNumbers } from "../output/redact";
import { canonicalJson, fieldsOf, isMarked, valueAt } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { isTouched } from "../terraform/plan-json";
import type { DiffLine } from "./diff-line";
import { flowChangeOf } from "./flow-change";
import type { FlowChange } from "./flow-change";
import { isPolicy, policyLines } from "./permission-diff";
import { compareValues, displayed } from "./value-diff";

export interface ResourceDiff {
  readonly address: string;
  /** `import`, `create`, `change`, `replace (new one first)`, `replace (old one first)`, `destroy`, `stop managing` or `move`. */
  readonly verb: string;
  readonly lines: readonly DiffLine[];
  /** Permissions that are added or removed: one line for each action and resource. */
  readonly iam: readonly DiffLine[];
  readonly flow?: FlowChange;
}

/** Every resource that an apply would touch: first the resources of a call, from the table to the permissions. */
export function diffOfPlan(plan: PlanJson): readonly ResourceDiff[] {
  return plan.resource_changes
    .filter(isTouched)
    .map((resource) => ({ position: positionOf(resource), diff: diffOfResource(resource) }))
    .sort((a, b) => a.position - b.position || (a.diff.address < b.diff.address ? -1 : 1))
    .map(({ diff }) => diff);
}

const positionOf = ({ type }: ResourceChange): number => resourceType(type)?.reviewPosition ?? Number.MAX_SAFE_INTEGER;

function diffOfResource(resource: ResourceChange): ResourceDiff {
  const { address, deposed, change, previous_address } = resource;
  const flow = flowChangeOf(resource);
  return {
    address: deposed === undefined ? address : `${address} (left behind by an interrupted replacement)`,
    verb: verbOf(resource),
    lines: [
      ...(previous_address === undefined
        ? []
        : [{ sign: "~" as const, text: `address: ${previous_address} → ${address}` }]),
      ...(change.importing === undefined
        ? []
        : [{ sign: "+" as const, text: `imported: ${redactNumbers(change.importing.id ?? "")}` }]),
      ...attributeLines(resource),
    ],
    iam: policyLines(resource),
    ...(flow === undefined ? {} : { flow }),
  };
}

const verbs: Readonly<Record<string, string>> = {
  create: "create",
  update: "change",
  delete: "destroy",
  forget: "stop managing",
  "create,delete": "replace (new one first)",
  "delete,create": "replace (old one first)",
  "create,forget": "replace (old one no longer managed)",
};

function verbOf({ change, previous_address }: ResourceChange): string {
  const actions = change.actions.join();
  const verb = actions === "no-op" ? (previous_address === undefined ? "" : "move") : (verbs[actions] ?? actions);
  return [...(change.importing === undefined ? [] : ["import"]), ...(verb === "" ? [] : [verb])].join(" and ");
}

/** Attributes of every type that follow from others. */
const derivedAttributes: readonly string[] = ["id", "arn", "tags_all", "timeouts"];

/** Lines for the attributes that differ, without policies. A type outside the catalogue has no derived attributes. */
export function attributeLines({ type, change }: ResourceChange): DiffLine[] {
  if (change.actions.join() === "delete" || change.actions.join() === "forget") return [];
  const catalogued = resourceType(type);
  const derived = catalogued === undefined ? [] : [...derivedAttributes, ...(catalogued.diff?.derived ?? [])];
  const itemLabels = catalogued?.diff?.itemLabels ?? {};
  const isReplaced = change.before === null || change.actions.length > 1;
  const keys = new Set([
    ...Object.keys(fieldsOf(change.before)),
    ...Object.keys(fieldsOf(change.after)),
    ...Object.keys(fieldsOf(change.after_unknown)),
  ]);
  return [...keys].sort().flatMap((key): DiffLine[] => {
    if (isPolicy(key) || derived.includes(key)) return [];
    const before = valueAt(change.before, key) ?? null;
    const after = valueAt(change.after, key) ?? null;
    if (isSensitive(change, key)) {
      return canonicalJson(before) === canonicalJson(after) ? [] : [{ sign: "~", text: `${key}: (sensitive)` }];
    }
    if (valueAt(change.after_unknown, key) === true) {
      // For a new resource, AWS sets the value.
      return isReplaced ? [] : [{ sign: "~", text: `${key}: ${displayed(before)} → (known after the apply)` }];
    }
    return compareValues(key, before, after, { isNew: change.before === null, itemLabels });
  });
}

function isSensitive({ before_sensitive, after_sensitive }: ResourceChange["change"], key: string): boolean {
  return [before_sensitive, after_sensitive].some((mask) => mask === true || isMarked(valueAt(mask, key)));
}
