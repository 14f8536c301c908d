/** Every changed attribute in a recorded plan is refused by the guard, shown in the review, or listed as harmless in the catalogue. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { InstanceConfig } from "../../../config/types";
import { guard } from "../../../fleet/guard/guard";
import type { Violation } from "../../../fleet/guard/guard";
import { diffOfPlan } from "../../../fleet/review/diff";
import { fieldsOf, isEqual } from "../../../fleet/terraform/json-values";
import type { Change, PlanJson, ResourceChange } from "../../../fleet/terraform/plan-json";
import { isHarmless, isManagedType, resourceType } from "../../../stacks/resource-types";
import { recordedInstance, recordedNames, recordedPlan, recordedSettings } from "../guard/recorded-plan";

type Path = readonly (string | number)[];

interface Mutation {
  readonly path: Path;
  readonly how: string;
  readonly resource: ResourceChange;
}

/** A recorded plan, its instance, and its violations without a mutation. */
interface Judged {
  readonly plan: PlanJson;
  readonly instance: InstanceConfig;
  readonly violations: ReadonlySet<string>;
}

interface Case extends Mutation {
  readonly name: string;
  readonly recording: Judged;
  readonly original: ResourceChange;
  readonly position: number;
}

/** Every attribute that the provider's bindings know, so that a plan can also contain attributes that no recording has. */
function attributesOf(type: string): readonly string[] {
  const file = require.resolve(`@cdktf/provider-aws/lib/${type.replace(/^aws_/, "").replaceAll("_", "-")}`);
  const source = readFileSync(file, "utf8");
  const configuration = source.slice(source.lastIndexOf("synthesizeAttributes()"));
  const body = configuration.slice(0, configuration.indexOf("};"));
  return [...body.matchAll(/^ {12}(\w+):/gm)].map(([, name = ""]) => name);
}

/** Other values, besides the removal of a value. */
function otherValues(value: unknown): readonly unknown[] {
  switch (typeof value) {
    case "string":
      return [`${value}x`, "other", ...(/^[{[]/.test(value) ? ["{}"] : [])];
    case "number":
      return [value + 1, value - 1, 0];
    case "boolean":
      return [!value];
    default:
      return Array.isArray(value)
        ? [
            [...(value as unknown[]), "added"],
            [...(value as unknown[]), { added: "x" }],
          ]
        : [];
  }
}

const added: readonly unknown[] = ["added", 7, true, ["added"], [{ added: "x" }], { added: "x" }];

/** Places of a value and of everything in it. */
function places(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, index) => places(item, [...path, index]))];
  return [path, ...Object.entries(fieldsOf(value)).flatMap(([key, item]) => places(item, [...path, key]))];
}

const valueOf = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown>)[step], value);

/** A copy with another value at the path; without a value, the place is removed. */
function replaced(value: unknown, path: Path, ...to: readonly unknown[]): unknown {
  const copy: unknown = structuredClone(value ?? {});
  const parent = valueOf(copy, path.slice(0, -1)) as Record<string | number, unknown>;
  const step = path.at(-1) ?? "";
  if (to.length > 0) parent[step] = to[0];
  else if (Array.isArray(parent)) parent.splice(Number(step), 1);
  else Reflect.deleteProperty(parent, step);
  return copy;
}

/** A value without everything that means the same as an absent value. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(meaning);
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).flatMap(([key, item]: [string, unknown]) => {
      const inner = meaning(item);
      return inner === undefined ? [] : [[key, inner] as const];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }
  return value === null || value === "" || value === false || value === 0 ? undefined : value;
}

/** An unchanged resource becomes an updated one. */
function touched(resource: ResourceChange, change: Partial<Change>): ResourceChange {
  const isUnchanged = resource.change.actions.join() === "no-op" && !("importing" in change);
  return {
    ...resource,
    change: {
      ...resource.change,
      ...(isUnchanged ? { actions: ["update"], before: resource.change.before ?? resource.change.after } : {}),
      ...change,
    },
  };
}

function mutations(resource: ResourceChange): Mutation[] {
  const { type, change } = resource;
  if (resource.mode !== "managed" || !isManagedType(type) || change.after === null) return [];
  const after = change.after;
  const found: Mutation[] = [];
  const defaults = resourceType(type)?.providerDefaults ?? {};
  const add = (path: Path, how: string, value: unknown, more: Partial<Change> = {}): void => {
    const [key = ""] = path;
    // Without a value, a new resource has the provider's default.
    const isDefault = change.before === null && Object.hasOwn(defaults, key) && fieldsOf(value)[key] == null;
    if (isDefault && isEqual(fieldsOf(after)[key], defaults[String(key)])) return;
    // A mutation changes only one attribute.
    const isSame = isEqual(meaning(fieldsOf(value)[key]), meaning(fieldsOf(after)[key]));
    if (isSame && Object.keys(more).length === 0) return;
    found.push({ path, how, resource: touched(resource, { after: value, ...more }) });
  };
  for (const path of places(after).slice(1)) {
    const value = valueOf(after, path);
    for (const other of otherValues(value)) add(path, `= ${JSON.stringify(other)}`, replaced(after, path, other));
    add(path, "= null", replaced(after, path, null));
    add(path, "removed", replaced(after, path));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      add([...path, "added"], "added", replaced(after, [...path, "added"], "x"));
    }
    const [key = ""] = path;
    if (path.length === 1 && meaning(value) !== undefined) {
      add(path, "unknown", replaced(after, path), {
        after_unknown: { ...fieldsOf(change.after_unknown), [key]: true },
      });
      for (const other of otherValues(value).slice(0, 1)) {
        add(path, "sensitive", replaced(after, path, other), { after_sensitive: { [key]: true } });
      }
    }
  }
  for (const key of attributesOf(type)) {
    if (meaning(fieldsOf(after)[key]) !== undefined) continue;
    const others = Object.fromEntries(
      Object.entries(fieldsOf(change.after_unknown)).filter(([other]) => other !== key),
    );
    for (const value of added) {
      add([key], `added = ${JSON.stringify(value)}`, replaced(after, [key], value), { after_unknown: others });
    }
    if (!isUnknown(change, key)) {
      add([key], "added unknown", after, { after_unknown: { ...fieldsOf(change.after_unknown), [key]: true } });
    }
  }
  found.push(
    { path: ["importing"], how: "another id", resource: touched(resource, { importing: { id: "another" } }) },
    { path: ["previous_address"], how: "moved", resource: { ...resource, previous_address: `${type}.earlier` } },
  );
  return found;
}

const isUnknown = ({ after_unknown }: Change, key: string): boolean => fieldsOf(after_unknown)[key] !== undefined;

const violationsOf = (plan: PlanJson, instance: InstanceConfig): string[] =>
  guard(plan, instance, "2026-06-30").violations.map((violation) => JSON.stringify(violation));

function isAbout(violation: string, resource: ResourceChange): boolean {
  const { rule, address } = JSON.parse(violation) as Violation;
  return address === resource.address || (rule === "rename" && address.startsWith(`${resource.type}.`));
}

/** Lines of the review about one resource. */
const linesOf = (plan: PlanJson, { address, deposed }: ResourceChange): string[] =>
  diffOfPlan(plan)
    .filter((diff) => deposed === undefined && diff.address === address)
    .flatMap(({ lines, iam }) => [...lines, ...iam].map(({ sign, text }) => `${sign} ${text}`));

const judged = new Map<string, Judged>(
  recordedNames.map((name) => {
    const plan = recordedPlan(name);
    const instance = recordedInstance(recordedSettings[name]);
    return [name, { plan, instance, violations: new Set(violationsOf(plan, instance)) }];
  }),
);

/** Every mutation of every resource. Resources that are equal in several recordings are mutated once. */
function allCases(): Case[] {
  const seen = new Set<string>();
  return [...judged].flatMap(([name, recording]) =>
    recording.plan.resource_changes.flatMap((resource, position): Case[] => {
      const json = JSON.stringify(resource);
      if (seen.has(json) || resource.deposed !== undefined) return [];
      seen.add(json);
      return mutations(resource).map((mutation) => ({ ...mutation, name, recording, original: resource, position }));
    }),
  );
}

/** What is wrong with the case; undefined if the change is refused, shown or harmless. */
function problemOf({ name, recording, original, position, path, how, resource }: Case): string | undefined {
  const { plan, instance, violations } = recording;
  const changed: PlanJson = {
    ...plan,
    applyable: true,
    resource_changes: plan.resource_changes.map((other, index) => (index === position ? resource : other)),
  };
  // A plan with a refused resource is refused completely.
  if (violationsOf(changed, instance).some((violation) => !violations.has(violation) || isAbout(violation, resource))) {
    return undefined;
  }
  const before = new Set(linesOf(plan, original));
  if (linesOf(changed, resource).some((line) => !before.has(line))) return undefined;
  if (isHarmless(resource.type, String(path[0]))) return undefined;
  return `${name} (${resource.change.actions.join()}): ${resource.address} ${path.join(".")} ${how}`;
}

const runs = process.env["RUNS"];

test("every changed attribute is refused, shown, or harmless", () => {
  const cases = allCases();
  expect(cases.length).toBeGreaterThan(5_000);
  const positions = fc.sample(fc.nat(cases.length - 1), {
    numRuns: Number(runs === "all" ? 0 : (runs ?? 600)),
    seed: 11,
  });
  const selected = runs === "all" ? cases : positions.flatMap((index) => cases[index] ?? []);
  const problems = selected.flatMap((selectedCase) => problemOf(selectedCase) ?? []);
  if (runs !== undefined) console.log(`${selected.length} of ${cases.length} mutations`);
  expect([...new Set(problems)].sort()).toEqual([]);
}, 3_600_000);
