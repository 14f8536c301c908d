/** The status of the table and its indexes, which a plan of Terraform does not show. */
import type { KeySchemaElement, ProjectionType, TableDescription } from "@aws-sdk/client-dynamodb";
import { blockingIndex } from "../../../config/blocking-index";
import type { InstanceConfig } from "../../../config/types";
import { tableStatusOf } from "../../../fleet/plans/table-status";
import { sampleInstance } from "../../stacks/sample-instance";

type Status = NonNullable<TableDescription["GlobalSecondaryIndexes"]>[number]["IndexStatus"];
const index = (IndexName: string, IndexStatus: Status) => ({ GlobalSecondaryIndexes: [{ IndexName, IndexStatus }] });
const keys = [
  { AttributeName: blockingIndex.hashKey, KeyType: "HASH" },
  { AttributeName: blockingIndex.rangeKey, KeyType: "RANGE" },
] as const;
const shaped = (
  status: Status,
  KeySchema: readonly KeySchemaElement[],
  ProjectionType: ProjectionType = "KEYS_ONLY",
) => ({
  GlobalSecondaryIndexes: [
    { IndexName: blockingIndex.name, IndexStatus: status, KeySchema: [...KeySchema], Projection: { ProjectionType } },
  ],
});
const ours = (status: Status) => shaped(status, keys);

test.each<[TableDescription["TableStatus"], string]>([
  ["DELETING", "Ask its administrators"],
  ["ARCHIVING", "Ask its administrators"],
  ["ARCHIVED", "Ask its administrators"],
  ["INACCESSIBLE_ENCRYPTION_CREDENTIALS", "Restore DynamoDB's access to the table's KMS key"],
])("a table that is %s is refused, with what to do", (TableStatus, fix) => {
  const { violations, warnings } = tableStatusOf(sampleInstance, { TableStatus, ...ours("ACTIVE") });
  expect(warnings).toEqual([]);
  expect(violations).toEqual([
    {
      rule: "table-status",
      address: "",
      what: expect.stringContaining(`${sampleInstance.table.name} is ${TableStatus ?? ""}.`) as string,
      fix: expect.stringContaining(fix) as string,
    },
  ]);
});

test("our index that is DELETING is refused", () => {
  const { violations } = tableStatusOf(sampleInstance, { TableStatus: "UPDATING", ...ours("DELETING") });
  expect(violations.map(({ what }) => what)).toEqual([expect.stringContaining("is DELETING. No caller is blocked")]);
});

test("our index that is CREATING is a warning, with the command that waits", () => {
  const { violations, warnings } = tableStatusOf(sampleInstance, { TableStatus: "UPDATING", ...ours("CREATING") });
  expect(violations).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining(`npm run fleet -- index --wait ${sampleInstance.stackName}`)]);
});

test.each<[string, TableDescription, string]>([
  [
    "another index is CREATING",
    { TableStatus: "UPDATING", ...index("other", "CREATING") },
    "the index other is CREATING",
  ],
  [
    "another index is DELETING",
    { TableStatus: "UPDATING", ...index("other", "DELETING") },
    "the index other is DELETING",
  ],
  ["the table is UPDATING", { TableStatus: "UPDATING" }, "the table is UPDATING"],
])("a deployment that would wait silently says for what: %s", (_, table, detail) => {
  const { violations, warnings } = tableStatusOf(sampleInstance, table);
  expect(violations).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining(`${detail}. Meanwhile DynamoDB refuses to add`)]);
  expect(warnings[0]).toContain("up to 84 minutes");
});

test.each<[string, TableDescription]>([
  ["an ACTIVE table without our index", { TableStatus: "ACTIVE", ...index("other", "ACTIVE") }],
  ["an ACTIVE table with our index", { TableStatus: "ACTIVE", ...ours("ACTIVE") }],
  ["our index whose capacity changes", { TableStatus: "UPDATING", ...ours("UPDATING") }],
])("nothing is reported for %s", (_, table) => {
  expect(tableStatusOf(sampleInstance, table)).toEqual({ violations: [], warnings: [] });
});

const reading: InstanceConfig = { ...sampleInstance, table: { ...sampleInstance.table, adopt: false } };
const tenant = { AttributeName: "tenant", KeyType: "HASH" } as const;

test.each<[string, InstanceConfig, TableDescription, string]>([
  ["two hash attributes", reading, shaped("ACTIVE", [tenant, ...keys]), "hash tenant + Disposition, range"],
  ["two hash attributes, CREATING", reading, shaped("CREATING", [tenant, ...keys]), "hash tenant + Disposition, range"],
  ["no range attribute", reading, shaped("ACTIVE", keys.slice(0, 1)), "range none"],
  ["another projection", reading, shaped("ACTIVE", keys, "ALL"), "ALL"],
  ["two hash attributes, adopted", sampleInstance, shaped("ACTIVE", [tenant, ...keys]), "hash tenant + Disposition"],
])("an index with our name and another shape is refused: %s", (_, instance, table, shape) => {
  const { violations, warnings } = tableStatusOf(instance, { TableStatus: "ACTIVE", ...table });
  expect(warnings).toEqual([]);
  expect(violations).toEqual([
    {
      rule: "table-status",
      address: "",
      what: expect.stringContaining(shape) as string,
      fix: expect.stringContaining(
        instance.table.adopt ? "deleted, plan again." : "create the index with npm run fleet -- index",
      ) as string,
    },
  ]);
});

test("our index with the right shape is accepted if the stack only reads the table", () => {
  expect(tableStatusOf(reading, { TableStatus: "ACTIVE", ...ours("ACTIVE") })).toEqual({
    violations: [],
    warnings: [],
  });
});
