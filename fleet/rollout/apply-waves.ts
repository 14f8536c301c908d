/** Applies and verifies the stacks of a deployment, wave by wave, and records each step in the journal. */
import { existsSync } from "node:fs";
import path from "node:path";
import { instanceClients } from "../aws/instance-clients";
import { abortable, describeExistingTable } from "../aws/live-table";
import { systemClock } from "../checks/preflight/clock";
import { verifyInstance } from "../checks/verify/verify";
import { textTable } from "../output/text-table";
import { StackRunner } from "../plans/for-each-stack";
import { lockProblem } from "../plans/state-lock-report";
import { lockIn } from "../terraform/state-lock";
import { erroredStateName, TerraformError } from "../terraform/terraform-stack";
import { rejectBeforeApply } from "./before-apply";
import { Journal, journalName } from "./journal";
import type { DeploymentRequest, StackDeployment } from "./stack-deployment";
import { reportTableWait } from "./table-wait";
import { rollOut, wavesOf } from "./waves";

/** One stack in the table that is printed at the end. */
interface Row {
  readonly deployment: StackDeployment;
  apply: string;
  verify: string;
}

const resumeCommand = "npm run fleet -- deploy --resume";

/** @returns the exit code */
export async function applyWaves(
  deployments: readonly StackDeployment[],
  { plans, parallel, shutdown, print }: DeploymentRequest,
): Promise<number> {
  const rows = deployments.map((deployment): Row => ({ deployment, apply: "not started", verify: "" }));
  const environments = wavesOf(rows, ({ deployment }) => deployment.instance);
  for (const [environment, waves] of environments) {
    const order = waves.map(
      ({ name, members }) => `${name} (${members.map(({ deployment }) => deployment.instance.name).join(", ")})`,
    );
    print(`${environment}: ${order.join(", then ")}`);
  }
  shutdown.phase = "applies";
  const runner = new StackRunner(deployments.length, { parallel, kind: "apply", shutdown });
  const journal = new Journal(path.join(plans, journalName));
  const failures: string[] = [];
  const report = {
    journal,
    failures,
    note: (text: string) => {
      runner.line(text);
    },
  };
  try {
    const notStarted = await rollOut(environments, async (row) => {
      const isSuccessful = await runner.run(row.deployment.instance, {
        work: async (step) => (await apply(row, { ...report, step })) && (await verify(row, { ...report, step })),
        describe: () => [row.apply, row.verify].filter(Boolean).join(", "),
      });
      return isSuccessful ?? false;
    });
    runner.end();
    const table = rows.map(({ deployment: { instance }, apply, verify }) => [
      instance.stackName,
      instance.wave.name,
      apply,
      verify,
    ]);
    print(textTable(["stack", "wave", "apply", "verify"], table));
    for (const failure of failures) print(`\n${failure}`);
    if (shutdown.isStopping) {
      print(`\nStopped. Continue with: ${resumeCommand}`);
      return shutdown.exitCode;
    }
    if (failures.length === 0) {
      print("\nEverything is deployed and verified.");
      return 0;
    }
    for (const { environment, name } of notStarted) print(`\nNot started: wave ${name} of ${environment}.`);
    print(`\nFix the cause, then continue with: ${resumeCommand}`);
    return 1;
  } finally {
    runner.end();
    journal.close();
  }
}

interface Report {
  readonly journal: Journal;
  /** Messages to print after the table. */
  readonly failures: string[];
  /** Reports a step on the progress line, and the time in milliseconds when the step started. */
  readonly step: (text: string, since?: number) => void;
  /** Prints one line immediately, above the progress line. */
  readonly note: (text: string) => void;
}

/** @returns whether the apply succeeded or was not needed */
async function apply(row: Row, report: Report): Promise<boolean> {
  const { journal, failures, step } = report;
  const { instance, stack, plan, creates, needsVerification } = row.deployment;
  const { stackName } = instance;
  if (plan === undefined) {
    row.apply = needsVerification ? "nothing to apply" : "done before";
    return true;
  }
  step("checking the plan again");
  const rejection = await rejectBeforeApply(row.deployment, plan);
  if (rejection !== undefined) {
    row.apply = "refused";
    failures.push(`${stackName}: ${rejection.reason}\n  ${rejection.fix}`);
    return false;
  }
  step("applying");
  journal.write({ stack: stackName, event: "applying", creates });
  const endReport = plan.table === null ? undefined : startTableWaitReport(row.deployment, report);
  try {
    await stack.apply((pid) => {
      journal.write({ stack: stackName, event: "process", pid });
    }, plan.file);
  } catch (error) {
    if (!(error instanceof TerraformError)) throw error;
    journal.write({ stack: stackName, event: "failed", step: "apply" });
    row.apply = "failed";
    failures.push(`${stackName}: ${applyFailure(error, row.deployment)}`);
    return false;
  } finally {
    endReport?.();
  }
  journal.write({ stack: stackName, event: "applied" });
  row.apply = "applied";
  return true;
}

/** @returns ends the report */
function startTableWaitReport({ instance, stack }: StackDeployment, { step, note }: Report): () => void {
  const clients = instanceClients(instance);
  const ended = new AbortController();
  void reportTableWait(instance, {
    describe: (stop) => describeExistingTable(abortable(clients.dynamodb, stop), instance.table.name),
    output: () => stack.lastApply(),
    clock: systemClock,
    stop: ended.signal,
    step: (text, elapsedMs) => {
      step(text, Date.now() - elapsedMs);
    },
    note,
  }).finally(() => {
    clients.destroy();
  });
  return () => {
    ended.abort();
  };
}

function applyFailure(error: TerraformError, { instance, stack }: StackDeployment): string {
  const lock = lockIn(error.output);
  if (lock !== undefined) {
    const { reason, fix } = lockProblem(lock, instance, stack.directory);
    return `${reason} Nothing was applied.\n  ${fix}`;
  }
  const unsaved = path.join(stack.directory, erroredStateName);
  if (!existsSync(unsaved)) return error.message;
  return `${error.message}\n  Keep the file ${path.relative(".", unsaved)}. deploy --resume uploads the state in this file.`;
}

/** @returns whether the verification succeeded or was not needed */
async function verify(row: Row, { journal, failures, step, note }: Report): Promise<boolean> {
  const { instance, needsVerification } = row.deployment;
  const { stackName } = instance;
  if (!needsVerification) {
    journal.write({ stack: stackName, event: "verified" });
    return true;
  }
  step("verifying");
  const clients = instanceClients(instance);
  try {
    const checks = await verifyInstance(instance, clients);
    const failed = checks.filter(({ outcome }) => outcome === "failed");
    const unproven = checks.filter(({ outcome }) => outcome === "unproven");
    for (const { name, detail } of unproven) note(`${stackName}: not proven: ${name}. ${detail}`);
    const isSuccessful = failed.length === 0;
    row.verify = isSuccessful ? "ok" : "failed";
    journal.write(
      isSuccessful ? { stack: stackName, event: "verified" } : { stack: stackName, event: "failed", step: "verify" },
    );
    failures.push(
      ...failed.map(
        ({ name, detail, fix }) => `${stackName}: ${name}: ${detail}${fix === undefined ? "" : `\n  ${fix}`}`,
      ),
    );
    return isSuccessful;
  } finally {
    clients.destroy();
  }
}
