/** The changes of a plan as readable lines for each resource, without derived values and without secrets. */
import { derivedAttributes, isKnownAfterApply, resourceType, TABLE } from "../../stacks/resource-types";
import { redactNumbers } from "../output/redact";
import { fieldsOf, isEqual, isMarked, valueAt } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { isTouched } from "../terraform/plan-json";
import type { DiffLine } from "./diff-line";
import { flowChangeOf } from "./flow-change";
import type { FlowChange } from "./flow-change";
import { isPolicy, policyLines } from "./permission-diff";
import { compareValues, displayed } from "./value-diff";

export interface ResourceDiff {
  readonly address: string;
  /** `import`, `create`, `change`, `replace (create first)`, `replace (destroy first)`, `destroy`, `stop managing` or `move`. */
  readonly verb: string;
  readonly lines: readonly DiffLine[];
  /** Permissions that are added or removed: one line for each action and resource. */
  readonly iam: readonly DiffLine[];
  readonly flow?: FlowChange;
}

/** The diffs of all resources that an apply would touch, in the order of `reviewPosition`, and last the diff of the outputs. */
export function diffOfPlan(plan: PlanJson): readonly ResourceDiff[] {
  const resources = plan.resource_changes
    .filter(isTouched)
    .map((resource) => ({ position: positionOf(resource), diff: diffOfResource(resource) }))
    .sort((a, b) => a.position - b.position || (a.diff.address < b.diff.address ? -1 : 1))
    .map(({ diff }) => diff);
  const outputs = outputLines(plan);
  return outputs.length === 0
    ? resources
    : [...resources, { address: "outputs", verb: "change", lines: outputs, iam: [] }];
}

/** Lines for the outputs of the stack, which change the state only. */
const outputLines = ({ output_changes }: PlanJson): readonly DiffLine[] =>
  Object.entries(output_changes)
    .filter(([, { actions }]) => actions.join() !== "no-op")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { before, after, after_unknown, before_sensitive, after_sensitive }]): readonly DiffLine[] => {
      const label = redactNumbers(name);
      if (isMarked(before_sensitive) || isMarked(after_sensitive))
        return [{ sign: "~", text: `${label}: (sensitive)` }];
      if (isMarked(after_unknown)) return [{ sign: "~", text: `${label}: (known after the apply)` }];
      const lines = compareValues(label, before, after, { isNew: before === null, itemLabels: {} });
      return lines.length > 0 ? lines : [{ sign: "~", text: `${label}: ${displayed(before)} → ${displayed(after)}` }];
    });

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
  "create,delete": "replace (create first)",
  "delete,create": "replace (destroy first)",
  "create,forget": "replace (old resource no longer managed)",
};

function verbOf({ change, previous_address }: ResourceChange): string {
  const actions = change.actions.join();
  const verb = actions === "no-op" ? (previous_address === undefined ? "" : "move") : (verbs[actions] ?? actions);
  return [...(change.importing === undefined ? [] : ["import"]), ...(verb === "" ? [] : [verb])].join(" and ");
}

/** Lines for the attributes that differ, without policies. A type outside the catalogue has no derived attributes. */
export function attributeLines({ type, change }: ResourceChange): DiffLine[] {
  if (change.actions.join() === "delete" || change.actions.join() === "forget") return [];
  const catalogued = resourceType(type);
  const derived = derivedAttributes(type);
  const itemLabels = catalogued?.diff?.itemLabels ?? {};
  const isReplaced = change.before === null || change.actions.length > 1;
  const keys = new Set([
    ...Object.keys(fieldsOf(change.before)),
    ...Object.keys(fieldsOf(change.after)),
    ...Object.keys(fieldsOf(change.after_unknown)),
  ]);
  const lines = [...keys].sort().flatMap((key): DiffLine[] => {
    if (isPolicy(key) || derived.includes(key)) return [];
    // The guard compares the tags of a new resource with the environment file, so the diff omits them.
    if (key === "tags_all" && change.before === null) return [];
    const before = valueAt(change.before, key) ?? null;
    const after = valueAt(change.after, key) ?? null;
    if (isSensitive(change, key)) {
      return isEqual(before, after) ? [] : [{ sign: "~", text: `${key}: (sensitive)` }];
    }
    if (valueAt(change.after_unknown, key) === true) {
      if (!isReplaced) return [{ sign: "~", text: `${key}: ${displayed(before)} → (known after the apply)` }];
      if (catalogued === undefined || isKnownAfterApply(type, key)) return [];
      return [{ sign: "+", text: `${key}: (known after the apply)` }];
    }
    const label = key === "tags_all" ? "tags" : key;
    return compareValues(label, before, after, { isNew: change.before === null, itemLabels });
  });
  // A tag of a resource is in "tags" and in "tags_all".
  const texts = lines.map(({ sign, text }) => `${sign} ${text}`);
  return lines.filter((_, index) => texts.indexOf(texts[index] ?? "") === index);
}

function isSensitive({ before_sensitive, after_sensitive }: ResourceChange["change"], key: string): boolean {
  return [before_sensitive, after_sensitive].some((mask) => mask === true || isMarked(valueAt(mask, key)));
}

/** The changes of a stack in reading order. */
export interface DiffParts {
  /** The table of the vendor. */
  readonly table: readonly ResourceDiff[];
  /** New alarms. A review shows them folded, under one line. */
  readonly newAlarms: readonly ResourceDiff[];
  readonly others: readonly ResourceDiff[];
}

export function partsOf(diffs: readonly ResourceDiff[]): DiffParts {
  const isTable = ({ address }: ResourceDiff): boolean => address.startsWith(`${TABLE}.`);
  const isNewAlarm = ({ address, verb }: ResourceDiff): boolean =>
    verb === "create" && address.startsWith("aws_cloudwatch_metric_alarm.");
  return {
    table: diffs.filter(isTable),
    newAlarms: diffs.filter(isNewAlarm),
    others: diffs.filter((diff) => !isTable(diff) && !isNewAlarm(diff)),
  };
}

/** `11 new alarms`. */
export const newAlarmsText = ({ length }: readonly unknown[]): string =>
  `${length} new ${length === 1 ? "alarm" : "alarms"}`;
