/** A fingerprint contains exactly the properties of the table that a plan depends on. */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { indexName } from "../../../config/aws-names";
import {
  changedFields,
  dependsOnTable,
  fingerprintOf,
  readFingerprintOf,
} from "../../../fleet/plans/table-fingerprint";
import type { PlanJson } from "../../../fleet/terraform/plan-json";
import { recordedInstance, recordedPlan } from "../guard/recorded-plan";

const index = (name: string, more: object = {}) => ({
  IndexName: name,
  KeySchema: [{ AttributeName: "Disposition", KeyType: "HASH" as const }],
  Projection: { ProjectionType: "KEYS_ONLY" as const },
  ...more,
});

const table: TableDescription = {
  TableId: "id-1",
  TableStatus: "ACTIVE",
  ItemCount: 7,
  KeySchema: [{ AttributeName: "hash", KeyType: "HASH" }],
  AttributeDefinitions: [{ AttributeName: "hash", AttributeType: "S" }],
  BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
  GlobalSecondaryIndexes: [index("one")],
};

const changes = (more: TableDescription): readonly string[] =>
  changedFields(fingerprintOf(table), fingerprintOf({ ...table, ...more }));

test.each<[string, TableDescription, string]>([
  ["the table id", { TableId: "id-2" }, "table id: id-1 → id-2"],
  [
    "the billing mode",
    {
      BillingModeSummary: { BillingMode: "PROVISIONED" },
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
    },
    "capacity: on demand → provisioned, 5 read and 6 write units",
  ],
  [
    "a throughput limit",
    { OnDemandThroughput: { MaxWriteRequestUnits: 10 } },
    "capacity: on demand → on demand, at most 10 write units",
  ],
  ["a new index", { GlobalSecondaryIndexes: [index("one"), index("two")] }, "index two: none → "],
  ["a removed index", { GlobalSecondaryIndexes: [] }, "index one: Disposition (HASH), KEYS_ONLY → none"],
  [
    "the projection of an index",
    { GlobalSecondaryIndexes: [index("one", { Projection: { ProjectionType: "ALL" } })] },
    "index one: Disposition (HASH), KEYS_ONLY → Disposition (HASH), ALL",
  ],
  ["a local index", { LocalSecondaryIndexes: [index("local")] }, "local index local: none → "],
  [
    "an attribute definition",
    { AttributeDefinitions: [{ AttributeName: "hash", AttributeType: "N" }] },
    "attribute definitions: hash (S) → hash (N)",
  ],
  ["the replicas", { Replicas: [{ RegionName: "eu-west-1" }] }, "replicas: none → eu-west-1"],
])("a change of %s is reported with both values", (_, more, expected) => {
  expect(changes(more)).toEqual([expect.stringContaining(expected)]);
});

test("a change of the status or the number of items is not reported", () => {
  const building = [index("one", { IndexStatus: "UPDATING", ItemCount: 9 })];
  expect(changes({ TableStatus: "UPDATING", ItemCount: 8, GlobalSecondaryIndexes: building })).toEqual([]);
});

describe("for a stack that only reads the table", () => {
  const capacity = (units: number) => ({
    ProvisionedThroughput: { ReadCapacityUnits: units, WriteCapacityUnits: units },
  });
  const withOurs = (more: object = {}): TableDescription => ({
    ...table,
    GlobalSecondaryIndexes: [index("one"), index(indexName, { ...capacity(5), ...more })],
  });
  const changesFor = (changed: TableDescription): readonly string[] =>
    changedFields(readFingerprintOf(withOurs()), readFingerprintOf(changed));

  test.each<[string, TableDescription]>([
    ["the capacity of our index", withOurs(capacity(50))],
    ["the throughput limit of our index", withOurs({ OnDemandThroughput: { MaxReadRequestUnits: 5 } })],
    ["the billing mode", { ...withOurs(), BillingModeSummary: { BillingMode: "PROVISIONED" }, ...capacity(7) }],
    ["another index", { ...withOurs(), GlobalSecondaryIndexes: withOurs().GlobalSecondaryIndexes?.slice(1) }],
  ])("a change of %s is not reported", (_, changed) => {
    expect(changesFor(changed)).toEqual([]);
  });

  test.each<[string, TableDescription, string]>([
    ["the table", { ...withOurs(), TableId: "id-2" }, "table id"],
    ["the keys of the table", { ...withOurs(), KeySchema: [] }, "keys"],
    ["the projection", withOurs({ Projection: { ProjectionType: "ALL" } }), `index ${indexName}`],
    ["the keys of our index", withOurs({ KeySchema: [] }), `index ${indexName}`],
    ["our index, deleted", table, `index ${indexName}`],
  ])("a change of %s is reported", (_, changed, field) => {
    expect(changesFor(changed)).toEqual([expect.stringMatching(new RegExp(`^${field}: `))]);
  });
});

test("the order of indexes, attributes and replicas does not matter", () => {
  const attributes = ["a", "b"].map((name) => ({ AttributeName: name, AttributeType: "S" as const }));
  const replicas = ["eu-west-1", "us-west-2"].map((RegionName) => ({ RegionName }));
  const indexes = [index("one"), index("two")];
  const of = (reverse: boolean) =>
    fingerprintOf({
      ...table,
      AttributeDefinitions: reverse ? attributes.slice().reverse() : attributes,
      Replicas: reverse ? replicas.slice().reverse() : replicas,
      GlobalSecondaryIndexes: reverse ? indexes.slice().reverse() : indexes,
    });
  expect(changedFields(of(false), of(true))).toEqual([]);
});

describe("a plan depends on the table", () => {
  const withoutTable = (plan: PlanJson): PlanJson => ({
    ...plan,
    resource_changes: plan.resource_changes.filter(({ type }) => type !== "aws_dynamodb_table"),
  });
  const reading = recordedInstance("table: { adopt: false }");

  test.each([
    ["if it adopts the table", recordedPlan("adoption"), recordedInstance(), true],
    ["not if it changes only the function", withoutTable(recordedPlan("lambda-edit")), recordedInstance(), false],
    ["if the stack reads the table for what it changes", withoutTable(recordedPlan("lambda-edit")), reading, true],
    ["not if it changes nothing", withoutTable(recordedPlan("no-change")), reading, false],
    [
      "not if it deletes what reads the table",
      withoutTable(recordedPlan("release-keep-index")),
      recordedInstance("table: { adopt: false }\n    release: keep-index"),
      false,
    ],
  ])("%s", (_, plan, instance, expected) => {
    expect(dependsOnTable(plan, instance)).toBe(expected);
  });
});
