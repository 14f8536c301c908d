/** Release: after deployment and removal each table is as before, item by item and index by index, and nothing can delete it. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { projectRoot } from "../../lambda/packaging";
import { adoptable, createVendorTable, INDEX, readTable, type TableState } from "./vendor-tables";
import { createWorld, type Finished, type World } from "./world";

jest.setTimeout(10 * 60_000);

/** Two instances are released in two steps, and one keeps the index. */
const inTwoSteps = ["on-demand", "provisioned"] as const;
const keepsIndex = "hash-only";
const names = [...inTwoSteps, keepsIndex];
let world: World;
const before = new Map<string, TableState>();
let removal: readonly RecordedCall[] = [];

beforeAll(async () => {
  world = await createWorld(names, { more: (name) => [`release: false # ${name}`] });
  for (const name of names) {
    const vendor = adoptable.find((table) => table.name === name);
    if (vendor === undefined) throw new Error(`no table ${name}`);
    await createVendorTable(world.dynamodb, vendor);
    before.set(name, await readTable(world.dynamodb, name));
  }
  const { exitCode, output } = await world.cdktf(
    "deploy",
    ...names.map(world.stackName),
    "--auto-approve",
    "--skip-provider-lock",
    "--parallelism",
    "2",
  );
  if (exitCode !== 0) throw new Error(output);
});

afterAll(() => world.stop());

/** Writes the release of each instance into the environment file and synthesizes. */
function release(how: string, ...instances: readonly string[]): void {
  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  let yaml = readFileSync(file, "utf8");
  for (const name of instances) {
    const changed = yaml.replace(new RegExp(`release: .* # ${name}$`, "m"), `release: ${how} # ${name}`);
    expect(changed).toContain(`release: ${how} # ${name}`);
    yaml = changed;
  }
  writeFileSync(file, yaml);
  execFileSync(process.execPath, [path.join(projectRoot(), "build/main.js")], { env: world.env, stdio: "pipe" });
  world.proxy.clear();
}

const apply = (name: string): Promise<Finished> =>
  world.terraform(name, "apply", "-auto-approve", "-input=false", "-no-color");

/** The output without line breaks: Terraform wraps its messages. */
const unwrapped = (output: string): string => output.replaceAll(/[\s│╷╵]+/g, " ");

async function expectNothingToPlan(name: string): Promise<void> {
  const plan = await world.terraform(name, "plan", "-input=false", "-detailed-exitcode", "-no-color");
  expect(plan.output).toContain("No changes.");
  expect(plan.exitCode).toBe(0);
}

const managed = async (name: string): Promise<readonly string[]> =>
  (await world.terraform(name, "state", "list")).output.split("\n").filter((line) => line && !line.startsWith("data."));

/** The changing calls of one stack, in order, without those for the state. */
const changes = (calls: readonly RecordedCall[], name: string): readonly string[] =>
  calls
    .filter(
      ({ url, input }) => `${url} ${JSON.stringify(input)}`.includes(name) || url.includes(world.instanceId(name)),
    )
    .filter(({ service, operation }) => service !== "s3" && !/^(Describe|List|Get)/.test(operation))
    .map(({ operation }) => operation);

/** The canary has its own role, permission and log group. Their order does not matter. */
const withoutCanary = (calls: readonly RecordedCall[]): readonly RecordedCall[] =>
  calls.filter(({ url, input }) => !`${url} ${JSON.stringify(input)}`.includes("canary"));

test("cdktf destroy is refused with the release steps, before any call to AWS", async () => {
  world.proxy.clear();
  const { exitCode, output } = await world.cdktf("destroy", world.stackName(keepsIndex), "--auto-approve");
  expect(exitCode).toBe(1);
  expect(unwrapped(output)).toContain(
    `e2e-hash-only-us-east-1 cannot be destroyed, because it manages the vendor's table dextr-hash-only. ` +
      `To release the instance, set release: remove-index for hash-only in environments/e2e.yaml and deploy that, then release: forget and deploy that; ` +
      `or once release: keep-index, which leaves the index on the table. The table always stays.`,
  );
  expect(output).not.toContain("the vendor's table dextr-on-demand");
  expect(output).not.toMatch(/^\s+at .*\(/m);
  expect(world.proxy.calls()).toEqual([]);
});

test("terraform destroy is refused, with the steps of a release", async () => {
  const { exitCode, output } = await world.terraform(keepsIndex, "plan", "-destroy", "-input=false", "-no-color");
  expect(exitCode).toBe(1);
  expect(output).toContain('- letting_go         = "Not by destroy. Set release: remove-index for hash-only in');
  expect(output).toContain("Instance cannot be destroyed");
});

test("the second step before the first step is refused with both remedies, and nothing is written", async () => {
  release("forget", "on-demand");
  const { exitCode, output } = await apply("on-demand");
  expect(exitCode).toBe(1);
  expect(unwrapped(output)).toContain(
    "Table dextr-on-demand still has the index Disposition-CustomerEndpoint-index. Nothing was changed. To delete the index, " +
      "set release: remove-index for on-demand in environments/e2e.yaml, deploy that, and then set release: forget. " +
      "To keep the index, set release: keep-index.",
  );
  expect(changes(world.proxy.calls(), "on-demand")).toEqual([]);
});

describe("release: remove-index", () => {
  beforeAll(async () => {
    release("remove-index", ...inTwoSteps);
    const { exitCode, output } = await world.cdktf(
      "deploy",
      ...inTwoSteps.map(world.stackName),
      "--auto-approve",
      "--skip-provider-lock",
      "--parallelism",
      "2",
    );
    if (exitCode !== 0) throw new Error(output);
    removal = world.proxy.calls();
  });

  test.each(inTwoSteps)("%s: the only change of the table is one UpdateTable with one Delete", (name) => {
    const calls = removal.filter(
      ({ input }) => (input as { TableName?: string } | undefined)?.TableName === `dextr-${name}`,
    );
    expect(calls.filter(({ operation }) => !operation.startsWith("Describe")).map(({ input }) => input)).toEqual([
      { TableName: `dextr-${name}`, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: INDEX } }] },
    ]);
  });

  test.each(inTwoSteps)("%s: the module is deleted before the resources that it needs", (name) => {
    const order = changes(withoutCanary(removal), name);
    const callPath = [
      "DeleteContactFlowModule",
      "DisassociateLambdaFunction",
      "RemovePermission",
      "DeleteAlias",
      "DeleteFunction",
      "DeleteRole",
    ];
    const places = callPath.map((operation) => order.indexOf(operation));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(order).not.toContain("DeleteLogGroup");
  });

  test.each(inTwoSteps)("%s: the table is as before, and still in the state", async (name) => {
    expect(await readTable(world.dynamodb, name)).toEqual(before.get(name));
    expect(await managed(name)).toEqual(["aws_dynamodb_table.contacts"]);
    await expectNothingToPlan(name);
  });
});

describe("release: forget", () => {
  test("terraform destroy before the deployment fails with a remediation, and deletes nothing", async () => {
    release("forget", ...inTwoSteps);
    const { exitCode, output } = await world.terraform("provisioned", "destroy", "-auto-approve", "-no-color");
    expect(exitCode).toBe(1);
    expect(unwrapped(output)).toContain(
      "The table dextr-provisioned belongs to the vendor and is not deleted. Deploy e2e-provisioned-us-east-1 first, which removes the table from the state.",
    );
    expect(world.proxy.mutating("dynamodb")).toEqual([]);
    expect(await managed("provisioned")).toEqual(["aws_dynamodb_table.contacts"]);
  });

  test.each(inTwoSteps)("%s: the table is forgotten without a call, and is as before", async (name) => {
    release("forget", ...inTwoSteps);
    const { exitCode, output } = await apply(name);
    expect(output).toContain("aws_dynamodb_table.contacts will no longer be managed by Terraform");
    expect(output).toContain("Resources: 0 added, 0 changed, 0 destroyed.");
    expect(exitCode).toBe(0);
    expect(changes(world.proxy.calls(), name)).toEqual([]);
    expect(await managed(name)).toEqual([]);
    expect(await readTable(world.dynamodb, name)).toEqual(before.get(name));
    await expectNothingToPlan(name);
  });

  test("a later destroy has nothing to destroy", async () => {
    const { exitCode, output } = await world.terraform("on-demand", "destroy", "-auto-approve", "-no-color");
    expect(exitCode).toBe(0);
    expect(output).toContain("Resources: 0 destroyed.");
    expect(world.proxy.mutating("dynamodb")).toEqual([]);
  });
});

test("release: keep-index removes everything in one step, and keeps the index on the table", async () => {
  release("keep-index", keepsIndex);
  const now = await readTable(world.dynamodb, keepsIndex);
  const { exitCode } = await apply(keepsIndex);
  expect(exitCode).toBe(0);
  expect(world.proxy.mutating("dynamodb")).toEqual([]);
  const order = changes(withoutCanary(world.proxy.calls()), keepsIndex);
  expect(order).toEqual(expect.arrayContaining(["DeleteContactFlowModule", "DeleteFunction", "DeleteRole"]));
  expect(order).not.toContain("DeleteLogGroup");
  expect(await managed(keepsIndex)).toEqual([]);
  const then = before.get(keepsIndex);
  const left = await readTable(world.dynamodb, keepsIndex);
  expect(left).toEqual(now);
  expect([...left.indexes.keys()]).toEqual([...(then?.indexes.keys() ?? []), INDEX]);
  expect({ table: left.table, items: left.items }).toEqual({ table: then?.table, items: then?.items });
  await expectNothingToPlan(keepsIndex);
});
