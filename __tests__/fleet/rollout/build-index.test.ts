/** Adding the index outside Terraform, with a simulated clock: the request, each refusal of AWS, and the wait. */
import { blockingIndex, blockingIndexKeys } from "../../../config/blocking-index";
import type { InstanceConfig, RoleConfig } from "../../../config/types";
import { type AwsResponse, forwardTo } from "../../../emulators/aws/aws-endpoint";
import { failure, IndexBuilds } from "../../../emulators/aws/index-builds";
import { startRecordingProxy } from "../../../emulators/aws/recording-proxy";
import type { RecordingProxy } from "../../../emulators/aws/recording-proxy";
import { IndexBuilder } from "../../../fleet/aws/index-builder";
import { indexExitCode } from "../../../fleet/rollout/build-indexes";
import { buildIndex } from "../../../fleet/rollout/build-index";
import type { IndexMode, IndexResult } from "../../../fleet/rollout/build-index";
import { loadOne, validYaml } from "../../config/environment-files";
import { vendorIndex, vendorTable } from "./vendor-table";
import type { TableChanges } from "./vendor-table";

const instance = loadOne(validYaml);
const { name } = instance.table;
const ourIndex = {
  ...vendorIndex(blockingIndex.name),
  KeySchema: [
    { AttributeName: "Disposition", KeyType: "HASH" as const },
    { AttributeName: "CustomerEndpoint", KeyType: "RANGE" as const },
  ],
  Projection: { ProjectionType: "KEYS_ONLY" as const },
};

const withOurKeys = [
  ...(vendorTable(instance).AttributeDefinitions ?? []),
  ...blockingIndexKeys.map((AttributeName) => ({ AttributeName, AttributeType: "S" as const })),
];

let builds: IndexBuilds;
let proxy: RecordingProxy;
let steps: string[];
let stsAnswer: () => AwsResponse;
/** Milliseconds of the simulated clock. */
let now: number;

beforeEach(async () => {
  builds = new IndexBuilds({ backfilling: 2, active: 4 });
  proxy = await startRecordingProxy(forwardTo("http://127.0.0.1:1"), {
    dynamodb: (request) => builds.respond(request),
    sts: () => stsAnswer(),
    monitoring: () => failure("AccessDeniedException", "not authorized to perform: cloudwatch:GetMetricData"),
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: proxy.url,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "emulated",
    AWS_MAX_ATTEMPTS: "1",
  });
  [steps, now] = [[], 0];
});
afterEach(() => proxy.close());

function tableIs(changes: TableChanges): void {
  builds.tables.set(name, vendorTable(instance, changes));
}

async function build(
  mode: IndexMode = "create",
  of: InstanceConfig = instance,
  role?: RoleConfig,
): Promise<IndexResult> {
  const builder = new IndexBuilder(of, role);
  const clock = {
    now: () => now,
    sleep: (ms: number) => {
      now += ms;
      return Promise.resolve();
    },
  };
  try {
    return await buildIndex(of, mode, {
      builder,
      clock,
      stop: new AbortController().signal,
      step: (text, elapsedMs = 0) => steps.push(`${Math.round(elapsedMs / 60_000)} min: ${text}`),
    });
  } finally {
    builder.destroy();
  }
}

const updates = () => proxy.calls().filter(({ operation }) => operation === "UpdateTable");
const created = () =>
  (updates()[0]?.input as { GlobalSecondaryIndexUpdates: { Create: object }[] }).GlobalSecondaryIndexUpdates;

test("one UpdateTable adds exactly our index, and the command waits until the index is ACTIVE", async () => {
  tableIs({});
  expect(await build()).toEqual({
    status: "active",
    detail: "Disposition-CustomerEndpoint-index is ACTIVE and has the right shape.",
  });
  expect(updates()).toHaveLength(1);
  expect(created()).toEqual([
    {
      Create: {
        IndexName: blockingIndex.name,
        KeySchema: ourIndex.KeySchema,
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    },
  ]);
  expect(steps).toContain("0 min: Disposition-CustomerEndpoint-index is CREATING and waits for resources");
  expect(steps).toContain("0 min: Disposition-CustomerEndpoint-index is CREATING and is backfilling");
});

test("on a provisioned table, the index gets the capacity of the table", async () => {
  tableIs({ BillingModeSummary: undefined, ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 11 } });
  expect((await build()).status).toBe("active");
  expect(created()).toEqual([
    {
      Create: expect.objectContaining({
        ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 11 },
      }) as object,
    },
  ]);
});

test("an attribute that is already a key is defined once", async () => {
  const definition = { AttributeName: "Disposition", AttributeType: "S" as const };
  const index = { ...vendorIndex("by-disposition"), KeySchema: ourIndex.KeySchema.slice(0, 1) };
  const table = vendorTable(instance);
  tableIs({
    AttributeDefinitions: [...(table.AttributeDefinitions ?? []), definition],
    GlobalSecondaryIndexes: [...(table.GlobalSecondaryIndexes ?? []), index],
  });
  expect((await build()).status).toBe("active");
  const { AttributeDefinitions } = updates()[0]?.input as { AttributeDefinitions: { AttributeName: string }[] };
  expect(AttributeDefinitions.map(({ AttributeName }) => AttributeName).sort()).toEqual([
    "CustomerEndpoint",
    "Disposition",
    "hash",
    "queue",
    "range",
  ]);
});

const manyIndexes = Array.from({ length: 20 }, (_, n) => vendorIndex(`index-${n}`));

test.each<[situation: string, changes: TableChanges, detail: string]>([
  [
    "another index is being built",
    { GlobalSecondaryIndexes: [{ ...vendorIndex("other"), IndexStatus: "CREATING" }] },
    "other is CREATING",
  ],
  ["the table has 20 indexes", { GlobalSecondaryIndexes: manyIndexes }, "20 of 20 global indexes are used"],
  ["the table is UPDATING", { TableStatus: "UPDATING" }, `${name} is UPDATING`],
  ["the table is ARCHIVED", { TableStatus: "ARCHIVED" }, `${name} is ARCHIVED`],
  ["there are replicas without consent", { Replicas: [{ RegionName: "eu-west-1" }] }, "replicas in eu-west-1"],
  [
    "the table is in another account",
    { TableArn: instance.table.arn.replace("111122223333", "444455556666") },
    "belong to account 444455556666",
  ],
  [
    "Disposition is a number",
    { AttributeDefinitions: [{ AttributeName: "Disposition", AttributeType: "N" }] },
    "Disposition as N",
  ],
  [
    "our index has another shape",
    { GlobalSecondaryIndexes: [{ ...ourIndex, Projection: { ProjectionType: "ALL" } }] },
    "another shape",
  ],
  [
    "our index is being deleted",
    { GlobalSecondaryIndexes: [{ ...ourIndex, IndexStatus: "DELETING" }] },
    "status DELETING",
  ],
])("before any change: refused if %s", async (_, changes, detail) => {
  tableIs(changes);
  const result = await build();
  expect(result.status).toBe("refused");
  expect(`${result.detail} ${result.fix ?? ""}`).toContain(detail);
  expect(result.fix).toMatch(/\w/);
  expect(result.detail).toContain("Nothing was changed.");
  expect(updates()).toEqual([]);
});

test("a missing table is refused with the expected account and region", async () => {
  const { status, detail } = await build();
  expect(status).toBe("refused");
  expect(detail).toContain(`There is no table ${name} in us-east-1`);
});

/** A change by someone else between the description and the request. */
function meanwhile(change: () => void): void {
  proxy.intercept(
    ({ operation }) => {
      if (operation === "UpdateTable") change();
      return false;
    },
    () => failure("never", ""),
  );
}

const changedTable = (changes: TableChanges) => () => {
  tableIs(changes);
};

test.each<[situation: string, change: () => void, detail: string]>([
  [
    "someone adds an index",
    changedTable({
      GlobalSecondaryIndexes: [{ ...vendorIndex("other"), IndexStatus: "CREATING" }],
      TableStatus: "UPDATING",
    }),
    "DynamoDB changes only one index of a table at a time: other is CREATING.",
  ],
  [
    "someone adds the 20th index",
    changedTable({ GlobalSecondaryIndexes: manyIndexes }),
    "has 20 global indexes, and DynamoDB allows 20.",
  ],
  [
    "someone changes the table",
    changedTable({ TableStatus: "UPDATING" }),
    "is being changed by someone else (UPDATING)",
  ],
  [
    "someone deletes the table",
    () => {
      builds.tables.clear();
    },
    "no longer exists.",
  ],
  [
    "five indexes are being built in the account",
    () => {
      for (let n = 0; n < 5; n++) {
        const other = { table: { ...instance.table, name: `other-${n}` } };
        builds.tables.set(
          `other-${n}`,
          vendorTable(other, { GlobalSecondaryIndexes: [{ ...vendorIndex("i"), IndexStatus: "CREATING" }] }),
        );
      }
    },
    "Too many tables and indexes of account 111122223333 are being created, changed or deleted at the same time.",
  ],
])("UpdateTable is refused because %s: the result names the reason", async (_, change, detail) => {
  tableIs({});
  meanwhile(change);
  const result = await build();
  expect(result.status).toBe("refused");
  expect(result.detail).toContain(detail);
  expect(result.detail).toContain("Exception: ");
  expect(result.fix).toMatch(/^(Wait until|Ask the owner)/);
  expect(updates()).toHaveLength(1);
});

test.each([
  ["arn:aws:sts::111122223333:assumed-role/ci/session", "Attach the policy index"],
  ["arn:aws:sts::444455556666:assumed-role/ci/session", "Use credentials of account 111122223333"],
])("access denied for %s names the policy or the right account", async (caller, fix) => {
  tableIs({});
  const message = `User: ${caller} is not authorized to perform: dynamodb:UpdateTable on resource: ${instance.table.arn}`;
  proxy.intercept(
    ({ operation }) => operation === "UpdateTable",
    () => failure("AccessDeniedException", message),
  );
  const result = await build();
  expect(result.status).toBe("refused");
  expect(result.fix).toContain(fix);
});

test("an index that someone else adds at the same moment is used", async () => {
  tableIs({});
  const GlobalSecondaryIndexes = [{ ...ourIndex, IndexStatus: "CREATING" as const }];
  meanwhile(changedTable({ GlobalSecondaryIndexes, TableStatus: "UPDATING", AttributeDefinitions: withOurKeys }));
  expect((await build()).status).toBe("active");
  expect(updates()).toHaveLength(1);
});

test("after a lost answer, the description decides: the index is not requested again", async () => {
  tableIs({});
  proxy.intercept(
    ({ operation }) => operation === "UpdateTable",
    async (request) => {
      await builds.respond(request);
      return failure("InternalServerError", "internal error", 500);
    },
  );
  expect((await build()).status).toBe("active");
  expect(updates()).toHaveLength(1);
});

test("if the answer is lost and there is no index, the result says that the request may have succeeded", async () => {
  tableIs({});
  proxy.intercept(
    ({ operation }) => operation === "UpdateTable",
    () => failure("InternalServerError", "internal error", 500),
  );
  const result = await build();
  expect(result.status).toBe("failed");
  expect(result.detail).toContain("did not answer");
  expect(result.detail).not.toContain("Nothing was changed");
});

test("an existing index with our shape is left as it is, also on a table that is UPDATING", async () => {
  tableIs({ TableStatus: "UPDATING", GlobalSecondaryIndexes: [ourIndex], AttributeDefinitions: withOurKeys });
  expect(await build()).toEqual({
    status: "active",
    detail: "Disposition-CustomerEndpoint-index exists already. It is ACTIVE and has the right shape.",
  });
  expect(updates()).toEqual([]);
});

test("--no-wait ends when the index is being built, and --wait adds nothing", async () => {
  tableIs({});
  expect(await build("wait")).toMatchObject({
    status: "refused",
    fix: expect.stringContaining("without --wait") as string,
  });
  expect(updates()).toEqual([]);
  expect((await build("start")).status).toBe("started");
  expect((await build("start")).status).toBe("started");
  expect((await build("wait")).status).toBe("active");
  expect(updates()).toHaveLength(1);
});

test("an instance with release is refused", async () => {
  tableIs({});
  expect(await build("create", { ...instance, release: "keep-index" })).toMatchObject({ status: "refused" });
});

test("a wait of hours reports at least every ten minutes, and asks for a percentage only while allowed", async () => {
  builds.pace = { backfilling: 5, active: 500 };
  tableIs({});
  expect((await build()).status).toBe("active");
  expect(now).toBeGreaterThan(2 * 3_600_000);
  const minutes = steps.map((step) => Number(step.split(" ")[0]));
  const gaps = minutes.slice(1).map((minute, n) => minute - (minutes[n] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(10);
  expect(proxy.calls().filter(({ service }) => service === "monitoring")).toHaveLength(1);
});

test("throttled requests are repeated before, during and after the request that adds the index", async () => {
  tableIs({});
  const requests: Record<string, number> = {};
  proxy.intercept(
    ({ service, operation }) => {
      requests[operation] = (requests[operation] ?? 0) + 1;
      return service === "dynamodb" && requests[operation] % 3 !== 0;
    },
    () => failure("ThrottlingException", "Rate exceeded"),
  );
  expect((await build()).status).toBe("active");
  expect(updates().filter(({ status }) => status === 200)).toHaveLength(1);
});

test("if AWS does not answer for ten minutes of the wait, the result says how to continue", async () => {
  tableIs({});
  let described = 0;
  proxy.intercept(
    ({ operation }) => operation === "DescribeTable" && ++described > 3,
    () => failure("InternalServerError", "internal error", 500),
  );
  const result = await build();
  expect(result).toMatchObject({
    status: "unfinished",
    fix: expect.stringContaining("Run the command again") as string,
  });
  expect(now).toBeGreaterThan(10 * 60_000);
});

test("an index that someone deletes during the wait ends the wait with the reason", async () => {
  builds.pace = { backfilling: 2, active: 1000 };
  tableIs({});
  let described = 0;
  proxy.intercept(
    ({ operation }) => {
      if (operation === "DescribeTable" && ++described === 8) tableIs({});
      return false;
    },
    () => failure("never", ""),
  );
  const result = await build();
  expect(result.status).toBe("failed");
  expect(result.detail).toContain("someone deleted it");
});

test("descriptions that are older than the index do not end the wait", async () => {
  builds.pace = { backfilling: 2, active: 40 };
  tableIs({});
  const older = { Table: vendorTable(instance) };
  let described = 0;
  proxy.intercept(
    ({ operation }) => {
      if (operation !== "DescribeTable") return false;
      described++;
      return [8, 12, 13, 20, 21].includes(described);
    },
    () => ({ status: 200, headers: { "content-type": "application/x-amz-json-1.0" }, body: JSON.stringify(older) }),
  );
  expect(await build()).toMatchObject({ status: "active" });
  expect(described).toBeGreaterThan(40);
  expect(steps.join("\n")).toContain("is not in the last answer of DynamoDB");
});

test("with --wait, older descriptions after the index was seen do not end the wait either", async () => {
  builds.pace = { backfilling: 1, active: 6 };
  tableIs({ AttributeDefinitions: withOurKeys, GlobalSecondaryIndexes: [{ ...ourIndex, IndexStatus: "CREATING" }] });
  const older = { Table: vendorTable(instance) };
  let described = 0;
  proxy.intercept(
    ({ operation }) => operation === "DescribeTable" && [2, 4, 5].includes(++described),
    () => ({ status: 200, headers: { "content-type": "application/x-amz-json-1.0" }, body: JSON.stringify(older) }),
  );
  expect(await build("wait")).toMatchObject({ status: "active" });
});

test("a table that is deleted during the build is noticed", async () => {
  builds.pace = { backfilling: 2, active: 1000 };
  tableIs({});
  let described = 0;
  proxy.intercept(
    ({ operation }) => {
      if (operation === "DescribeTable" && ++described === 8) builds.tables.clear();
      return false;
    },
    () => failure("never", ""),
  );
  expect(await build()).toMatchObject({ status: "failed", detail: `The table ${name} no longer exists.` });
});

test("with table.adopt: false, the refusal names --role-name, because the policy deploy denies UpdateTable", async () => {
  tableIs({});
  proxy.intercept(
    ({ operation }) => operation === "UpdateTable",
    () => failure("AccessDeniedException", "with an explicit deny in an identity-based policy"),
  );
  const reading = { ...instance, table: { ...instance.table, adopt: false } };
  expect((await build("create", reading)).fix).toContain("name another role with --role-name");
  expect((await build("create", { ...instance, table: { ...instance.table, adopt: true } })).fix).not.toContain(
    "denies",
  );
});

test("--wait looks for an index that was added just before, until descriptions cannot be stale", async () => {
  tableIs({});
  let described = 0;
  proxy.intercept(
    ({ operation }) => {
      if (operation === "DescribeTable" && ++described === 5)
        tableIs({ GlobalSecondaryIndexes: [ourIndex], AttributeDefinitions: withOurKeys });
      return false;
    },
    () => failure("never", ""),
  );
  expect((await build("wait")).status).toBe("active");
  expect(now).toBeLessThan(60_000);
});

test("--wait refuses if there is no index for a minute", async () => {
  tableIs({});
  expect((await build("wait")).status).toBe("refused");
  expect(now).toBeGreaterThan(60_000);
  expect(now).toBeLessThan(90_000);
});

test.each([
  ["130", 130],
  ["143", 143],
])("a stopped command ends with the exit code of its signal: %s", (_, code) => {
  expect(indexExitCode([{ status: "active" }, { status: "stopped" }], code)).toBe(code);
  expect(indexExitCode([{ status: "failed" }, { status: "stopped" }], code)).toBe(1);
  expect(indexExitCode([{ status: "active" }], code)).toBe(0);
});

const role: RoleConfig = { arn: "arn:aws:iam::111122223333:role/index" };
const xml = (status: number, body: string): AwsResponse => ({ status, headers: { "content-type": "text/xml" }, body });
const stsFailure = (status: number, code: string): AwsResponse =>
  xml(status, `<ErrorResponse><Error><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`);
const expiringCredentials = (): AwsResponse =>
  xml(
    200,
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>" +
      `<SessionToken>t</SessionToken><Expiration>${new Date(Date.now() + 60_000).toISOString()}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  );

test.each([
  ["a fault", 500, "InternalFailure"],
  ["throttling", 400, "Throttling"],
])("%s of STS during the wait is temporary", async (_, status, code) => {
  tableIs({ GlobalSecondaryIndexes: [{ ...ourIndex, IndexStatus: "CREATING" }], AttributeDefinitions: withOurKeys });
  let calls = 0;
  stsAnswer = () => (calls++ < 6 ? stsFailure(status, code) : expiringCredentials());
  expect((await build("create", instance, role)).status).toBe("active");
});

test("a role that may not be assumed ends the command within a minute", async () => {
  tableIs({});
  stsAnswer = () => stsFailure(403, "AccessDenied");
  const { status, detail, fix } = await build("create", instance, role);
  expect(status).toBe("failed");
  expect(detail).toContain("AssumeRole of arn:aws:iam::111122223333:role/index failed. AccessDenied: no");
  expect(fix).toContain("Sign in with credentials");
  expect(now).toBeLessThan(60_000);
});
