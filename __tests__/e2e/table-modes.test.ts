/**
 * The two modes of the table on real Terraform: both switches, and a table that Terraform cannot mirror, from discover to release. No command
 * of this file changes a table, except the first deployment of the adopted one.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { GlobalSecondaryIndex } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { parse } from "yaml";
import { createVendorTable, index, INDEX, readTable, type TableState, type VendorTable } from "./vendor-tables";
import { BUCKET, createWorld, REGION, type Finished, type World } from "./world";

jest.setTimeout(10 * 60_000);

const adopted = "shared-keys";
const several = "several-keys";
const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });

/** A table with an index that has two hash attributes, as DynamoDB allows since November 2025, and with these further indexes. */
const vendorTable = (name: string, ...more: readonly GlobalSecondaryIndex[]): VendorTable => ({
  name,
  what: "with an index that has two hash attributes",
  table: {
    KeySchema: [key("hash", "HASH"), key("range", "RANGE")],
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: ["hash", "range", "tenant", "queue", "day"].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S",
    })),
    GlobalSecondaryIndexes: [
      {
        IndexName: "vendor-tenant-queue",
        KeySchema: [key("tenant", "HASH"), key("queue", "HASH"), key("day", "RANGE")],
        Projection: { ProjectionType: "ALL" },
      },
      ...more,
    ],
  },
});

const sentence =
  "Terraform cannot mirror the table dextr-several-keys, because the AWS provider does not read the index with the key tenant (an index with " +
  "several hash or range attributes, or a vector index): nothing was changed, calls continue as before, and to deploy without managing the " +
  "table, set table: { adopt: false } for several-keys in environments/e2e.yaml.";

let world: World;
let file: string;
const before = new Map<string, TableState>();

beforeAll(async () => {
  world = await createWorld([adopted, several], {
    more: (name) => [`table: { adopt: true } # ${name}`, `release: false # ${name}`],
  });
  file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  // Every attribute of this table is a key that the provider reads, so Terraform can mirror the table.
  await createVendorTable(world.dynamodb, vendorTable(adopted, index("vendor-tenant", "tenant")));
  await createVendorTable(world.dynamodb, vendorTable(several));
});

afterAll(() => world.stop());

/** Changes a line of an instance in the environment file. */
function set(name: string, setting: string, value: string): void {
  const yaml = readFileSync(file, "utf8");
  const line = new RegExp(`${setting}: .* # ${name}$`, "m");
  expect(yaml).toMatch(line);
  writeFileSync(file, yaml.replace(line, `${setting}: ${value} # ${name}`));
}

/** Output without the line breaks of Terraform and without its frame. */
const unwrapped = ({ output }: Finished): string => output.replaceAll(/[\s│╷╵]+/g, " ");

const plans = (): string => path.join(path.dirname(file), "../plans");
const plan = (...selection: readonly string[]): Promise<Finished> =>
  world.fleet("plan", "--plans", plans(), ...selection);

async function deploy(...selection: readonly string[]): Promise<string> {
  const { output, exitCode } = await world.fleet("deploy", "--plans", plans(), ...selection);
  if (exitCode !== 0) throw new Error(output);
  return output;
}

async function expectUnchangedTables(): Promise<void> {
  expect(world.proxy.mutating("dynamodb")).toEqual([]);
  for (const name of [adopted, several]) expect(await readTable(world.dynamodb, name)).toEqual(before.get(name));
}

/** The row of a stack in the summary: to import, add, change, destroy, forget, guard. */
function row({ output }: Finished, name: string): readonly string[] {
  const found = new RegExp(`^${world.stackName(name)} +(.+)$`, "m").exec(output)?.[1];
  return found?.endsWith("allowed") === true ? found.split(/ +/) : [output];
}

/** The lines of a change in the terminal review. */
function changedLines({ output }: Finished, change: string): readonly string[] {
  const lines = output.split("\n");
  const from = lines.findIndex((line) => line.trim() === change) + 1;
  const count = lines.slice(from).findIndex((line) => !line.startsWith("    "));
  return from === 0 ? [output] : lines.slice(from, from + count);
}

/** Addresses of the managed resources in the state of an instance. */
async function managed(name: string): Promise<readonly string[]> {
  const Key = `connectpath-call-blocking/e2e/${REGION}/${name}/terraform.tfstate`;
  const { Body } = await world.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }));
  const { resources } = JSON.parse((await Body?.transformToString()) ?? "") as {
    resources: readonly { mode: string; type: string; name: string }[];
  };
  return resources.filter(({ mode }) => mode === "managed").map((resource) => `${resource.type}.${resource.name}`);
}

const TABLE = "aws_dynamodb_table.contacts";

test("discover lets the stack of a table that cannot be mirrored only read the table", async () => {
  // discover leaves out instances of the environment files.
  const yaml = readFileSync(file, "utf8");
  rmSync(file);
  const { output, exitCode } = await world.fleet("discover", "--region", REGION);
  writeFileSync(file, yaml);
  expect(exitCode).toBe(0);
  const { instances } = parse(output) as { instances: readonly { name: string; table?: object }[] };
  expect(instances.map(({ name, table }) => ({ name, table }))).toEqual([
    { name: several, table: { adopt: false } },
    { name: adopted, table: undefined },
  ]);
});

test("every command explains in one sentence that the table cannot be mirrored", async () => {
  world.proxy.clear();
  const stack = world.stackName(several);
  const readOnly = await Promise.all([
    world.cdktf("diff", stack, "--skip-provider-lock"),
    ...["drift", "preflight", "verify"].map((command) => world.fleet(command, stack)),
  ]);
  // plan needs the lock that diff holds. The next test deploys its plan of the other stack.
  const finished = [...readOnly, await plan()];
  for (const { output, exitCode } of finished) {
    expect(unwrapped({ output, exitCode })).toContain(sentence);
    expect(output).not.toContain("all attributes must be indexed");
    // Neither stack is deployed yet, so verify fails too.
    expect(exitCode).toBe(1);
  }
  expect(world.proxy.mutating("dynamodb")).toEqual([]);
});

test("the adopting mode changes the table once", async () => {
  world.proxy.clear();
  set(several, "table", "{ adopt: false }");
  await deploy(world.stackName(adopted));
  expect(world.proxy.mutating("dynamodb").map(({ operation }) => operation)).toEqual(["UpdateTable"]);
  expect(await managed(adopted)).toContain(TABLE);
});

test("a stack that only reads the table stops until the table has the index", async () => {
  const stack = world.stackName(several);
  expect(unwrapped(await plan(stack))).toContain(
    `Table dextr-several-keys has no index ${INDEX}, and with table.adopt: false the stack does not create the index. Nothing was changed. ` +
      `Create the index with npm run fleet -- index stack=${stack}, or ask the owner of the table to create it`,
  );
  const built = await world.fleet("index", stack);
  if (built.exitCode !== 0) throw new Error(built.output);
});

test("the switch to reading, and the deployment of the other table, change no table", async () => {
  for (const name of [adopted, several]) before.set(name, await readTable(world.dynamodb, name));
  set(adopted, "table", "{ adopt: false }");
  world.proxy.clear();
  const planned = await plan();
  // To import, add, change, destroy and forget.
  expect(row(planned, adopted)).toEqual(["-", "-", "-", "-", "1", "allowed"]);
  expect(row(planned, several)).toEqual(["-", expect.stringMatching(/^\d+$/), "-", "-", "-", "allowed"]);
  expect(await deploy()).toContain("Everything is deployed and verified.");
  await expectUnchangedTables();
  for (const name of [adopted, several]) {
    expect(await managed(name)).toContain("aws_lambda_function.blocked_calls");
    expect(await managed(name)).not.toContain(TABLE);
  }
});

test("the stack that reads a table with several keys blocks a listed number", async () => {
  const { output, exitCode } = await world.fleet("check", "+15555550101", world.stackName(several));
  expect(output).toContain(`${world.stackName(several)}: BLOCKED (blocked)`);
  expect(exitCode).toBe(0);
});

test("the switch back imports the table without a change, and the release changes no table", async () => {
  set(adopted, "table", "{ adopt: true }");
  set(several, "release", "keep-index");
  world.proxy.clear();
  const planned = await plan();
  // An import leaves the arguments of Terraform itself empty: the time limit is no property of the table.
  expect(row(planned, adopted)).toEqual(["1", "-", "1", "-", "-", "allowed"]);
  expect(changedLines(planned, "change aws_dynamodb_table.contacts")).toEqual([
    expect.stringContaining(`+ imported: dextr-${adopted}`),
  ]);
  expect(row(planned, several)).toEqual(["-", "-", "-", expect.stringMatching(/^\d+$/), "1", "allowed"]);
  expect(await deploy()).toContain("Everything is deployed and verified.");
  await expectUnchangedTables();
  expect(await managed(adopted)).toContain(TABLE);
  expect(await managed(several)).toEqual([]);
});
