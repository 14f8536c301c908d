/** The checks of a table before our index is added. */
import { DescribeTableCommand, ListTagsOfResourceCommand } from "@aws-sdk/client-dynamodb";
import type { TableDescription, Tag } from "@aws-sdk/client-dynamodb";
import { backfillFinding, backfillOf } from "../../../../fleet/checks/preflight/backfill";
import { ContactStats } from "../../../../fleet/checks/preflight/contact-stats";
import { tableChecks } from "../../../../fleet/checks/preflight/table-checks";
import type { InstanceClients } from "../../../../fleet/aws/instance-clients";
import { sampleInstance as instance } from "../../../stacks/sample-instance";

const attribute = (AttributeName: string, AttributeType: "S" | "N" = "S") => ({ AttributeName, AttributeType });
const index = (IndexName: string, hash: string, range?: string, more: object = {}) => ({
  IndexName,
  IndexStatus: "ACTIVE" as const,
  KeySchema: [
    { AttributeName: hash, KeyType: "HASH" as const },
    ...(range === undefined ? [] : [{ AttributeName: range, KeyType: "RANGE" as const }]),
  ],
  Projection: { ProjectionType: "KEYS_ONLY" as const },
  ...more,
});
const ourName = "Disposition-CustomerEndpoint-index";
const keyArn = "arn:aws:kms:eu-central-1:111122223333:key/5f3c1c1e-8f0d-4f5e-9d5a-0c2f0f7a1b2c";

const clean: TableDescription = {
  TableArn: instance.table.arn,
  TableStatus: "ACTIVE",
  ItemCount: 1_000_000,
  TableSizeBytes: 1_000_000_000,
  AttributeDefinitions: [attribute("hash"), attribute("range"), attribute("g1")],
  KeySchema: [
    { AttributeName: "hash", KeyType: "HASH" },
    { AttributeName: "range", KeyType: "RANGE" },
  ],
  BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
  GlobalSecondaryIndexes: [index("vendor-1", "g1")],
};

interface OtherAnswers {
  readonly tags?: readonly Tag[];
  readonly key?: object;
}

/** The checks of this table, by name. */
async function checked(table: TableDescription, { tags = [], key = {} }: OtherAnswers = {}, of = instance) {
  const clients = {
    dynamodb: {
      send: (command: unknown) => {
        if (command instanceof DescribeTableCommand) return Promise.resolve({ Table: table });
        if (command instanceof ListTagsOfResourceCommand) return Promise.resolve({ Tags: tags });
        return Promise.reject(new Error("not expected in this test"));
      },
    },
    kms: { send: () => Promise.resolve({ KeyMetadata: key }) },
  } as unknown as InstanceClients;
  const { checks } = await tableChecks(of, clients);
  return new Map(checks.map((check) => [check.name, check]));
}

test("a typical ConnectPath table passes every check", async () => {
  const checks = await checked(clean, { tags: [{ Key: "aws:cloudformation:stack-name", Value: "dextr" }] });
  expect([...checks.values()].filter(({ outcome }) => outcome !== "ok")).toEqual([]);
  expect([...checks.keys()]).toEqual([
    ...["table", "keys", "indexes", "mirror", "our index", "key types", "owner", "replicas", "encryption", "capacity"],
  ]);
  expect(checks.get("owner")?.detail).toContain("The CloudFormation stack dextr manages the table");
});

const full = Array.from({ length: 20 }, (_, n) => index(`vendor-${n}`, "range"));
const provisioned = {
  BillingModeSummary: undefined,
  ProvisionedThroughput: { ReadCapacityUnits: 17, WriteCapacityUnits: 9 },
};

test.each<
  [what: string, change: TableDescription, check: string, outcome: string, detail: string, around?: OtherAnswers]
>([
  ["being changed", { TableStatus: "UPDATING" }, "table", "failed", "ResourceInUseException"],
  [
    "of another account",
    { TableArn: instance.table.arn.replace("1111", "9999") },
    "table",
    "failed",
    "instead of arn:aws",
  ],
  ["archived", { TableStatus: "ARCHIVED" }, "table", "failed", "is ARCHIVED"],
  [
    "with other keys",
    { KeySchema: [{ AttributeName: "ContactId", KeyType: "HASH" }], AttributeDefinitions: [attribute("ContactId")] },
    "keys",
    "warning",
    "The keys are ContactId (HASH, S). ConnectPath's tables have hash (HASH, S), range (RANGE, S).",
  ],
  ["with twenty indexes", { GlobalSecondaryIndexes: full }, "indexes", "failed", "20 of 20 global indexes are used"],
  [
    "with another index being built",
    { GlobalSecondaryIndexes: [index("vendor-2", "range", undefined, { IndexStatus: "CREATING" })] },
    "indexes",
    "failed",
    "vendor-2 is CREATING",
  ],
  [
    "with our index's name taken by another shape",
    { GlobalSecondaryIndexes: [index(ourName, "Disposition")] },
    "our index",
    "failed",
    "with another shape: hash Disposition, range none, KEYS_ONLY",
  ],
  [
    "with our index projecting everything",
    {
      GlobalSecondaryIndexes: [
        index(ourName, "Disposition", "CustomerEndpoint", { Projection: { ProjectionType: "ALL" } }),
      ],
    },
    "our index",
    "failed",
    "hash Disposition, range CustomerEndpoint, ALL",
  ],
  [
    "with our index already",
    { GlobalSecondaryIndexes: [index(ourName, "Disposition", "CustomerEndpoint")] },
    "our index",
    "ok",
    "exists already. It is ACTIVE and has the right shape.",
  ],
  [
    "with our index being built",
    { GlobalSecondaryIndexes: [index(ourName, "Disposition", "CustomerEndpoint", { IndexStatus: "CREATING" })] },
    "our index",
    "warning",
    "exists with status CREATING",
  ],
  [
    "with Disposition as a number",
    { AttributeDefinitions: [attribute("hash"), attribute("range"), attribute("Disposition", "N")] },
    "key types",
    "failed",
    "defines Disposition as N",
  ],
  [
    "tagged by Terraform",
    {},
    "owner",
    "warning",
    "managed-by=terraform",
    { tags: [{ Key: "managed-by", Value: "terraform" }] },
  ],
  ["tagged by nobody", {}, "owner", "ok", "No tag names", { tags: [{ Key: "managed-by", Value: "the vendor" }] }],
  [
    "with replicas",
    { Replicas: [{ RegionName: instance.region }, { RegionName: "us-west-2" }] },
    "replicas",
    "failed",
    "replicas in us-west-2.",
  ],
  [
    "with itself as the only replica",
    { Replicas: [{ RegionName: instance.region }] },
    "replicas",
    "ok",
    "No replicas.",
  ],
  [
    "with a customer's key",
    { SSEDescription: { SSEType: "KMS", KMSMasterKeyArn: keyArn } },
    "encryption",
    "warning",
    "Lookups need this permission.",
    { key: { KeyManager: "CUSTOMER", KeyState: "Enabled" } },
  ],
  [
    "with a customer's key that is disabled",
    { SSEDescription: { SSEType: "KMS", KMSMasterKeyArn: keyArn } },
    "encryption",
    "failed",
    "which is Disabled",
    { key: { KeyManager: "CUSTOMER", KeyState: "Disabled" } },
  ],
  [
    "with the key that AWS manages",
    { SSEDescription: { SSEType: "KMS", KMSMasterKeyArn: keyArn } },
    "encryption",
    "ok",
    "encrypted with the AWS managed key for DynamoDB",
    { key: { KeyManager: "AWS", KeyState: "Enabled" } },
  ],
  ["provisioned", provisioned, "capacity", "warning", "Provisioned with 17 read and 9 write units"],
  [
    "provisioned, with an index of ours that takes fewer writes",
    {
      ...(provisioned as TableDescription),
      GlobalSecondaryIndexes: [
        index(ourName, "Disposition", "CustomerEndpoint", {
          ProvisionedThroughput: { ReadCapacityUnits: 17, WriteCapacityUnits: 5 },
        }),
      ],
    },
    "capacity",
    "warning",
    "throttles writes to the table",
  ],
])("the check reports the expected outcome for a table %s", async (_, change, name, outcome, detail, around = {}) => {
  const check = (await checked({ ...clean, ...change }, around)).get(name);
  expect(check).toMatchObject({ outcome, detail: expect.stringContaining(detail) as string });
  if (outcome !== "ok") expect(check?.fix).toMatch(/\S/);
});

test("accepted replicas are ok", async () => {
  const accepting = { ...instance, table: { ...instance.table, acceptReplicas: true } };
  const checks = await checked({ ...clean, Replicas: [{ RegionName: "us-west-2" }] }, {}, accepting);
  expect(checks.get("replicas")?.outcome).toBe("ok");
});

const provisionedWith = (WriteCapacityUnits: number) => ({
  BillingModeSummary: undefined,
  ProvisionedThroughput: { ReadCapacityUnits: 100, WriteCapacityUnits },
});

test("the backfill is estimated from the share and the size of the contacts read", () => {
  const stats = new ContactStats(["hash", "range"], ["Blocked"]);
  const item = { hash: { S: "h".repeat(20) }, range: { S: "ctr" }, CustomerEndpoint: { S: "+15555550100" } };
  for (let n = 0; n < 4; n++) stats.add(n === 0 ? { ...item, Disposition: { S: "Blocked" } } : item);
  // In bytes: hash 4 + 20, range 5 + 3, Disposition 11 + 7, CustomerEndpoint 16 + 12, and 100 for each entry of an index.
  expect(backfillOf(clean, stats.toJSON())).toEqual({
    entries: 250_000,
    entryBytes: 178,
    writeUnits: 250_000,
    seconds: 62.5,
  });
  const slow = { ...clean, ...(provisioned as TableDescription) };
  expect(backfillOf(slow, undefined)).toMatchObject({ entries: 1_000_000, seconds: 1_000_000 / 9 });
  expect(backfillFinding(instance, slow, undefined)).toMatchObject({
    outcome: "warning",
    detail: expect.stringContaining("at least 31 h at the 9 write units a second") as string,
    fix: expect.stringContaining("Terraform waits 24 h (table.indexTimeoutMinutes)") as string,
  });
  expect(backfillFinding(instance, clean, stats.toJSON()).outcome).toBe("ok");
});

test.each([
  ["on demand, 9 million contacts", { ItemCount: 9_000_000 }, "ok"],
  ["on demand, 10 million contacts", { ItemCount: 10_000_000 }, "warning"],
  ["100 write units, 200,000 contacts", { ...provisionedWith(100), ItemCount: 200_000 }, "ok"],
  ["100 write units, 300,000 contacts", { ...provisionedWith(100), ItemCount: 300_000 }, "warning"],
])("fleet index is recommended if the session of a role may end before the index exists: %s", (_, change, outcome) => {
  const finding = backfillFinding(instance, { ...clean, ...change }, undefined);
  expect(finding.outcome).toBe(outcome);
  const recommended = `npm run fleet -- index ${instance.stackName}`;
  expect(finding.fix ?? "").toEqual(outcome === "ok" ? "" : expect.stringContaining(recommended));
});

/** A vendor's index with two hash attributes. */
const severalKeys: TableDescription = {
  ...clean,
  AttributeDefinitions: ["hash", "range", "tenant", "queue"].map((name) => attribute(name)),
  GlobalSecondaryIndexes: [
    {
      ...index("vendor-1", "tenant"),
      KeySchema: ["tenant", "queue"].map((AttributeName) => ({ AttributeName, KeyType: "HASH" as const })),
    },
  ],
};

test("a table that Terraform cannot mirror fails, with the other mode as the fix", async () => {
  const check = (await checked(severalKeys)).get("mirror");
  expect(check?.outcome).toBe("failed");
  expect(check?.detail).toMatch(/^Terraform cannot mirror the table dextr-acme, because [^.]* key tenant .*\.$/);
  expect(check?.fix).toContain("Set table: { adopt: false }");
});

describe("with table.adopt: false", () => {
  const reading = { ...instance, table: { ...instance.table, adopt: false } };
  const ours = index(ourName, "Disposition", "CustomerEndpoint");

  test("a missing index fails, with the command that creates it", async () => {
    const checks = await checked(severalKeys, {}, reading);
    expect(checks.get("our index")).toMatchObject({
      outcome: "failed",
      detail: `${ourName} does not exist, and with table.adopt: false the deployment does not create it.`,
      fix: expect.stringContaining("npm run fleet -- index stack=test-acme-eu-central-1") as string,
    });
    expect(checks.has("mirror")).toBe(false);
  });

  test("nothing that only matters for a new index fails if the index exists", async () => {
    const busy = index("vendor-2", "range", undefined, { IndexStatus: "CREATING" });
    const table = {
      ...clean,
      Replicas: [{ RegionName: "us-east-1" }],
      GlobalSecondaryIndexes: [...full, index("vendor-g1", "g1"), busy, ours],
    };
    const checks = await checked(table, {}, reading);
    expect([...checks.values()].filter(({ outcome }) => outcome === "failed")).toEqual([]);
    const adopting = await checked(table);
    expect([...adopting.values()].filter(({ outcome }) => outcome === "failed").map(({ name }) => name)).toEqual([
      "indexes",
      "replicas",
    ]);
  });

  test("an index with another shape fails", async () => {
    const table = { ...clean, GlobalSecondaryIndexes: [index(ourName, "Disposition")] };
    expect((await checked(table, {}, reading)).get("our index")?.outcome).toBe("failed");
  });
});

test("our index that is UPDATING is ok, because lookups work", async () => {
  const ours = index(ourName, "Disposition", "CustomerEndpoint", { IndexStatus: "UPDATING" });
  const checks = await checked({ ...clean, GlobalSecondaryIndexes: [ours] });
  expect(checks.get("our index")).toMatchObject({
    outcome: "ok",
    detail: expect.stringContaining("is UPDATING") as string,
  });
});

test.each([
  ["DELETING", index(ourName, "Disposition", "CustomerEndpoint", { IndexStatus: "DELETING" })],
  ["of another shape", index(ourName, "Disposition")],
])("the fix for our index that is %s depends on who creates the index", async (_, ours) => {
  const table = { ...clean, GlobalSecondaryIndexes: [ours] };
  const reading = { ...instance, table: { ...instance.table, adopt: false } };
  const fixFor = async (of: typeof instance) => (await checked(table, {}, of)).get("our index")?.fix;
  expect(await fixFor(instance)).toContain(`Deploy ${instance.stackName}.`);
  const fix = await fixFor(reading);
  expect(fix).toContain(`npm run fleet -- index stack=${instance.stackName}`);
  expect(fix).not.toMatch(/deploy/i);
});
