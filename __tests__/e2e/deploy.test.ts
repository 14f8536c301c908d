/**
 * The real `cdktf deploy`, Terraform and AWS provider on emulators: every kind of table is adopted with one changing call, plans stay empty
 * after changes by the vendor, and the deployed stack blocks a call.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import {
  type AttributeDefinition,
  type GlobalSecondaryIndexDescription,
  PutItemCommand,
  type TableDescription,
  TagResourceCommand,
  UpdateTableCommand,
} from "@aws-sdk/client-dynamodb";
import type { FlowContent } from "../../flows/language/types";
import { simulate } from "../../flows/simulator";
import { projectRoot } from "../../lambda/packaging";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { type FunctionInstance, startFunction } from "../../emulators/lambda-runtime/function-instance";
import { inboundContact, playCall } from "../../emulators/play-call";
import { readSandboxStacks } from "../../sandbox/sandbox-stack";
import {
  adoptable,
  createVendorTable,
  INDEX,
  KEY_ARN,
  readTable,
  refused,
  type TableState,
  type VendorTable,
} from "./vendor-tables";
import { ACCOUNT, createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(15 * 60_000);

let world: World;
let deployed: Finished;
const before = new Map<string, TableState>();
let deployCalls: readonly RecordedCall[] = [];
/** The instance with `inboundFlow`, and its queue. */
const withInboundFlow = "rich";
const queue = "11111111-2222-4333-8444-555555555555";
/** The calls that changed a table during the whole deployment, by table. */
const mutations = new Map<string, readonly RecordedCall[]>();

beforeAll(async () => {
  world = await createWorld(
    [...adoptable, ...refused].map(({ name }) => name),
    { more: (name) => (name === withInboundFlow ? [`inboundFlow: { queue: ${queue} }`] : []) },
  );
  for (const vendor of [...adoptable, ...refused]) {
    await createVendorTable(world.dynamodb, vendor);
    before.set(vendor.name, await readTable(world.dynamodb, vendor.name));
  }
  deployed = await world.cdktf(
    "deploy",
    ...adoptable.map(({ name }) => world.stackName(name)),
    "--auto-approve",
    // A lock for other platforms needs the provider registry.
    "--skip-provider-lock",
    "--parallelism",
    "2",
  );
  deployCalls = world.proxy.calls();
  for (const call of world.proxy.mutating("dynamodb"))
    mutations.set(tableOf(call), [...(mutations.get(tableOf(call)) ?? []), call]);
});

afterAll(() => world.stop());

const tableOf = (call: RecordedCall): string => String((call.input as { TableName?: string }).TableName);

function stateBefore(name: string): TableState {
  const seen = before.get(name);
  if (seen === undefined) throw new Error(`the table of ${name} was not read before the deployment`);
  return seen;
}

/** An index without the counts and dates that DynamoDB reports. */
function shape(description: unknown): object {
  const { IndexName, KeySchema, Projection, ProvisionedThroughput, OnDemandThroughput } =
    description as GlobalSecondaryIndexDescription;
  return {
    IndexName,
    KeySchema,
    Projection,
    OnDemandThroughput,
    read: ProvisionedThroughput?.ReadCapacityUnits,
    write: ProvisionedThroughput?.WriteCapacityUnits,
  };
}

/** The output without line breaks and stack names: Terraform wraps its messages, and cdktf prefixes each line. */
const unwrapped = (output: string): string =>
  output.replaceAll(/\S*us-east-1 {2}|[\s│╷╵]+/g, " ").replaceAll(/ +/g, " ");

async function expectNothingToPlan(name: string): Promise<void> {
  const plan = await world.terraform(name, "plan", "-input=false", "-detailed-exitcode", "-no-color");
  expect(plan.output).toContain("No changes.");
  expect(plan.exitCode).toBe(0);
}

/** The part of `terraform providers schema -json` that is read here. */
interface ProviderSchemas {
  readonly provider_schemas: {
    readonly "registry.terraform.io/hashicorp/aws": {
      readonly resource_schemas: {
        readonly aws_dynamodb_table: {
          readonly block: {
            readonly attributes: Readonly<Record<string, { readonly optional?: boolean }>>;
            readonly block_types: Readonly<Record<string, unknown>>;
          };
        };
      };
    };
  };
}

interface Synthesized {
  readonly resource: {
    readonly aws_dynamodb_table: { readonly contacts: { readonly lifecycle: { readonly ignore_changes: string[] } } };
  };
}

test("cdktf deploy adopts every table and says which stacks it deployed", () => {
  expect(deployed.output).not.toContain("Error:");
  expect(deployed.exitCode).toBe(0);
  for (const { name } of adoptable) expect(deployed.output).toContain(world.stackName(name));
});

test("only the adopted tables were written to", () => {
  expect([...mutations.keys()].sort()).toEqual(
    adoptable
      .filter(({ hasOurIndex }) => !hasOurIndex)
      .map(({ name }) => `dextr-${name}`)
      .sort(),
  );
});

describe.each(adoptable)("a table $what", (vendor: VendorTable) => {
  const { name } = vendor;
  const tableName = `dextr-${name}`;

  test("is changed by one UpdateTable that creates our index, or not at all if the index exists", () => {
    const calls = mutations.get(tableName) ?? [];
    if (vendor.hasOurIndex) {
      expect(calls).toEqual([]);
      return;
    }
    expect(calls.map(({ operation }) => operation)).toEqual(["UpdateTable"]);
    const { AttributeDefinitions, ...update } = calls[0]?.input as { AttributeDefinitions: AttributeDefinition[] };
    expect(update).toEqual({
      TableName: tableName,
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: INDEX,
            KeySchema: [
              { AttributeName: "Disposition", KeyType: "HASH" },
              { AttributeName: "CustomerEndpoint", KeyType: "RANGE" },
            ],
            Projection: { ProjectionType: "KEYS_ONLY" },
            ...(vendor.indexCapacity === undefined ? {} : { ProvisionedThroughput: vendor.indexCapacity }),
          },
        },
      ],
    });
    expect(new Map(AttributeDefinitions.map((a) => [a.AttributeName, a.AttributeType]))).toEqual(
      new Map([...stateBefore(name).attributes, ["Disposition", "S"], ["CustomerEndpoint", "S"]]),
    );
  });

  test("has our index, and every item and other property is unchanged", async () => {
    const then = stateBefore(name);
    const now = await readTable(world.dynamodb, name);
    expect(now.table).toEqual(then.table);
    expect(now.items).toEqual(then.items);
    expect(now.attributes).toEqual(new Map([...then.attributes, ["Disposition", "S"], ["CustomerEndpoint", "S"]]));
    const { [INDEX]: ours, ...foreign } = Object.fromEntries(now.indexes);
    expect(shape(ours)).toMatchObject({ IndexName: INDEX, Projection: { ProjectionType: "KEYS_ONLY" } });
    expect(Object.values(foreign).map(shape)).toEqual(
      [...then.indexes.values()].map(shape).filter((i) => (i as { IndexName: string }).IndexName !== INDEX),
    );
  });

  test("has an empty next plan", () => expectNothingToPlan(name));

  test("shows one import and one change in the plan: the added index", () => {
    const lines = deployed.output.split("\n").filter((line) => line.includes("Plan:"));
    expect(lines).toHaveLength(adoptable.length);
    for (const line of lines) expect(line).toMatch(/Plan: 1 to import, \d+ to add, 1 to change, 0 to destroy\./);
  });

  test("has an ACTIVE index before the function is associated with Connect", () => {
    const of = (instance: string) => (call: RecordedCall) =>
      call.operation === "AssociateLambdaFunction" && call.url.includes(world.instanceId(instance));
    const described = deployCalls
      .slice(0, deployCalls.findIndex(of(name)))
      .filter((call) => call.operation === "DescribeTable" && tableOf(call) === tableName)
      .map(({ output }) => (output as { Table: TableDescription }).Table.GlobalSecondaryIndexes ?? [])
      .map((indexes) => indexes.find(({ IndexName }) => IndexName === INDEX)?.IndexStatus);
    expect(described.at(-1)).toBe("ACTIVE");
    // Otherwise the test would not have waited for the index.
    if (!vendor.hasOurIndex) expect(described).toContain("CREATING");
  });

  test("lets the function decrypt only if the table has a customer managed key", () => {
    const policies = deployCalls
      .filter(({ operation }) => operation === "PutRolePolicy")
      .map(({ input }) => input as { RoleName: string; PolicyName: string; PolicyDocument: string })
      .filter(({ RoleName }) => RoleName === `blockedCalls-${name}-${REGION}`);
    const hasKey = vendor.table.SSESpecification !== undefined;
    expect(policies.map(({ PolicyName }) => PolicyName).sort()).toEqual(hasKey ? ["decrypt", "lookup"] : ["lookup"]);
    const decrypt = policies.find(({ PolicyName }) => PolicyName === "decrypt");
    if (hasKey) expect(JSON.parse(decrypt?.PolicyDocument ?? "")).toMatchObject({ Statement: [{ Resource: KEY_ARN }] });
  });

  test("has its state in the bucket only", async () => {
    const key = `connectpath-call-blocking/e2e/${REGION}/${name}/terraform.tfstate`;
    const states = deployCalls.filter((c) => c.service === "s3" && c.method === "PUT" && c.url.includes(`${key}?`));
    expect(states.length).toBeGreaterThan(0);
    const local = [world.stackDirectory(name), projectRoot()].flatMap((directory) => readdirSync(directory));
    expect(local.filter((file) => file.includes("tfstate"))).toEqual([]);
    const listed = await world.terraform(name, "state", "list");
    expect(listed.output.split("\n").filter(Boolean)).toContain("aws_dynamodb_table.contacts");
  });

  test("has a module that calls the associated alias", () => {
    const id = world.instanceId(name);
    const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:blockedCalls-${name}:live`;
    expect(world.connect.associations(id)).toEqual([arn]);
    expect(world.connect.modules(id).get("blockedStatus")?.content).toContain(arn);
  });
});

describe("after changes by the vendor", () => {
  test.each(adoptable)(
    "with the table $what, a new index and a new tag leave the plan empty",
    async ({ name, table }) => {
      const scaled = { ReadCapacityUnits: 40, WriteCapacityUnits: 30 };
      const provisioned = table.BillingMode === "PROVISIONED";
      await world.dynamodb.send(
        new UpdateTableCommand({
          TableName: `dextr-${name}`,
          AttributeDefinitions: [{ AttributeName: "g9", AttributeType: "S" }],
          GlobalSecondaryIndexUpdates: [
            {
              Create: {
                IndexName: "vendor-9",
                KeySchema: [{ AttributeName: "g9", KeyType: "HASH" }],
                Projection: { ProjectionType: "ALL" },
                ...(provisioned ? { ProvisionedThroughput: scaled } : {}),
              },
            },
          ],
        }),
      );
      await world.dynamodb.send(
        new TagResourceCommand({
          ResourceArn: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/dextr-${name}`,
          Tags: [{ Key: "vendor", Value: "new" }],
        }),
      );
      await expectNothingToPlan(name);
    },
  );

  test("scaled capacities of the table and of our index leave the plan empty", async () => {
    await world.dynamodb.send(
      new UpdateTableCommand({
        TableName: "dextr-provisioned",
        ProvisionedThroughput: { ReadCapacityUnits: 21, WriteCapacityUnits: 22 },
        GlobalSecondaryIndexUpdates: ["vendor-1", INDEX].map((IndexName) => ({
          Update: { IndexName, ProvisionedThroughput: { ReadCapacityUnits: 50, WriteCapacityUnits: 60 } },
        })),
      }),
    );
    await expectNothingToPlan("provisioned");
  });
});

test("ignore_changes covers every table argument of the provider except the indexes", async () => {
  const { output } = await world.terraform("hash-only", "providers", "schema", "-json");
  const { provider_schemas } = JSON.parse(output) as ProviderSchemas;
  const { attributes, block_types } =
    provider_schemas["registry.terraform.io/hashicorp/aws"].resource_schemas.aws_dynamodb_table.block;
  const settable = Object.entries(attributes).filter(([, { optional }]) => optional);
  const ours = ["id", "attribute", "global_secondary_index", "timeouts"];
  const arguments_ = [...settable.map(([argument]) => argument), ...Object.keys(block_types)];

  const file = path.join(world.stackDirectory("hash-only"), "cdk.tf.json");
  const synthesized = JSON.parse(readFileSync(file, "utf8")) as Synthesized;
  expect(synthesized.resource.aws_dynamodb_table.contacts.lifecycle.ignore_changes).toEqual(
    arguments_.filter((argument) => !ours.includes(argument)).sort(),
  );
});

describe("a table that cannot be adopted", () => {
  test.each(refused)(
    "$what stops cdktf deploy with an explanation, and nothing is written",
    async ({ name, sentence }) => {
      world.proxy.clear();
      const { exitCode, output } = await world.cdktf(
        "deploy",
        world.stackName(name),
        "--auto-approve",
        "--skip-provider-lock",
        "--skip-synth",
      );
      expect(exitCode).not.toBe(0);
      expect(unwrapped(output)).toContain(sentence);
      expect(world.proxy.mutating("dynamodb")).toEqual([]);
      expect(world.proxy.mutating("lambda")).toEqual([]);
      expect(world.connect.modules(world.instanceId(name)).size).toBe(0);
      expect(await readTable(world.dynamodb, name)).toEqual(stateBefore(name));
    },
  );
});

test("a table with replicas in other regions is refused, and the message names the regions", async () => {
  const name = "local-index";
  const described = deployCalls.findLast(
    (call) => call.operation === "DescribeTable" && tableOf(call) === `dextr-${name}`,
  );
  const { Table } = described?.output as { Table: TableDescription };
  // moto does not support current global tables. This is the answer of moto with the replicas that AWS would add.
  const withReplicas = (...regions: readonly string[]) =>
    world.proxy.intercept(
      ({ operation, input }) =>
        operation === "DescribeTable" && (input as { TableName?: string }).TableName === `dextr-${name}`,
      () => {
        const Replicas = regions.map((RegionName) => ({ RegionName, ReplicaStatus: "ACTIVE" }));
        return { status: 200, body: JSON.stringify({ Table: { ...Table, Replicas } }) };
      },
    );
  const withdraw = withReplicas("eu-west-1", REGION, "ap-south-1");
  try {
    const { exitCode, output } = await world.terraform(name, "plan", "-input=false", "-no-color");
    expect(exitCode).toBe(1);
    expect(unwrapped(output)).toContain(
      "Table dextr-local-index is a global table with replicas in ap-south-1, eu-west-1: " +
        "DynamoDB would build Disposition-CustomerEndpoint-index in each of these regions.",
    );
  } finally {
    withdraw();
  }
  // A table that is its own and only replica is not in another region.
  const withdrawOwn = withReplicas(REGION);
  try {
    await expectNothingToPlan(name);
  } finally {
    withdrawOwn();
  }
});

describe("state", () => {
  test("a second deployment is refused while the first one holds the lock", async () => {
    const name = "hash-only";
    // Terraform asks before it applies, and holds the lock while it waits for the answer.
    const holder = world.startTerraform(
      name,
      "apply",
      "-no-color",
      "-lock-timeout=0s",
      "-replace=aws_lambda_alias.live",
    );
    await holder.says("Enter a value:");
    const second = await world.cdktf(
      "deploy",
      world.stackName(name),
      "--auto-approve",
      "--skip-provider-lock",
      "--skip-synth",
    );
    expect(second.exitCode).not.toBe(0);
    expect(second.output).toContain("Error acquiring the state lock");
    holder.type("no\n");
    expect((await holder.finished).output).toContain("Apply cancelled.");
    const third = await world.terraform(name, "plan", "-input=false", "-no-color");
    expect(third.exitCode).toBe(0);
  });
});

describe("content that Connect refuses", () => {
  const name = "made-by-hand";

  test("is refused by the emulator, and the module does not change", async () => {
    const file = path.join(world.stackDirectory(name), "cdk.tf.json");
    const synthesized = readFileSync(file, "utf8");
    const id = world.instanceId(name);
    const registered = world.connect.modules(id).get("blockedStatus")?.content;
    world.proxy.clear();
    try {
      // An edit of the synthesized file: the Lambda block loses its error branch.
      const damaged = synthesized.replaceAll(
        String.raw`\"ErrorType\":\"NoMatchingError\"`,
        String.raw`\"ErrorType\":\"Oops\"`,
      );
      expect(damaged).not.toBe(synthesized);
      writeFileSync(file, damaged);
      const { exitCode, output } = await world.terraform(name, "apply", "-auto-approve", "-input=false", "-no-color");
      expect(exitCode).toBe(1);
      expect(output).toContain("InvalidContactFlowModuleException");
    } finally {
      writeFileSync(file, synthesized);
    }
    const refusal = world.proxy.calls().find(({ operation }) => operation === "UpdateContactFlowModuleContent");
    expect(refusal?.status).toBe(400);
    expect((refusal?.output as { Problems: { message: string }[] }).Problems.map(({ message }) => message)).toContain(
      "Action is missing required error. Error: NoMatchingError, Path: Actions[0]",
    );
    expect(world.connect.modules(id).get("blockedStatus")?.content).toBe(registered);
  });

  test("is refused when the environment files are read, before any call to AWS", async () => {
    const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "empty.yaml");
    const yaml = readFileSync(path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml"), "utf8");
    writeFileSync(file, yaml.replace("blockedDispositions: [Blocked]", 'blockedDispositions: [""]'));
    world.proxy.clear();
    try {
      const { exitCode, output } = await world.cdktf("deploy", world.stackName(name), "--auto-approve");
      expect(exitCode).not.toBe(0);
      expect(unwrapped(output)).toContain('blockedDispositions[0]: "" is empty. The comparison is exact');
      expect(output).not.toMatch(/^\s+at .*\(/m);
    } finally {
      rmSync(file);
    }
    expect(world.proxy.calls()).toEqual([]);
  });
});

test("cdktf destroy is refused because of the table", async () => {
  const name = "local-index";
  world.proxy.clear();
  const { exitCode } = await world.cdktf("destroy", world.stackName(name), "--auto-approve", "--skip-synth");
  expect(exitCode).not.toBe(0);
  expect(world.proxy.mutating("dynamodb")).toEqual([]);
  expect(world.connect.modules(world.instanceId(name)).has("blockedStatus")).toBe(true);
  // cdktf does not print the reason. Terraform does.
  const plan = await world.terraform(name, "plan", "-destroy", "-input=false", "-no-color");
  expect(unwrapped(plan.output)).toContain("has lifecycle.prevent_destroy set, but the plan calls for this resource");
});

test("terraform state rm releases the table without a call to DynamoDB", async () => {
  world.proxy.clear();
  const { exitCode, output } = await world.terraform("made-by-hand", "state", "rm", "aws_dynamodb_table.contacts");
  expect(output).toContain("Successfully removed 1 resource instance(s).");
  expect(exitCode).toBe(0);
  expect(world.proxy.calls().filter(({ service }) => service === "dynamodb")).toEqual([]);
});

describe("a call through the deployed stack", () => {
  const name = withInboundFlow;
  let lambda: FunctionInstance;

  beforeAll(async () => {
    const create = deployCalls.find(
      ({ operation, input }) =>
        operation === "CreateFunction" && (input as { FunctionName: string }).FunctionName === `blockedCalls-${name}`,
    );
    const uploaded = create?.input as {
      Code: { ZipFile: string };
      Handler: string;
      Environment: { Variables: Record<string, string> };
    };
    lambda = await startFunction({
      zip: Buffer.from(uploaded.Code.ZipFile, "base64"),
      handler: uploaded.Handler,
      environment: {
        ...uploaded.Environment.Variables,
        AWS_REGION: REGION,
        AWS_ENDPOINT_URL: world.proxy.url,
      },
    });
  });

  afterAll(() => lambda.stop());

  async function call(from: string): Promise<string | undefined> {
    const id = world.instanceId(name);
    const registered = world.connect.modules(id).get("blockedStatus");
    if (registered === undefined) throw new Error("the module is not registered");
    const { attributes } = await playCall({
      content: JSON.parse(registered.content) as FlowContent,
      kind: "module",
      region: REGION,
      instanceArn: `arn:aws:connect:${REGION}:${ACCOUNT}:instance/${id}`,
      from,
      invoke: (_, event, timeoutMs) => lambda.invoke(event, { timeoutMs }),
      mayInvoke: (arn) => world.connect.lambdaAllowed(id, arn),
    });
    return attributes["blockedStatus"];
  }

  test("is blocked only if the number is listed", async () => {
    expect(await call("+15555550101")).toBe("match");
    expect(await call("+15555550100")).toBe("nomatch");
    expect(await call("Anonymous")).toBe("nomatch");
  });

  test("is blocked as soon as a contact is overridden", async () => {
    expect(await call("+15555550107")).toBe("nomatch");
    const item = { hash: { S: "contact-7" }, range: { S: "ctr" }, CustomerEndpoint: { S: "+15555550107" } };
    const put = (Disposition: string) =>
      world.dynamodb.send(
        new PutItemCommand({ TableName: `dextr-${name}`, Item: { ...item, Disposition: { S: Disposition } } }),
      );
    await put("Nuisance");
    expect(await call("+15555550107")).toBe("nomatch");
    await put("Blocked");
    expect(await call("+15555550107")).toBe("match");
  });

  test("reaches the queue through the inbound flow, or ends in the flow if it is blocked", async () => {
    const id = world.instanceId(name);
    const content = (resource: { readonly content: string } | undefined): FlowContent =>
      JSON.parse(resource?.content ?? "{}") as FlowContent;
    const module = world.connect.modules(id).get("blockedStatus");
    const ending = async (from: string) => {
      const { ending: end } = await simulate({
        content: content(world.connect.flows(id).get("Inbound with call blocking")),
        kind: "flow",
        contact: inboundContact({
          from,
          region: REGION,
          instanceArn: `arn:aws:connect:${REGION}:${ACCOUNT}:instance/${id}`,
        }),
        modules: { [module?.id ?? ""]: content(module) },
        invokeLambda: async (_, event) => (await lambda.invoke(event)).payload,
      });
      return end;
    };
    expect(await ending("+15555550100")).toEqual({ kind: "queued", queue });
    expect(await ending("+15555550101")).toEqual({ kind: "disconnected" });
  });

  test("sends only a Query of the index to the table", async () => {
    world.proxy.clear();
    await call("+15555550101");
    expect(world.proxy.calls().map(({ service, operation }) => `${service}:${operation}`)).toEqual(["dynamodb:Query"]);
  });
});

test("the uploaded zip is the synthesized zip", () => {
  const [stack] = readSandboxStacks(String(world.env["CDKTF_OUTDIR"])).values();
  const uploads = deployCalls.filter(
    ({ operation, input }) =>
      operation === "CreateFunction" && !(input as { FunctionName: string }).FunctionName.includes("-canary-"),
  );
  expect(uploads).toHaveLength(adoptable.length);
  for (const { input } of uploads)
    expect((input as { Code: { ZipFile: string } }).Code.ZipFile).toBe(
      Buffer.from(stack?.function.zip ?? []).toString("base64"),
    );
});
