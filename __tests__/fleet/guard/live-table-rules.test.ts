/** The guard for an instance with `table.adopt: false`: no plan may change or import the table, and the table must have our index. */
import type { InstanceConfig } from "../../../config/types";
import { guard } from "../../../fleet/guard/guard";
import type { Action, PlanJson, ResourceChange } from "../../../fleet/terraform/plan-json";
import { recordedInstance, recordedPlan } from "./recorded-plan";

const LIVE = "data.aws_dynamodb_table.live";
const reading = recordedInstance("table: { adopt: false }");
const adopted = recordedPlan("no-change");
const table = tableOf(adopted);

function tableOf({ resource_changes }: PlanJson): ResourceChange {
  const found = resource_changes.find(({ type }) => type === "aws_dynamodb_table");
  if (found === undefined) throw new Error("the recorded plan has no table");
  return found;
}

/** The plan of a deployed stack that only reads the table, with these values of the table. */
const readingPlan = (values: unknown = table.change.after, more: readonly ResourceChange[] = []): PlanJson => ({
  ...adopted,
  applyable: true,
  resource_changes: [...more, ...adopted.resource_changes.filter((resource) => resource !== table)],
  dataSources: values === undefined ? {} : { [LIVE]: values },
});

const withTable = (actions: readonly Action[], more: Partial<ResourceChange["change"]> = {}): PlanJson =>
  readingPlan(undefined, [{ ...table, change: { ...table.change, actions, ...more } }]);

function refusals(plan: PlanJson, instance: InstanceConfig = reading): readonly string[] {
  return guard(plan, instance, "2026-06-30").violations.map(({ rule, address }) => `${rule} ${address}`);
}

const values = table.change.after as Readonly<Record<string, unknown>>;
const indexes = values["global_secondary_index"] as readonly Readonly<Record<string, unknown>>[];
const isOurs = ({ name }: Readonly<Record<string, unknown>>): boolean => name === "Disposition-CustomerEndpoint-index";
const withOurIndex = (change: Readonly<Record<string, unknown>>) => ({
  ...values,
  global_secondary_index: indexes.map((index) => (isOurs(index) ? { ...index, ...change } : index)),
});

test("a plan that only reads the table is allowed, and the same plan of the adopting mode is refused", () => {
  expect(refusals(readingPlan())).toEqual([]);
  expect(refusals(readingPlan(), recordedInstance())).toContain("table-kept ");
  expect(refusals(adopted)).toContain("table-kept aws_dynamodb_table.contacts");
});

test("the switch that only removes the table from the state is allowed", () => {
  const forgotten = { ...table, change: { ...table.change, actions: ["forget" as const], after: null } };
  expect(refusals(readingPlan(values, [forgotten]))).toEqual([]);
});

test.each([
  ["keeps the table in the state", withTable(["no-op"])],
  ["changes the table", withTable(["update"])],
  ["imports the table", withTable(["no-op"], { importing: { id: "dextr-recorded" } })],
  ["deletes the table", withTable(["delete"], { after: null })],
  ["replaces the table", withTable(["delete", "create"])],
  ["creates a table", withTable(["create"], { before: null })],
])("a plan that %s is refused", (_, plan) => {
  expect(refusals({ ...plan, dataSources: { [LIVE]: values } })).toContain("table-kept aws_dynamodb_table.contacts");
});

test.each([
  ["does not read the table", undefined, "table-kept "],
  ["reads another table", { ...values, name: "dextr-stranger" }, `table-identity ${LIVE}`],
  [
    "reads a table of another account",
    { ...values, arn: "arn:aws:dynamodb:us-east-1:444455556666:table/dextr-recorded" },
    `table-identity ${LIVE}`,
  ],
  ["finds no indexes", { ...values, global_secondary_index: [] }, `table-indexes ${LIVE}`],
  [
    "does not find our index",
    { ...values, global_secondary_index: indexes.filter((index) => !isOurs(index)) },
    `table-indexes ${LIVE}`,
  ],
  ["finds our index with another range key", withOurIndex({ range_key: "CustomEndpoint" }), `table-indexes ${LIVE}`],
  ["finds our index without a hash key", withOurIndex({ hash_key: null }), `table-indexes ${LIVE}`],
  ["finds our index with another projection", withOurIndex({ projection_type: "ALL" }), `table-indexes ${LIVE}`],
])("a plan that %s is refused", (_, live, expected) => {
  expect(refusals(live === undefined ? { ...readingPlan(), dataSources: {} } : readingPlan(live))).toContain(expected);
});

test("the message names the command that creates the index", () => {
  const [violation] = guard(readingPlan({ ...values, global_secondary_index: [] }), reading, "2026-06-30").violations;
  expect(violation?.what).toContain("does not exist, and with table.adopt: false the stack does not create it");
  expect(violation?.fix).toContain("npm run fleet -- index stack=dev-recorded-us-east-1");
});

test("a missing resource of the stack is noticed although the plan has no table", () => {
  const plan = readingPlan();
  const resource_changes = plan.resource_changes.filter(({ address }) => address !== "aws_iam_role_policy.lookup");
  expect(refusals({ ...plan, resource_changes })).toContain("content aws_iam_role_policy.lookup");
});
