/** The checks `table` and `index` of verify, for every state that DynamoDB can report. */
import { indexName } from "../../../../config/aws-names";
import { verifyInstance } from "../../../../fleet/checks/verify/verify";
import { startAwsStub, AwsError, type AwsStub } from "../../aws-answers";
import { sampleInstance } from "../../../stacks/sample-instance";

let aws: AwsStub;
beforeAll(async () => {
  aws = await startAwsStub();
});
afterAll(() => aws.close());

const attribute = (AttributeName: string, AttributeType = "S") => ({ AttributeName, AttributeType });
const index = {
  IndexName: indexName,
  IndexStatus: "ACTIVE",
  KeySchema: [
    { AttributeName: "Disposition", KeyType: "HASH" },
    { AttributeName: "CustomerEndpoint", KeyType: "RANGE" },
  ],
  Projection: { ProjectionType: "KEYS_ONLY" },
  ItemCount: 7,
};
const table = {
  TableName: "dextr-acme",
  TableStatus: "ACTIVE",
  KeySchema: [
    { AttributeName: "hash", KeyType: "HASH" },
    { AttributeName: "range", KeyType: "RANGE" },
  ],
  AttributeDefinitions: ["hash", "range", "Disposition", "CustomerEndpoint"].map((name) => attribute(name)),
  GlobalSecondaryIndexes: [index],
};

/** The check of this name for a table with this description. */
async function checkFor(name: string, description: object | AwsError, more = {}, instance = sampleInstance) {
  const answer = description instanceof AwsError ? description : { Table: { ...table, ...description } };
  aws.answers = { "dynamodb:DescribeTable": answer, ...more };
  const checks = await verifyInstance(instance, aws.clients);
  return checks.find((check) => check.name === name);
}

/** Outcome and detail of the check, as text. */
async function resultOf(name: string, description: object, more = {}): Promise<string> {
  const { outcome, detail } = (await checkFor(name, description, more)) ?? { outcome: "no check", detail: name };
  return `${outcome}: ${detail}`;
}

test("an ACTIVE table and an ACTIVE index are ok", async () => {
  expect(await checkFor("table", {})).toEqual({ name: "table", outcome: "ok", detail: "dextr-acme is ACTIVE." });
  expect(await resultOf("index", {})).toMatch(/^ok: .* about 7 items/);
});

test.each(["UPDATING"])("table and index are ok while they are %s", async (status) => {
  expect(await checkFor("table", { TableStatus: status })).toMatchObject({ outcome: "ok" });
  const changing = { GlobalSecondaryIndexes: [{ ...index, IndexStatus: status }] };
  expect(await checkFor("index", changing)).toMatchObject({ outcome: "ok" });
});

test.each(["CREATING", "DELETING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"])(
  "a table that is %s fails",
  async (TableStatus) => {
    const check = await checkFor("table", { TableStatus });
    expect(check).toMatchObject({
      outcome: "failed",
      detail: `dextr-acme is ${TableStatus}. Lookups fail, and no caller is blocked.`,
    });
    expect(check?.fix).toMatch(TableStatus.startsWith("INACCESSIBLE") ? /KMS key/ : /administrators/);
  },
);

test("a missing table is reported with account and region, and its index is not checked", async () => {
  const missing = new AwsError("ResourceNotFoundException", "Requested resource not found");
  expect(await checkFor("table", missing)).toMatchObject({
    outcome: "failed",
    detail: "There is no table dextr-acme in eu-central-1 of account 111122223333. No caller is blocked.",
  });
  expect(await checkFor("index", missing)).toBeUndefined();
});

test("a missing index fails, and the fix is a deployment", async () => {
  const others = [{ ...index, IndexName: "vendor-1" }];
  expect(await checkFor("index", { GlobalSecondaryIndexes: others })).toEqual({
    name: "index",
    outcome: "failed",
    detail: `dextr-acme has no index ${indexName}. Every lookup fails with index_missing, and no caller is blocked.`,
    fix: "Deploy test-acme-eu-central-1.",
  });
});

test("an index that is CREATING is reported with the progress from CloudWatch", async () => {
  const creating = (Backfilling: boolean) => ({
    GlobalSecondaryIndexes: [{ ...index, IndexStatus: "CREATING", Backfilling }],
  });
  const values = (...Values: number[]) => ({
    "monitoring:GetMetricData": { MetricDataResults: [{ Id: "progress", Values }] },
  });
  expect(await resultOf("index", creating(true), values(41.7, 30))).toMatch(
    /^failed: .* is CREATING and is backfilling \(42 % done\)\. Until it is ACTIVE, lookups fail/,
  );
  expect(await resultOf("index", creating(false), values())).toMatch(/CREATING and waits for resources\. Until/);
  const denied = { "monitoring:GetMetricData": new AwsError("AccessDeniedException", "not authorized") };
  expect(await resultOf("index", creating(true), denied)).toMatch(/^failed: .* is backfilling\. Until/);
});

test("an index that is DELETING fails", async () => {
  const deleting = { GlobalSecondaryIndexes: [{ ...index, IndexStatus: "DELETING" }] };
  expect(await resultOf("index", deleting)).toMatch(/^failed: .* is DELETING\. No caller is blocked/);
});

test.each([
  [
    "the misspelled key of the vendor's guide",
    { KeySchema: [index.KeySchema[0], { AttributeName: "CustomEndpoint", KeyType: "RANGE" }] },
    "CustomEndpoint (RANGE)",
  ],
  ["no sort key", { KeySchema: [index.KeySchema[0]] }, "the keys Disposition (HASH) instead"],
  [
    "its keys swapped",
    {
      KeySchema: [
        { AttributeName: "CustomerEndpoint", KeyType: "HASH" },
        { AttributeName: "Disposition", KeyType: "RANGE" },
      ],
    },
    "CustomerEndpoint (HASH), Disposition (RANGE) instead",
  ],
])("an index of our name with %s fails", async (_, difference, named) => {
  const found = await resultOf("index", { GlobalSecondaryIndexes: [{ ...index, ...difference }] });
  expect(found).toMatch(/^failed: /);
  expect(found).toContain(named);
});

test("an index with a number as key fails", async () => {
  const AttributeDefinitions = [attribute("Disposition"), attribute("CustomerEndpoint", "N")];
  expect(await resultOf("index", { AttributeDefinitions })).toMatch(/^failed: .* CustomerEndpoint of type N instead/);
});

test("a denied request fails the check, and the fix names the policy to attach", async () => {
  const denied = new AwsError("AccessDeniedException", "User: x is not authorized to perform: dynamodb:DescribeTable");
  expect(await checkFor("table", denied)).toEqual({
    name: "table",
    outcome: "failed",
    detail:
      "The check could not run. AccessDeniedException: User: x is not authorized to perform: dynamodb:DescribeTable",
    fix: "Attach the policy read-and-invoke (npm run fleet -- iam) to the role that this command uses: planRole, otherwise deployRole, otherwise the role of your credentials.",
  });
});

test("without valid credentials there is one failed check", async () => {
  aws.answers = { "dynamodb:DescribeTable": new AwsError("UnrecognizedClientException", "The token is invalid.") };
  expect(await verifyInstance(sampleInstance, aws.clients)).toEqual([
    {
      name: "credentials",
      outcome: "failed",
      detail:
        "There are no valid credentials for account 111122223333. UnrecognizedClientException: The token is invalid.",
      fix: "Sign in, or set planRole to a role that these credentials may assume.",
    },
  ]);
});

test("a table that Terraform cannot mirror is explained, and stays ok because calls are blocked", async () => {
  const AttributeDefinitions = [...table.AttributeDefinitions, attribute("tenant")];
  expect(await resultOf("table", { AttributeDefinitions })).toMatch(
    /^ok: dextr-acme is ACTIVE\. Terraform cannot mirror the table dextr-acme, because .* key tenant .*: nothing was changed, calls continue as before/,
  );
});

test("without the index, a stack that only reads the table names the command that creates the index", async () => {
  const reading = { ...sampleInstance, table: { ...sampleInstance.table, adopt: false } };
  expect((await checkFor("index", { GlobalSecondaryIndexes: [] }, {}, reading))?.fix).toBe(
    "Create the index with npm run fleet -- index stack=test-acme-eu-central-1, or ask the owner of the table to create it " +
      "(hash Disposition, range CustomerEndpoint, KEYS_ONLY).",
  );
  expect((await checkFor("index", { GlobalSecondaryIndexes: [] }))?.fix).toBe("Deploy test-acme-eu-central-1.");
});

test.each([
  ["DELETING", { IndexStatus: "DELETING" }],
  ["of another shape", { KeySchema: index.KeySchema.slice(0, 1) }],
])("the fix for an index that is %s depends on who creates the index", async (_, difference) => {
  const reading = { ...sampleInstance, table: { ...sampleInstance.table, adopt: false } };
  const found = { GlobalSecondaryIndexes: [{ ...index, ...difference }] };
  expect((await checkFor("index", found))?.fix).toMatch(/deleted\. Deploy test-acme-eu-central-1\.$/);
  const { fix } = (await checkFor("index", found, {}, reading)) ?? {};
  expect(fix).toContain("deleted. Create the index with npm run fleet -- index stack=test-acme-eu-central-1");
  expect(fix).not.toMatch(/deploy/i);
});
