/** Differences: vendor changes and drift are distinguished, effects are stated, and secrets are not shown. */
import fc from "fast-check";
import { indexName } from "../../../config/aws-names";
import { differencesIn, invisibleDifference } from "../../../fleet/review/differences";
import type { PlanJson, ResourceChange } from "../../../fleet/terraform/plan-json";
import { sampleInstance } from "../../stacks/sample-instance";
import { recordedInstance, recordedPlan } from "../guard/recorded-plan";

type Values = Readonly<Record<string, unknown>>;

const change = (
  type: string,
  actions: ResourceChange["change"]["actions"],
  before: Values,
  after: Values | null,
  more: object = {},
): ResourceChange => ({
  address: `${type}.one`,
  mode: "managed",
  type,
  name: "one",
  change: { actions, before, after, ...more },
});

const plan = (drift: readonly ResourceChange[], changes: readonly ResourceChange[] = []): PlanJson => ({
  format_version: "1.2",
  errored: false,
  complete: true,
  applyable: true,
  resource_changes: changes,
  resource_drift: drift,
  deferred_changes: [],
  failedChecks: [],
  dataSources: {},
  output_changes: {},
  unknownKeys: [],
});

const index = (name: string, more: Values = {}): Values => ({ name, hash_key: "h", projection_type: "ALL", ...more });
const table = (indexes: readonly Values[], more: Values = {}): Values => ({
  name: "dextr-acme",
  global_secondary_index: indexes,
  ...more,
});
const TABLE = "aws_dynamodb_table";

const found = (...given: Parameters<typeof plan>) => differencesIn(plan(...given), sampleInstance);

test("a plan without drift has no differences", () => {
  expect(found([])).toEqual([]);
});

test("what Terraform does not notice is drift, and its repair is not a newer configuration", () => {
  const repair = change("aws_lambda_function", ["update"], { version: "1" }, { version: "2" });
  expect(found([], [repair])).toEqual([expect.objectContaining({ kind: "pending" })]);
  const invisible = [
    invisibleDifference("The alias points to version 1."),
    invisibleDifference("Archived.", "Activate it."),
  ];
  expect(differencesIn(plan([], [repair]), sampleInstance, invisible)).toEqual([
    {
      kind: "drift",
      what: "The alias points to version 1.",
      remediation: "To restore the configuration, deploy again: npm run fleet -- plan, then deploy.",
      diff: [],
    },
    { kind: "drift", what: "Archived.", remediation: "Activate it.", diff: [] },
  ]);
});

test("an index, a tag and a capacity that the vendor changed are a vendor change with a diff", () => {
  const before = table([index("vendor-1"), index(indexName)], { tags: {}, write_capacity: 5 });
  const after = table([index("vendor-1"), index("vendor-2"), index(indexName)], {
    tags: { team: "theirs" },
    write_capacity: 9,
  });
  const [finding, ...others] = found([change(TABLE, ["update"], before, after)]);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    kind: "vendor change",
    remediation: "Plans follow the change. There is nothing to do.",
  });
  expect(finding?.diff).toEqual(["+ index vendor-2: keys h; ALL", "+ tags › team: theirs", "~ write_capacity: 5 → 9"]);
});

test("a missing index is drift, and the message says that no call is blocked", () => {
  const drift = change(TABLE, ["update"], table([index("vendor-1"), index(indexName)]), table([index("vendor-1")]));
  const differences = found([drift], [change(TABLE, ["update"], {}, {})]);
  expect(differences).toHaveLength(1);
  expect(differences[0]).toMatchObject({ kind: "drift", what: `The index ${indexName} is missing in dextr-acme.` });
  expect(differences[0]?.remediation).toContain("No call is blocked");
});

test("a changed capacity of our index is a vendor change", () => {
  const [before, after] = [
    table([index(indexName, { read_capacity: 1 })]),
    table([index(indexName, { read_capacity: 5 })]),
  ];
  expect(found([change(TABLE, ["update"], before, after)])).toMatchObject([
    { kind: "vendor change", diff: [`~ index ${indexName} › read_capacity: 1 → 5`] },
  ]);
});

test.each([
  "aws_lambda_permission",
  "aws_connect_lambda_function_association",
  "aws_lambda_alias",
  "aws_lambda_function",
])("a missing %s is drift", (type) => {
  const [finding] = found([change(type, ["delete"], {}, null)], [change(type, ["create"], {}, {})]);
  expect(finding).toMatchObject({ kind: "drift", what: expect.stringMatching(/ is missing\.$/) as string });
  expect(finding?.remediation).toContain("No call is blocked");
});

test("a flow that was edited in the console is compared by its blocks, not by their order", () => {
  const action = (Identifier: string, seconds: string): Values => ({
    Identifier,
    Parameters: { InvocationTimeLimitSeconds: seconds },
  });
  const flow = (...actions: readonly Values[]): Values => ({ content: JSON.stringify({ Actions: actions }) });
  const type = "aws_connect_contact_flow_module";
  const drift = change(
    type,
    ["update"],
    flow(action("a", "1"), action("b", "3")),
    flow(action("b", "8"), action("a", "1")),
  );
  const [finding] = found([drift], [change(type, ["update"], {}, {})]);
  expect(finding?.diff).toEqual(["~ content › block b › Parameters › InvocationTimeLimitSeconds: 3 → 8"]);
});

test("new code of the function is reported, derived attributes are not", () => {
  const [before, after] = [
    { code_sha256: "a", last_modified: "1", version: "1" },
    { code_sha256: "b", last_modified: "2", version: "2" },
  ];
  const type = "aws_lambda_function";
  const [finding] = found([change(type, ["update"], before, after)], [change(type, ["update"], {}, {})]);
  expect(finding?.diff).toEqual(["~ code: not the deployed zip"]);
});

test("a difference that Terraform would not revert is not reported", () => {
  expect(found([change("aws_lambda_function", ["update"], { timeout: 3 }, { timeout: 3 })])).toEqual([]);
});

test("a newer configuration is pending, and is not reported beside drift", () => {
  const newer = change("aws_lambda_function", ["update"], {}, {});
  expect(found([], [newer])).toMatchObject([{ kind: "pending" }]);
  const gone = change("aws_lambda_alias", ["delete"], {}, null);
  expect(found([gone], [newer]).map(({ kind }) => kind)).toEqual(["drift"]);
});

test("sensitive values and phone numbers are not shown", () => {
  const type = "aws_lambda_function";
  const [before, after] = [
    { secret: "old-secret", description: "+15555550101" },
    { secret: "new-secret", description: "+15555550102" },
  ];
  const drift = change(type, ["update"], before, after, {
    before_sensitive: { secret: true },
    after_sensitive: { secret: true },
  });
  const [finding] = found([drift], [change(type, ["update"], {}, {})]);
  expect(finding?.diff).toEqual(["~ description: +1••••••••01 → +1••••••••02", "~ secret: (sensitive)"]);
});

test.each([
  ["vendor-index-added", ["vendor change"]],
  ["module-edited-in-console", ["drift", "vendor change"]],
  ["lambda-edit", ["pending"]],
  ["no-change", []],
])("the recorded plan %s has the differences %j", (name, kinds) => {
  const differences = differencesIn(recordedPlan(name), recordedInstance());
  expect(differences.map(({ kind }) => kind)).toEqual(kinds);
});

test("a changed policy is reported by its permissions", () => {
  const policy = (Action: string): Values => ({
    policy: JSON.stringify({ Statement: [{ Effect: "Allow", Action, Resource: "*" }] }),
  });
  const type = "aws_iam_role_policy";
  const drift = change(type, ["update"], policy("dynamodb:Query"), policy("dynamodb:*"));
  const [finding] = found([drift], [change(type, ["update"], {}, {})]);
  expect(finding?.diff).toEqual([
    expect.stringMatching(/^- .*dynamodb:Query/),
    expect.stringMatching(/^\+ .*dynamodb:\*/),
  ]);
});

test("only different values have a diff, and different numbers always have one", () => {
  const type = "aws_lambda_function";
  const differences = (one: unknown, other: unknown): readonly string[] => {
    const drift = change(type, ["update"], { value: one }, { value: other });
    return found([drift], [change(type, ["update"], {}, {})])[0]?.diff ?? [];
  };
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.integer(), fc.integer(), (one, other, m, n) => {
      expect(differences(one, structuredClone(one))).toEqual([]);
      for (const line of differences(one, other)) expect(line).toMatch(/^[-+~] value/);
      expect(differences(m, n)).toEqual(m === n ? [] : [`~ value: ${m} → ${n}`]);
    }),
  );
});
