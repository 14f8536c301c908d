/** `fleet recover` rebuilds a lost state from existing resources, without a change in AWS, and the next plan is empty. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { LambdaClient, UpdateFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import { DeleteObjectCommand, HeadObjectCommand, NotFound } from "@aws-sdk/client-s3";
import { projectRoot } from "../../lambda/packaging";
import type { RecordedCall } from "../../emulators/aws/recording-proxy";
import { adoptable, createVendorTable, readTable, type TableState } from "./vendor-tables";
import { ACCOUNT, BUCKET, createWorld, type Finished, REGION, type World } from "./world";

jest.setTimeout(10 * 60_000);

/** The table with a customer managed key. Both roles of its stack have an additional policy. */
const name = "rich";
const Key = `connectpath-call-blocking/e2e/${REGION}/${name}/terraform.tfstate`;

let world: World;
let plans: string;
let deployed: TableState;

const plan = (): Promise<Finished> => world.fleet("plan", `instance=${name}`, "--plans", plans);
const recover = (...more: readonly string[]): Promise<Finished> => world.fleet("recover", `instance=${name}`, ...more);

async function hasState(): Promise<boolean> {
  try {
    await world.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key }));
    return true;
  } catch (error) {
    if (error instanceof NotFound) return false;
    throw error;
  }
}
/** Every object that was written to the state bucket, deleted ones included, without locks. */
const written = (): readonly string[] =>
  world.proxy
    .mutating("s3")
    .filter(({ operation, url }) => operation === "PutObject" && !url.includes(".tflock"))
    .map(({ url }) => url);
const loseState = () => world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));

/** Changing calls, except those for the state and its lock. */
const changes = (): readonly RecordedCall[] =>
  ["dynamodb", "lambda", "iam", "logs", "connect", "monitoring", "events", "sns"].flatMap((service) =>
    world.proxy.mutating(service),
  );

beforeAll(async () => {
  // Separate read-only roles.
  const role = (purpose: string): string => `arn:aws:iam::${ACCOUNT}:role/${purpose}`;
  world = await createWorld([name], {
    more: () => [
      "inboundFlow: { queue: 11111111-2222-4333-8444-555555555555 }",
      `planRole: { arn: "${role("plan")}" }`,
      `state: { planRoleArn: "${role("state-read")}" }`,
    ],
  });
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
  const vendor = adoptable.find((table) => table.name === name);
  if (vendor === undefined) throw new Error(`there is no table ${name}`);
  await createVendorTable(world.dynamodb, vendor);
  await plan();
  const { output } = await world.fleet("deploy", `instance=${name}`, "--plans", plans);
  expect(output).toContain("Everything is deployed and verified.");
  deployed = await readTable(world.dynamodb, name);
});

afterAll(() => world.stop());
beforeEach(() => {
  world.proxy.clear();
});

test("a state with resources is refused, because the state is not lost", async () => {
  const { exitCode, output } = await recover("--yes");
  expect(output).toContain(`The state s3://${BUCKET}/${Key} contains resources (`);
  expect(output).toContain("the state is not lost, and nothing was written");
  expect(exitCode).toBe(3);
  expect(changes()).toEqual([]);
});

test("without --yes, recover lists found and missing resources, and writes nothing", async () => {
  await loseState();
  const releases = [
    world.proxy.intercept(
      ({ service, operation, input }) =>
        service === "logs" &&
        operation === "DescribeLogGroups" &&
        JSON.stringify(input).includes("blockedCalls-canary"),
      () => ({ status: 200, headers: { "content-type": "application/x-amz-json-1.1" }, body: '{"logGroups":[]}' }),
    ),
    // For a permission, the provider reads the function first and has its own message for a missing one.
    world.proxy.intercept(
      ({ service, method, url }) =>
        service === "lambda" &&
        method === "GET" &&
        url.includes(`blockedCalls-${name}`) &&
        url.includes("Qualifier=live"),
      () => ({ status: 404, headers: { "x-amzn-errortype": "ResourceNotFoundException" }, body: "{}" }),
    ),
  ];
  const { exitCode, output } = await recover();
  for (const release of releases) release();
  expect(written()).toEqual([]);
  expect(output).toMatch(/found +aws_dynamodb_table\.contacts +dextr-rich/);
  expect(output).toMatch(/not found +aws_cloudwatch_log_group\.canary/);
  expect(output).toMatch(/not found +aws_lambda_permission\.connect/);
  expect(output).toMatch(/: (\d+) of \d+ resources found/);
  // All resources except these two are found. The plan creates the two and touches no others.
  expect(output.match(/^not found/gm)).toHaveLength(2);
  expect(output).toContain(
    "Differences from the configuration:\n  create aws_lambda_permission.connect\n  create aws_cloudwatch_log_group.canary\n\n",
  );
  expect(output).toContain(
    `Nothing was written. Run the same command with --yes to write the state of: ${world.stackName(name)}.`,
  );
  expect(exitCode).toBe(0);
  expect(await hasState()).toBe(false);
  expect(changes()).toEqual([]);
});

test("a killed run writes nothing; the next run completes the state and changes nothing in AWS", async () => {
  const running = world.startFleet("recover", `instance=${name}`, "--yes");
  await running.says("(9 of ");
  running.kill("SIGKILL", "group");
  await running.finished;
  expect(await hasState()).toBe(false);

  const { exitCode, output } = await recover("--yes");
  expect(output).toContain(`State written: ${world.stackName(name)}. Nothing in AWS was changed.`);
  expect(output).not.toContain("not found");
  expect(output).not.toContain("Differences from");
  expect(exitCode).toBe(0);
  expect(await hasState()).toBe(true);
  // Neither run left a plaintext state on disk.
  expect(readdirSync(path.join(projectRoot(), "build", "recover"))).toEqual([]);
  expect(changes()).toEqual([]);
});

test("the next plan is empty, and the table is unchanged", async () => {
  const { exitCode, output } = await plan();
  expect(output).toContain("nothing to do");
  expect(exitCode).toBe(0);
  expect(await readTable(world.dynamodb, name)).toEqual(deployed);
});

test("a foreign resource with a name of the stack is refused before anything is written", async () => {
  await loseState();
  const lambda = new LambdaClient(world.clientSettings);
  const FunctionName = `blockedCalls-${name}`;
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: "mine" }));
  lambda.destroy();
  const { exitCode, output } = await recover("--yes");
  expect(output).toContain('aws_lambda_function.blocked_calls has another creator: its description is "mine".');
  expect(output).toContain("Nothing was written.");
  expect(exitCode).toBe(3);
  expect(await hasState()).toBe(false);
});
