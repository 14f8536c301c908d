/**
 * Faults during plans and deployments with Terraform. After each fault, one further documented command continues.
 *
 * `RUNS=all npm run e2e -- e2e/faults` also runs the tests that unit tests cover in part.
 */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { readStatuses } from "../../fleet/rollout/journal";
import {
  activeTable,
  addressesInState,
  createTables,
  expectOnlyOurIndex,
  expireCredentials,
  expiredToken,
  hold,
  isUnlock,
  lockId,
  otherTableChanges,
  runShownCommand,
  withoutAlarms,
} from "./fault-injection";
import { index, type TableState } from "./vendor-tables";
import { BUCKET, createWorld, type Finished, REGION, type Running, type World } from "./world";

jest.setTimeout(10 * 60_000);

/** Most tests deploy a change of this instance. */
const name = "on-demand";
/** This instance loses the result of its first deployment. */
const lost = "hash-only";
/** The first deployment of this instance fails halfway. */
const halfway = "provisioned";
/** The vendor changes the table of this instance. */
const changed = "local-index";

let world: World;
let plans: string;
let before: Map<string, TableState>;
let changes = 0;

beforeAll(async () => {
  world = await createWorld([name, lost, halfway, changed], { environment: withoutAlarms });
  plans = path.join(String(world.env["CDKTF_OUTDIR"]), "../plans");
  before = new Map(await createTables(world, [name, lost, halfway, changed]));
});
afterAll(() => world.stop());
afterEach(() => {
  expect(otherTableChanges(world)).toEqual([]);
});

const select = (instance: string): string => `instance=${instance}`;
const plan = (instance = name): Promise<Finished> => world.fleet("plan", select(instance), "--plans", plans);
const deploy = (...more: readonly string[]): Promise<Finished> =>
  world.fleet("deploy", select(name), "--plans", plans, ...more);
const startDeploy = (): Running => world.startFleet("deploy", select(name), "--plans", plans);
const stackDirectory = (instance = name): string => path.join(plans, "cdktf.out/stacks", world.stackName(instance));
const errored = (instance = name): string => path.join(stackDirectory(instance), "errored.tfstate");

/** Changes the environment file, and plans the change. */
async function planChange(): Promise<void> {
  const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
  const yaml = readFileSync(file, "utf8");
  writeFileSync(file, yaml.replace(/^blockedDispositions: .*$/m, `blockedDispositions: [Blocked, Change${++changes}]`));
  const { exitCode, output } = await plan();
  expect({ exitCode, output }).toMatchObject({ exitCode: 2 });
}

async function expectDeployed({ exitCode, output }: Finished, instance = name): Promise<void> {
  expect({ exitCode, output }).toEqual({
    exitCode: 0,
    output: expect.stringContaining("Everything is deployed and verified.") as string,
  });
  expect(await lockId(world, instance)).toBeUndefined();
  expect(existsSync(errored(instance))).toBe(false);
  const was = before.get(instance);
  expect(was).toBeDefined();
  if (was !== undefined) await expectOnlyOurIndex(world, instance, was);
}

/** Runs a command of Terraform that a message shows, and confirms it. */
async function runShown(output: string): Promise<void> {
  const [, command = ""] = /^ {4}(terraform -chdir=\S+ force-unlock \S+)$/m.exec(output) ?? [];
  expect(command).not.toBe("");
  await runShownCommand(world, command);
}

/** Resolves when a command has locked the plans directory. */
async function lockFileOf(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 500 && !existsSync(path.join(directory, "fleet.lock")); attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The process id of Terraform in the current apply. */
function applyProcess(): number {
  const status = readStatuses(path.join(plans, "deploy.journal")).get(world.stackName(name));
  if (status?.state !== "applying" || status.pid === undefined) throw new Error("the journal has no running apply");
  return status.pid;
}

/** A test that runs only with RUNS=all. */
const longTest = process.env["RUNS"] === "all" ? test : test.skip;

const isUpdateOfAlias = ({ operation }: { readonly operation: string }): boolean => operation === "UpdateAlias";

describe("credentials that expire during the first apply and then on S3", () => {
  test("leave the state in a file and the lock; the messages say what to do, and plan keeps the file", async () => {
    expect((await plan()).exitCode).toBe(2);
    const renew = expireCredentials(world, ({ operation }) => operation === "CreateAlias");
    const failed = await deploy();
    expect(failed.output).toContain("ExpiredTokenException");
    expect(failed.output).toContain("deploy --resume uploads the state in this file.");
    expect(failed.output).not.toContain("terraform state push");
    expect(failed.exitCode).toBe(1);
    const early = await deploy("--resume");
    expect(early.output).toContain("ExpiredToken");
    expect(early.exitCode).toBe(3);
    renew();
    expect(await lockId(world, name)).toBeDefined();
    expect(await addressesInState(world, name)).toEqual([]);

    const again = await plan();
    expect(again.output).toContain("npm run fleet -- deploy --resume");
    expect(again.exitCode).toBe(1);
    expect(existsSync(errored())).toBe(true);
  });

  test("resume releases its own lock, uploads the state and creates nothing twice", async () => {
    world.proxy.clear();
    const resumed = await deploy("--resume");
    expect(resumed.output).toMatch(/released the state lock [0-9a-f-]{36}, which the interrupted apply left/);
    expect(resumed.output).toContain("uploaded the state that the interrupted apply could not write");
    await expectDeployed(resumed);
    const created = ["iam", "lambda", "logs"].flatMap((service) => world.proxy.mutating(service));
    expect(created.map(({ operation }) => operation).filter((operation) => operation.startsWith("Create"))).toEqual([
      "CreateAlias",
    ]);
    expect((await plan()).output).toContain("Nothing to do");
  });
});

test("deploy --reviewed continues a half-applied first deployment on a machine without its plans", async () => {
  const select = `instance=${halfway}`;
  const review = path.join(plans, "../review.json");
  expect((await world.fleet("plan", select, "--read-only", "--plans", plans)).exitCode).toBe(2);
  copyFileSync(path.join(plans, "review.json"), review);
  const deployReviewed = (machine: string): Promise<Finished> =>
    world.fleet("deploy", select, "--reviewed", review, "--plans", `${plans}-${machine}`);
  // The provider creates the function and cannot read it, so the function is tainted.
  let isCreated = false;
  const allow = world.proxy.intercept(
    ({ operation }) => {
      isCreated ||= operation === "CreateFunction";
      return isCreated && operation.startsWith("GetFunction");
    },
    () => expiredToken({ service: "lambda", method: "GET" }),
  );
  const failed = await deployReviewed("first");
  allow();
  expect(isCreated).toBe(true);
  expect(failed.exitCode).toBe(1);

  world.proxy.clear();
  const { exitCode, output } = await deployReviewed("second");
  expect(output).toContain("They are kept, and the next apply completes them: aws_lambda_function.blocked_calls");
  expect(output).toMatch(/a part of the review is already deployed\. \d+ of \d+ changes remain\./);
  expect(output).toContain("Everything is deployed and verified.");
  expect(exitCode).toBe(0);
  const lambda = world.proxy.mutating("lambda").map(({ operation }) => operation);
  expect(lambda).toContain("CreateAlias");
  expect(lambda).not.toContain("CreateFunction");
  expect(lambda).not.toContain("DeleteFunction");
  expect(await lockId(world, halfway)).toBeUndefined();
});

longTest("credentials that expire again during the resumed apply are survived too", async () => {
  await planChange();
  let renew = expireCredentials(world, ({ operation }) => operation === "PublishVersion");
  expect((await deploy()).exitCode).toBe(1);
  renew();
  renew = expireCredentials(world, isUpdateOfAlias);
  const second = await deploy("--resume");
  expect(second.output).toContain("uploaded the state");
  expect(second.exitCode).toBe(1);
  renew();
  await expectDeployed(await deploy("--resume"));
});

longTest("recover completes a stack whose deployment left an unsaved state, and plan and deploy continue", async () => {
  expect((await plan(lost)).exitCode).toBe(2);
  const renew = expireCredentials(world, ({ operation }) => operation === "CreateAlias");
  expect((await world.fleet("deploy", select(lost), "--plans", plans)).exitCode).toBe(1);
  renew();
  const recover = (): Promise<Finished> => world.fleet("recover", select(lost), "--yes", "--plans", plans);
  const locked = await recover();
  expect(locked.output).toMatch(
    /The state is locked by \S+ since .* \(\d+ min ago\), operation OperationTypeApply, lock id/,
  );
  expect(locked.exitCode).toBe(1);
  // recover deletes its directory, so its message names the directory of a synth. Here it is the directory of the plan.
  await runShown(locked.output.replaceAll(`cdktf.out/stacks/${world.stackName(lost)}`, stackDirectory(lost)));

  const recovered = await recover();
  expect(recovered.output).toContain("State written");
  expect(recovered.output).toContain("errored.tfstate.replaced");
  expect(recovered.exitCode).toBe(0);
  expect((await plan(lost)).exitCode).toBe(2);
  await expectDeployed(await world.fleet("deploy", select(lost), "--plans", plans), lost);
});

longTest("a plan in the plans directory is refused while deploy verifies, and names the holder", async () => {
  await planChange();
  const { reachedBy, release } = hold(world, ({ operation }) => operation === "Invoke");
  const running = startDeploy();
  await reachedBy(running);
  const refused = await plan();
  expect(refused.output).toMatch(/plans is in use by "deploy" \(process \d+ on \S+, since /);
  expect(refused.exitCode).toBe(1);
  release();
  await expectDeployed(await running.finished);
});

longTest("of two plans at once one runs, and the other is refused without a stack trace", async () => {
  const { reachedBy, release } = hold(world, ({ operation }) => operation === "DescribeTable");
  const first = world.startFleet("plan", select(name), "--plans", plans);
  await reachedBy(first);
  const second = await plan();
  expect(second.output).toMatch(/^\S*plans is in use by "plan" \(process \d+ on .*\n.*--plans\.\n$/);
  expect(second.exitCode).toBe(1);
  release();
  expect((await first.finished).exitCode).toBe(0);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s during a synth ends plan with exit code %s", async (signal, exitCode) => {
  const running = world.startFleet("plan", select(name), "--plans", plans);
  await Promise.race([running.finished, lockFileOf(plans)]);
  running.kill(signal);
  const finished = await running.finished;
  expect(finished.output).toContain("Stopping.");
  expect(finished.exitCode).toBe(exitCode);
  expect(existsSync(path.join(plans, "fleet.lock"))).toBe(false);
});

describe("Ctrl-C during a plan", () => {
  const isTableRead = ({ operation, headers }: { readonly operation: string; readonly headers: object }): boolean =>
    operation === "DescribeTable" && JSON.stringify(headers).includes("erraform");

  test("ends with exit code 130 and leaves no lock", async () => {
    const { reachedBy, release } = hold(world, isTableRead);
    const running = world.startFleet("plan", select(name), "--plans", plans);
    await reachedBy(running);
    running.kill("SIGINT", "group");
    await running.says("Stopping: Terraform finishes");
    release();
    expect((await running.finished).exitCode).toBe(130);
    expect(await lockId(world, name)).toBeUndefined();
  });

  test("and a second one leaves the lock, which plan and drift report with the command that releases it", async () => {
    const table = hold(world, isTableRead);
    const unlock = hold(world, isUnlock, true);
    const running = world.startFleet("plan", select(name), "--plans", plans);
    await table.reachedBy(running);
    running.kill("SIGINT", "group");
    table.release();
    await unlock.reachedBy(running);
    running.kill("SIGINT", "group");
    const killed = await running.finished;
    unlock.release();
    expect(killed.output).toContain("Killing Terraform. Nothing in AWS was changed. If the state lock stays,");
    expect(killed.exitCode).toBe(130);
    const id = await lockId(world, name);
    expect(id).toBeDefined();

    const drift = await world.fleet("drift", select(name));
    expect(drift.output).toContain(`operation OperationTypePlan, lock id ${id}.`);
    expect(drift.output).toContain(`force-unlock ${id}`);
    expect(drift.exitCode).toBe(0);
    const waiting = world.startFleet("plan", select(name), "--plans", plans, "--lock-timeout", "1");
    const refused = await waiting.finished;
    expect(refused.output).toContain(`lock id ${id}.`);
    expect(refused.exitCode).toBe(1);
    await runShown(refused.output);
    expect(await lockId(world, name)).toBeUndefined();
  });
});

longTest("a lock file without a lock is reported with the command that deletes it", async () => {
  const Key = `connectpath-call-blocking/e2e/${REGION}/${name}/terraform.tfstate.tflock`;
  await world.s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: "not a lock" }));
  const { exitCode, output } = await plan();
  expect(output).toContain("does not contain a lock of Terraform. Its holder is unknown.");
  expect(output).toContain(`    aws s3 rm s3://${BUCKET}/${Key} --region ${REGION} --endpoint-url ${world.proxy.url}`);
  expect(exitCode).toBe(1);
  await world.s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key }));
  expect((await plan()).exitCode).toBe(0);
});

test("SIGTERM during an apply ends with exit code 143 and without a lock, and resume finishes", async () => {
  await planChange();
  const { reachedBy, release } = hold(world, isUpdateOfAlias);
  const running = startDeploy();
  await reachedBy(running);
  running.kill("SIGTERM");
  await running.says("Stopping: Terraform finishes");
  release();
  const { exitCode, output } = await running.finished;
  expect(output).toContain("Stopped. Continue with: npm run fleet -- deploy --resume");
  expect(exitCode).toBe(143);
  expect(await lockId(world, name)).toBeUndefined();
  await expectDeployed(await deploy("--resume"));
});

test("a second Ctrl-C during an apply leaves the lock, and resume releases it and finishes", async () => {
  await planChange();
  const alias = hold(world, isUpdateOfAlias);
  const unlock = hold(world, isUnlock, true);
  const running = startDeploy();
  await alias.reachedBy(running);
  running.kill("SIGINT", "group");
  await running.says("Stopping: Terraform finishes");
  alias.release();
  await unlock.reachedBy(running);
  running.kill("SIGINT", "group");
  const { exitCode, output } = await running.finished;
  unlock.release();
  expect(output).toContain("the state lock stays. Continue with: npm run fleet -- deploy --resume");
  expect(exitCode).toBe(130);
  expect(await lockId(world, name)).toBeDefined();
  const resumed = await deploy("--resume");
  expect(resumed.output).toContain("released the state lock");
  await expectDeployed(resumed);
});

longTest("kill -9 of deploy leaves Terraform working; resume waits for its end and then verifies", async () => {
  await planChange();
  const { reachedBy, release } = hold(world, isUpdateOfAlias);
  const running = startDeploy();
  await reachedBy(running);
  const pid = applyProcess();
  running.kill("SIGKILL");
  await running.finished;
  const early = await deploy("--resume");
  expect(early.output).toContain(`The Terraform process ${pid} of the interrupted deployment is still running.`);
  expect(early.exitCode).toBe(3);
  release();
  while ((await lockId(world, name)) !== undefined) await new Promise((resolve) => setTimeout(resolve, 100));
  await expectDeployed(await deploy("--resume"));
});

test("kill -9 of Terraform is a failure of its stack, and resume releases its lock and finishes", async () => {
  await planChange();
  const { reachedBy, release } = hold(world, isUpdateOfAlias);
  const running = startDeploy();
  await reachedBy(running);
  process.kill(-applyProcess(), "SIGKILL");
  const { exitCode, output } = await running.finished;
  release();
  expect(output).toContain("terraform apply failed. Terraform ended without an error message.");
  expect(output).toContain("continue with: npm run fleet -- deploy --resume");
  expect(exitCode).toBe(1);
  expect(await lockId(world, name)).toBeDefined();
  await expectDeployed(await deploy("--resume"));
});

longTest("a plan is refused after the vendor changed the table, and a new plan is applied", async () => {
  expect((await plan(changed)).exitCode).toBe(2);
  await world.dynamodb.send(
    new UpdateTableCommand({
      TableName: `dextr-${changed}`,
      AttributeDefinitions: [{ AttributeName: "vendorKey", AttributeType: "S" }],
      GlobalSecondaryIndexUpdates: [{ Create: index("vendor-late", "vendorKey") }],
    }),
  );
  before.set(changed, await activeTable(world, changed));
  const apply = (): Promise<Finished> => world.fleet("deploy", select(changed), "--plans", plans);
  const { exitCode, output } = await apply();
  expect(output).toContain(`The table dextr-${changed} changed since the plan:`);
  expect(output).toContain("index vendor-late: none → ");
  expect(output).toContain("Refused: nothing was applied.");
  expect(exitCode).toBe(3);
  expect((await plan(changed)).exitCode).toBe(2);
  await expectDeployed(await apply(), changed);
});
