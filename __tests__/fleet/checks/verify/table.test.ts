/** What verify says of the table and of our index on it, in every state that DynamoDB may show them in. */
import { indexName } from "../../../../config/aws-names";
import { verifyInstance } from "../../../../fleet/checks/verify/verify";
import { answeringAws, AwsError, type AnsweringAws } from "../../aws-answers";
import { sampleInstance } from "../../../stacks/sample-instance";

let aws: AnsweringAws;
beforeAll(async () => {
  aws = await answeringAws();
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
  AttributeDefinitions: ["hash", "range", "Disposition", "CustomerEndpoint"].map((name) => attribute(name)),
  GlobalSecondaryIndexes: [index],
};

/** The check of this name, where DynamoDB describes the table so. */
async function seen(name: string, description: object | AwsError, more = {}) {
  const answer = description instanceof AwsError ? description : { Table: { ...table, ...description } };
  aws.answers = { "dynamodb:DescribeTable": answer, ...more };
  const checks = await verifyInstance(sampleInstance, aws.clients);
  return checks.find((check) => check.name === name);
}

/** Its outcome and what it says. */
async function told(name: string, description: object, more = {}): Promise<string> {
  const { outcome, detail } = (await seen(name, description, more)) ?? { outcome: "no check", detail: name };
  return `${outcome}: ${detail}`;
}

test("a table and an index that are ACTIVE are well", async () => {
  expect(await seen("table", {})).toEqual({ name: "table", outcome: "ok", detail: "dextr-acme is ACTIVE." });
  expect(await told("index", {})).toMatch(/^ok: .* about 7 items/);
});

test.each(["UPDATING"])("both answer while they are %s", async (status) => {
  expect(await seen("table", { TableStatus: status })).toMatchObject({ outcome: "ok" });
  const changing = { GlobalSecondaryIndexes: [{ ...index, IndexStatus: status }] };
  expect(await seen("index", changing)).toMatchObject({ outcome: "ok" });
});

test.each(["CREATING", "DELETING", "ARCHIVED", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"])(
  "a table that is %s answers nobody",
  async (TableStatus) => {
    const check = await seen("table", { TableStatus });
    expect(check).toMatchObject({
      outcome: "failed",
      detail: `dextr-acme is ${TableStatus}: lookups fail, and nobody is blocked.`,
    });
    expect(check?.fix).toMatch(TableStatus.startsWith("INACCESSIBLE") ? /KMS key/ : /administrators/);
  },
);

test("a table that is not there is named with its place, and nothing is asked of its index", async () => {
  const missing = new AwsError("ResourceNotFoundException", "Requested resource not found");
  expect(await seen("table", missing)).toMatchObject({
    outcome: "failed",
    detail: "There is no table dextr-acme in eu-central-1 of account 111122223333: nobody is blocked.",
  });
  expect(await seen("index", missing)).toBeUndefined();
});

test("an index that is not there, beside others, is what a deployment adds", async () => {
  const others = [{ ...index, IndexName: "vendor-1" }];
  expect(await seen("index", { GlobalSecondaryIndexes: others })).toEqual({
    name: "index",
    outcome: "failed",
    detail: `dextr-acme has no index ${indexName}: every lookup fails as index_missing, and nobody is blocked.`,
    fix: "Deploy test-acme-eu-central-1.",
  });
});

test("an index in the making says how far it is, where CloudWatch knows", async () => {
  const making = (Backfilling: boolean) => ({
    GlobalSecondaryIndexes: [{ ...index, IndexStatus: "CREATING", Backfilling }],
  });
  const values = (...Values: number[]) => ({
    "monitoring:GetMetricData": { MetricDataResults: [{ Id: "progress", Values }] },
  });
  expect(await told("index", making(true), values(41.7, 30))).toMatch(
    /^failed: .* is CREATING and is being filled from the table \(42 % done\): until it is ACTIVE lookups fail/,
  );
  expect(await told("index", making(false), values())).toMatch(/CREATING and waits for its resources: until/);
  const denied = { "monitoring:GetMetricData": new AwsError("AccessDeniedException", "not authorized") };
  expect(await told("index", making(true), denied)).toMatch(/^failed: .* is being filled from the table: until/);
});

test("an index that is being deleted blocks nobody", async () => {
  const deleting = { GlobalSecondaryIndexes: [{ ...index, IndexStatus: "DELETING" }] };
  expect(await told("index", deleting)).toMatch(/^failed: .* is DELETING: nobody is blocked/);
});

test.each([
  [
    "the keys of the guide's misprint",
    { KeySchema: [index.KeySchema[0], { AttributeName: "CustomEndpoint", KeyType: "RANGE" }] },
    "CustomEndpoint (RANGE)",
  ],
  ["no sort key", { KeySchema: [index.KeySchema[0]] }, "the keys Disposition (HASH) instead"],
  [
    "its keys the other way round",
    {
      KeySchema: [
        { AttributeName: "CustomerEndpoint", KeyType: "HASH" },
        { AttributeName: "Disposition", KeyType: "RANGE" },
      ],
    },
    "CustomerEndpoint (HASH), Disposition (RANGE) instead",
  ],
])("an index of our name with %s is another one", async (_, difference, named) => {
  const found = await told("index", { GlobalSecondaryIndexes: [{ ...index, ...difference }] });
  expect(found).toMatch(/^failed: /);
  expect(found).toContain(named);
});

test("an index over a number is another one", async () => {
  const AttributeDefinitions = [attribute("Disposition"), attribute("CustomerEndpoint", "N")];
  expect(await told("index", { AttributeDefinitions })).toMatch(/^failed: .* CustomerEndpoint of type N instead/);
});

test("what AWS answers instead of the table is told with what to give the role", async () => {
  const denied = new AwsError("AccessDeniedException", "User: x is not authorized to perform: dynamodb:DescribeTable");
  expect(await seen("table", denied)).toEqual({
    name: "table",
    outcome: "failed",
    detail:
      "This could not be looked at. AccessDeniedException: User: x is not authorized to perform: dynamodb:DescribeTable",
    fix: "Give the role that looks (planRole, else deployRole, else your own) the policy operate of: npm run fleet -- iam",
  });
});

test("without credentials that AWS accepts there is one check, and it says so", async () => {
  aws.answers = { "dynamodb:DescribeTable": new AwsError("UnrecognizedClientException", "The token is invalid.") };
  expect(await verifyInstance(sampleInstance, aws.clients)).toEqual([
    {
      name: "credentials",
      outcome: "failed",
      detail: "Nothing can be asked of account 111122223333. UnrecognizedClientException: The token is invalid.",
      fix: "Sign in, or set planRole to a role that these credentials may assume.",
    },
  ]);
});
