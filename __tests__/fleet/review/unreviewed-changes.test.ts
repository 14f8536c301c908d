/** After an interruption, only the reviewed changes are applied: the same resources with the same values. */
import fc from "fast-check";
import { outlineOf, outlineSchema } from "../../../fleet/review/change-outline";
import type { OutlinedChange } from "../../../fleet/review/change-outline";
import { unreviewedChanges } from "../../../fleet/review/unreviewed-changes";
import { fieldsOf, isMarked, valueAt } from "../../../fleet/terraform/json-values";
import { isTouched } from "../../../fleet/terraform/plan-json";
import type { Change, PlanJson, ResourceChange } from "../../../fleet/terraform/plan-json";
import { recordedNames, recordedPlan } from "../guard/recorded-plan";

const adoption = recordedPlan("adoption");
const edit = recordedPlan("lambda-edit");

/** Most plans of these tests share their resources. */
const outlines = new WeakMap<ResourceChange, readonly OutlinedChange[]>();

function outlineOfResource(resource: ResourceChange): readonly OutlinedChange[] {
  const known = outlines.get(resource);
  if (known !== undefined) return known;
  const outlined = outlineOf({ resource_changes: [resource] }, "key");
  const read = outlineSchema.parse(JSON.parse(JSON.stringify(outlined)));
  outlines.set(resource, read);
  return read;
}

const outline = (plan: PlanJson): { readonly resource_changes: readonly OutlinedChange[] } => ({
  resource_changes: plan.resource_changes.flatMap(outlineOfResource),
});

/** The changes that were not reviewed. A comparison of outlines, as `review.json` contains them, must give the same answer. */
function unreviewed(reviewed: PlanJson, rest: PlanJson): readonly string[] {
  const found = unreviewedChanges(reviewed, rest);
  expect(unreviewedChanges(outline(reviewed), outline(rest))).toEqual(found);
  return found;
}

/** The plan with another change of one resource. */
function edited(plan: PlanJson, address: string, edit: (change: Change) => Change): PlanJson {
  const resource_changes = plan.resource_changes.map((resource) =>
    resource.address === address ? { ...resource, change: edit(resource.change) } : resource,
  );
  expect(resource_changes).not.toEqual(plan.resource_changes);
  return { ...plan, resource_changes };
}

const withAfter =
  (key: string, value: unknown) =>
  (change: Change): Change => ({ ...change, after: { ...fieldsOf(change.after), [key]: value } });

const changeAt = ({ resource_changes }: PlanJson, address: string): Change => {
  const found = resource_changes.find((resource) => resource.address === address);
  if (found === undefined) throw new Error(`the plan has no ${address}`);
  return found.change;
};

const FUNCTION = "aws_lambda_function.blocked_calls";
const ALIAS = "aws_lambda_alias.live";

test("every part of a recorded plan was reviewed with this plan", () => {
  for (const name of recordedNames) {
    const plan = recordedPlan(name);
    fc.assert(
      fc.property(fc.subarray([...plan.resource_changes]), (resource_changes) => {
        expect(unreviewed(plan, { ...plan, resource_changes })).toEqual([]);
      }),
      { numRuns: 10 },
    );
  }
});

test("a resource that the reviewed plan does not touch is named", () => {
  const idle = recordedPlan("no-change");
  const touched = edit.resource_changes.filter(isTouched).map(({ address }) => `update ${address}`);
  expect(unreviewed(idle, edit)).toEqual(touched);
  expect(touched).toContain(`update ${FUNCTION}`);
});

test("another known value of any changed attribute is named, and the value is not shown", () => {
  const known = [adoption, edit].flatMap((plan) =>
    plan.resource_changes.filter(isTouched).flatMap((resource: ResourceChange) =>
      Object.keys(fieldsOf(resource.change.after))
        .filter((key) => !isMarked(valueAt(resource.change.after_unknown, key)))
        .map((key) => ({ plan, address: resource.address, key })),
    ),
  );
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.constantFrom("+15555550199", 4711, ["other"]), (one, value) => {
      const { plan, address, key } = one;
      const [found = "", ...others] = unreviewed(plan, edited(plan, address, withAfter(key, value)));
      expect(found).toContain(`${address} (`);
      expect(found).toContain(key);
      expect(found).not.toMatch(/15555550199|4711/);
      expect(others).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test("a value that the reviewed plan did not know yet may be known now, but not the other way round", () => {
  expect(valueAt(changeAt(adoption, ALIAS).after_unknown, "function_version")).toBe(true);
  const later = edited(adoption, ALIAS, (change) => ({
    ...withAfter("function_version", "1")(change),
    after_unknown: {},
  }));
  expect(unreviewed(adoption, later)).toEqual([]);
  expect(unreviewed(later, adoption)).toEqual([expect.stringContaining(`create ${ALIAS} (`)]);
});

test("an interrupted creation may continue as an update or as a replacement of the incomplete resource", () => {
  const { after } = changeAt(adoption, FUNCTION);
  const imported = { ...fieldsOf(after), filename: null, publish: null };
  const update = edited(adoption, FUNCTION, (change) => ({ ...change, actions: ["update"], before: imported }));
  expect(unreviewed(adoption, update)).toEqual([]);
  const replaced = edited(adoption, FUNCTION, (change) => ({
    ...change,
    actions: ["delete", "create"],
    before: after,
  }));
  expect(unreviewed(adoption, replaced)).toEqual([`delete and create ${FUNCTION}`]);
  const tainted = replaced.resource_changes.map((resource) => ({
    ...resource,
    ...(resource.address === FUNCTION ? { action_reason: "replace_because_tainted" } : {}),
  }));
  expect(unreviewed(adoption, { ...replaced, resource_changes: tainted })).toEqual([]);
});

test("the update of a value that someone changed after the review is named", () => {
  const key = "environment";
  const before = valueAt(changeAt(edit, FUNCTION).before, key);
  expect(before).not.toEqual(valueAt(changeAt(edit, FUNCTION).after, key));
  const since = edited(edit, FUNCTION, (change) => ({ ...change, before: { ...fieldsOf(change.before), [key]: [] } }));
  expect(unreviewed(edit, since)).toEqual([`update ${FUNCTION} (${key})`]);
  const reverted = edited(edit, FUNCTION, (change) => ({
    ...change,
    before: { ...fieldsOf(change.before), memory_size: 4096 },
  }));
  expect(unreviewed(edit, reverted)).toEqual([`update ${FUNCTION} (memory_size)`]);
});

test("a deletion is named unless the reviewed plan deletes the same resource", () => {
  const deletion = edited(edit, FUNCTION, (change) => ({ ...change, actions: ["delete"], after: null }));
  expect(unreviewed(edit, deletion)).toContain(`delete ${FUNCTION}`);
  expect(unreviewed(deletion, edit)).toContain(`update ${FUNCTION}`);
  expect(unreviewed(deletion, deletion)).toEqual([]);
});

test("the import of another object is named", () => {
  const address = "aws_dynamodb_table.contacts";
  const other = edited(adoption, address, (change) => ({ ...change, importing: { id: "dextr-other" } }));
  expect(unreviewed(adoption, other)).toEqual([`update ${address}`]);
});

test("an outline contains no value of a plan, and other digests with another key", () => {
  const leaves = (value: unknown): readonly string[] =>
    typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [String(value)];
  for (const name of recordedNames) {
    const plan = recordedPlan(name);
    const values = plan.resource_changes
      .flatMap(({ change: { before, after, importing } }) => leaves([before, after, importing]))
      .filter((value) => value.length > 5 && !["undefined"].includes(value));
    const shown = new Set(
      outline(plan).resource_changes.flatMap(({ change }) => leaves([change.before, change.after])),
    );
    expect(values.filter((value) => shown.has(value))).toEqual([]);
    const text = JSON.stringify(outlineOf(plan, "key"));
    if (plan.resource_changes.some(isTouched)) expect(JSON.stringify(outlineOf(plan, "other"))).not.toBe(text);
  }
});
