/** `plan` and `deploy` through the command line: stale tables, locked directories, unsaved states and Ctrl-C. */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { AwsError, startAwsStub } from "../aws-answers";
import type { AwsStub } from "../aws-answers";
import { recordedJson } from "../guard/recorded-plan";
import { createFakeProject, stackName } from "./fake-project";
import type { FakeProject } from "./fake-project";

jest.setTimeout(600_000);

const table = (read: number, write: number, more: object = {}) => ({
  Table: {
    TableName: "dextr-recorded",
    TableId: "0f0e0d0c-1b1a-4918-8716-151413121110",
    KeySchema: [
      { AttributeName: "hash", KeyType: "HASH" },
      { AttributeName: "range", KeyType: "RANGE" },
    ],
    AttributeDefinitions: [
      { AttributeName: "hash", AttributeType: "S" },
      { AttributeName: "range", AttributeType: "S" },
    ],
    ProvisionedThroughput: { ReadCapacityUnits: read, WriteCapacityUnits: write },
    ...more,
  },
});

let aws: AwsStub;
let project: FakeProject;
const lock = () => path.join(project.directory, "build/plans/fleet.lock");

beforeAll(async () => {
  aws = await startAwsStub();
  project = createFakeProject({ AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "" });
});
afterAll(async () => {
  project.remove();
  await aws.close();
});
beforeEach(() => {
  aws.answers = { "dynamodb:DescribeTable": table(17, 9) };
  for (const name of ["build/plans", "calls.log", "apply-fails", "slow", "synth-started", "lock"]) {
    rmSync(path.join(project.directory, name), { recursive: true, force: true });
  }
  project.write("remote.tfstate", JSON.stringify({ version: 4, serial: 3, lineage: "line" }));
});

async function firstPlan(): Promise<void> {
  const { exitCode, output } = await project.runHere("plan");
  expect({ exitCode, output }).toEqual({ exitCode: 2, output: expect.any(String) as string });
}
const plan = (): Promise<void> => project.once(["build/plans", "calls.log"], firstPlan);

describe("a plan that changes the table", () => {
  test("is refused if the capacity changed since the plan, with both values", async () => {
    await plan();
    aws.answers = { "dynamodb:DescribeTable": table(1000, 1000) };
    const { exitCode, output } = await project.runHere("deploy");
    expect(output).toContain(
      `${stackName}: The table dextr-recorded changed since the plan:\n` +
        "    capacity: provisioned, 17 read and 9 write units → provisioned, 1000 read and 1000 write units\n" +
        "  Plan again, and have the new plan reviewed.",
    );
    expect(output).toContain("Refused: nothing was applied.");
    expect(exitCode).toBe(3);
    expect(project.calls()).not.toContain("apply");
  });

  test("is refused if the table changes between the checks and the apply", async () => {
    await plan();
    let reads = 0;
    aws.answers = { "dynamodb:DescribeTable": () => (++reads === 1 ? table(17, 9) : table(18, 9)) };
    const { exitCode, output } = await project.runHere("deploy");
    expect(output).toContain("17 read and 9 write units → provisioned, 18 read and 9 write units");
    expect(exitCode).toBe(1);
    expect(project.calls()).not.toContain("apply");
  });

  test("is refused if the table cannot be read", async () => {
    await plan();
    aws.answers = { "dynamodb:DescribeTable": new AwsError("AccessDeniedException", "no") };
    const { exitCode, output } = await project.runHere("deploy");
    expect(output).toContain("cannot be compared with the plan, because it cannot be read");
    expect(exitCode).toBe(3);
  });

  test("is not saved if the table cannot be read", async () => {
    aws.answers = { "dynamodb:DescribeTable": new AwsError("AccessDeniedException", "no") };
    const { exitCode, output } = await project.runHere("plan");
    expect(output).toContain("dynamodb:DescribeTable failed. AccessDeniedException: no");
    expect(exitCode).toBe(1);
  });

  test("is refused if its plan file is replaced after the checks", async () => {
    await plan();
    let reads = 0;
    aws.answers = {
      "dynamodb:DescribeTable": () => {
        // The first read belongs to the checks.
        if (++reads === 1) {
          setTimeout(() => {
            appendFileSync(path.join(project.stackDirectory, "fleet.plan"), "x");
          }, 0);
        }
        return table(17, 9);
      },
    };
    const { exitCode, output } = await project.run("deploy");
    expect(output).toContain("The plan file fleet.plan was changed or replaced after deploy checked it.");
    expect(exitCode).toBe(1);
    expect(project.calls()).not.toContain("apply");
  });
});

describe("the plans directory", () => {
  const holder = (pid: number, host = hostname()) =>
    JSON.stringify({ command: "deploy", pid, host, since: "2026-11-24T05:57:36.000Z", processStart: null });
  const writeLock = (text: string): void => {
    mkdirSync(path.dirname(lock()), { recursive: true });
    writeFileSync(lock(), text);
  };

  test("cannot be used by two commands; the message names the holder, its process and its time", async () => {
    writeLock(holder(process.pid));
    for (const command of ["plan", "deploy"]) {
      const { exitCode, output } = await project.run(command);
      expect(output).toBe(
        `build/plans is in use by "deploy" (process ${process.pid} on ${hostname()}, since 2026-11-24T05:57:36.000Z).\n` +
          "  Wait until this process has ended, or use another directory with --plans.\n",
      );
      expect(exitCode).toBe(1);
    }
    expect(JSON.parse(readFileSync(lock(), "utf8"))).toMatchObject({ pid: process.pid });
  });

  test("replaces the lock of a dead process, with a message", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeLock(holder(pid));
    const { exitCode, output } = await project.run("plan");
    expect(output).toContain(`Replaced the lock of build/plans: its holder, "deploy" (process ${pid} on`);
    expect(exitCode).toBe(2);
    expect(existsSync(lock())).toBe(false);
  });

  test("does not replace the lock of a process on another machine", async () => {
    writeLock(holder(1, "build-7"));
    const { exitCode, output } = await project.run("plan");
    expect(output).toContain("on build-7");
    expect(output).toContain("delete build/plans/fleet.lock");
    expect(exitCode).toBe(1);
  });

  test("is used by only one of two parallel plans; the other plan fails without a stack trace", async () => {
    project.write("slow", "3");
    const results = await Promise.all([project.run("plan"), project.run("plan")]);
    expect(results.map(({ exitCode }) => exitCode).sort()).toEqual([1, 2]);
    const refused = results.find(({ exitCode }) => exitCode === 1);
    expect(refused?.output).toMatch(/^build\/plans is in use by "plan" \(process \d+/);
  });
});

describe("an apply that cannot write its state", () => {
  const managed = (type: string, name: string) => ({
    mode: "managed",
    type,
    name,
    instances: [{ attributes: { id: name } }],
  });
  const resources = [managed("aws_sns_topic", "alarms")];
  const errored = JSON.stringify({ version: 4, serial: 4, lineage: "line", resources });
  const file = () => path.join(project.stackDirectory, "errored.tfstate");

  const failedApply = async (): Promise<void> => {
    await plan();
    project.write("apply-fails", errored);
    const { exitCode } = await project.runHere("deploy");
    expect(exitCode).toBe(1);
    rmSync(path.join(project.directory, "apply-fails"));
  };
  beforeEach(() => project.once(["build/plans", "calls.log", "lock"], failedApply));

  test("leaves a state that plan does not delete", async () => {
    const { exitCode, output } = await project.runHere("plan");
    const directory = path.relative(project.directory, project.stackDirectory);
    expect(output).toContain(`    ${directory}/errored.tfstate`);
    expect(output).toContain("npm run fleet -- deploy --resume");
    expect(output).toContain(`terraform -chdir=${directory} state push errored.tfstate`);
    expect(exitCode).toBe(1);
    expect(readFileSync(file(), "utf8")).toBe(errored);
  });

  test("is repaired by --resume, which releases its own lock and uploads the state", async () => {
    const { output } = await project.runHere("deploy", "--resume");
    expect(output).toContain("released the state lock 0b2f3a52-aaaa");
    expect(output).toContain("uploaded the state that the interrupted apply could not write (serial 3 → 4)");
    expect(readFileSync(path.join(project.directory, "remote.tfstate"), "utf8")).toBe(errored);
    expect(existsSync(file())).toBe(false);
    expect(project.calls().match(/^apply/gm)).toHaveLength(2);
  });

  const ours = { version: 4, serial: 3, lineage: "line" };
  test.each([
    ["a later serial", { ...ours, serial: 7 }, "its serial is 7, and the serial of the file is 4"],
    ["another lineage", { ...ours, lineage: "other" }, "its lineage differs"],
    [
      "another resource",
      { ...ours, resources: [managed("aws_iam_role", "other")] },
      "it contains aws_iam_role.other, and the file does not",
    ],
  ])("is not repaired if another command wrote the state since: %s", async (_, remote, reason) => {
    rmSync(path.join(project.directory, "lock"));
    project.write("remote.tfstate", JSON.stringify(remote));
    const { exitCode, output } = await project.runHere("deploy", "--resume");
    expect(output).toContain(`another command has written the state since then: ${reason}`);
    expect(output).toContain("state push -force errored.tfstate");
    expect(exitCode).toBe(3);
    expect(existsSync(file())).toBe(true);
    expect(JSON.parse(readFileSync(path.join(project.directory, "remote.tfstate"), "utf8"))).toEqual(remote);
    expect(project.calls().match(/^apply/gm)).toHaveLength(1);
  });

  test("is not repaired while another command holds the lock; the message has the command that releases it", async () => {
    const foreign = JSON.stringify({ id: "5ca1ab1e", who: "ann@desk", created: "2026-11-24 05:57:36.12 +0000 UTC" });
    project.write("lock", foreign);
    const { exitCode, output } = await project.runHere("deploy", "--resume");
    expect(output).toContain("The state is locked by ann@desk since 2026-11-24 05:57:36.12 +0000 UTC (");
    const directory = path.relative(project.directory, project.stackDirectory);
    expect(output).toContain(`    terraform -chdir=${directory} force-unlock 5ca1ab1e\n`);
    expect(exitCode).toBe(3);
    expect(existsSync(file())).toBe(true);
    expect(readFileSync(path.join(project.directory, "lock"), "utf8")).toBe(foreign);
  });

  test("is not repaired if its file is damaged; the message recommends recover", async () => {
    writeFileSync(file(), errored.slice(0, -5));
    const { exitCode, output } = await project.runHere("deploy", "--resume");
    expect(output).toContain("errored.tfstate, but the file is not a complete state.");
    expect(output).toContain(`npm run fleet -- recover stack=${stackName}`);
    expect(exitCode).toBe(3);
  });
});

test.each([
  ["aws_lambda_function.blocked_calls", "In between: No call is blocked"],
  ["aws_sns_topic.alarms", "In between: Calls are still blocked, but no alarm reports a failure."],
])(
  "a plan that would replace the tainted %s is refused, with the effect on calls and commands",
  async (address, effect) => {
    const recorded = JSON.parse(recordedJson("adoption")) as { resource_changes: { address: string }[] };
    expect(recorded.resource_changes.map((resource) => resource.address)).toContain(address);
    const resource_changes = recorded.resource_changes.map((resource) =>
      resource.address === address ? { ...resource, action_reason: "replace_because_tainted" } : resource,
    );
    project.write("plan.json", JSON.stringify({ ...recorded, resource_changes }));
    const { exitCode, output } = await project.runHere("plan");
    project.write("plan.json", recordedJson("adoption"));
    expect(output).toContain(`${stackName}: refused by "incomplete", ${address}`);
    expect(output).toContain("Terraform marked the resource as tainted");
    expect(output).toContain(effect);
    expect(output).toContain(`terraform -chdir=cdktf.out/stacks/${stackName} untaint '${address}'`);
    expect(exitCode).toBe(3);
  },
);

describe("deploy --reviewed on a machine without the plans of the failed deployment", () => {
  interface Recorded {
    resource_changes: {
      address: string;
      action_reason?: string;
      change: { actions: string[]; before: object | null; after: object; after_unknown?: object };
    }[];
  }
  /** The plan after a part of the resources was created. */
  function rest(): Recorded {
    const plan = JSON.parse(recordedJson("adoption")) as Recorded;
    for (const { address, change } of plan.resource_changes) {
      if (!address.startsWith("aws_cloudwatch_log_group.")) continue;
      Object.assign(change, { actions: ["no-op"], before: change.after, after_unknown: {} });
    }
    return plan;
  }
  const deployReviewed = () => project.runHere("deploy", "--reviewed", "review.json", "--plans", "build/other-plans");

  beforeEach(async () => {
    await plan();
    project.write("review.json", readFileSync(path.join(project.directory, "build/plans/review.json"), "utf8"));
  });
  afterEach(() => {
    project.write("plan.json", recordedJson("adoption"));
    rmSync(path.join(project.directory, "build/other-plans"), { recursive: true, force: true });
  });

  test("applies the rest of the reviewed changes", async () => {
    project.write("plan.json", JSON.stringify(rest()));
    const { output } = await deployReviewed();
    expect(output).toContain("a part of the review is already deployed. 28 of 30 changes remain.");
    expect({ output, calls: project.calls() }).toMatchObject({ calls: expect.stringMatching(/^apply/m) as string });
  });

  test("refuses the rest with another value, names the attribute, and applies nothing", async () => {
    const plan = rest();
    const alias = plan.resource_changes.find(({ address }) => address === "aws_lambda_alias.live");
    Object.assign(alias?.change.after ?? {}, { description: "changed since" });
    project.write("plan.json", JSON.stringify(plan));
    const { exitCode, output } = await deployReviewed();
    expect(output).toContain("makes other changes than the reviewed plan: create aws_lambda_alias.live (description).");
    expect(exitCode).toBe(3);
    expect(project.calls()).not.toMatch(/^apply/m);
  });

  test("keeps a resource whose creation was interrupted, and plans again", async () => {
    const address = "aws_lambda_alias.live";
    const plan = rest();
    for (const resource of plan.resource_changes) {
      if (resource.address === address) resource.action_reason = "replace_because_tainted";
    }
    project.write("plan.json", JSON.stringify(plan));
    const instances = [{ status: "tainted", attributes: { id: "live" } }];
    const resources = [{ mode: "managed", type: "aws_lambda_alias", name: "live", instances }];
    project.write("remote.tfstate", JSON.stringify({ version: 4, serial: 3, lineage: "line", resources }));
    const { output } = await deployReviewed();
    expect(output).toContain(`They are kept, and the next apply completes them: ${address}.`);
    expect(project.calls()).toMatch(new RegExp(`^untaint .* ${address}\ninit .*\nplan`, "m"));
  });

  test("shows commands for a locked state that work in any checkout", async () => {
    project.write("lock", JSON.stringify({ id: "5ca1ab1e", who: "ann@desk", created: "2026-11-24T05:57:36Z" }));
    const { exitCode, output } = await deployReviewed();
    const directory = `cdktf.out/stacks/${stackName}`;
    expect(output).toContain(
      `    npm run synth\n    terraform -chdir=${directory} init\n    terraform -chdir=${directory} force-unlock 5ca1ab1e\n`,
    );
    expect(exitCode).toBe(3);
  });
});

test("plan waits for a locked state as long as --lock-timeout allows", async () => {
  await project.runHere("plan", "--lock-timeout", "90");
  expect(project.calls()).toMatch(/^plan .*-lock-timeout=90s/m);
});

test("a locked state fails the plan, with holder, id and the command that releases the lock", async () => {
  project.write("lock", JSON.stringify({ id: "5ca1ab1e", who: "ann@desk", created: "2026-11-24T05:57:36Z" }));
  const { exitCode, output } = await project.runHere("plan");
  expect(output).toMatch(
    /locked by ann@desk since 2026-11-24T05:57:36Z \(\d+ (days|h)[^)]*ago\), operation OperationTypeApply, lock id 5ca1ab1e/,
  );
  const directory = path.relative(project.directory, project.stackDirectory);
  expect(output).toContain(`terraform -chdir=${directory} force-unlock 5ca1ab1e`);
  expect(exitCode).toBe(1);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s during the synth ends with exit code %s and releases the directory", async (signal, exitCode) => {
  project.write("slow", "3");
  const { child, finished } = project.start("plan");
  while (!existsSync(path.join(project.directory, "synth-started")))
    await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill(signal);
  const { exitCode: given, output } = await finished;
  expect(output).toContain("Stopping.");
  expect(given).toBe(exitCode);
  expect(existsSync(lock())).toBe(false);
  expect(project.calls()).not.toContain("plan");
});
