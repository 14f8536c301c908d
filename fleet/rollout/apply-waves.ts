/** Carries a deployment out: applies and verifies instance by instance, wave by wave, and writes down in the journal how far it is. */
import path from "node:path";
import { instanceClients } from "../aws/instance-clients";
import { interruptedExitCode } from "./graceful-shutdown";
import { Journal, journalName } from "./journal";
import { Progress } from "../output/progress";
import { rollOut, wavesOf } from "./waves";
import { accountAndRegion, perAccountAndRegion, ConcurrencyLimiter } from "../plans/concurrency-limiter";
import { RunFailed } from "../terraform/terraform-stack";
import { textTable } from "../output/text-table";
import { verifyInstance } from "../checks/verify/verify";
import type { Asked, Job } from "./stack-deployment";

/** What became of an instance; shown in the table at the end. */
interface Row {
  readonly job: Job;
  apply: string;
  verify: string;
}

/** @returns the exit code */
export async function applyWaves(jobs: readonly Job[], { plans, parallel, shutdown, print }: Asked): Promise<number> {
  const rows = jobs.map((job): Row => ({ job, apply: "not begun", verify: "" }));
  const waves = wavesOf(rows, ({ job }) => job.instance);
  for (const [environment, its] of waves) {
    const order = its.map(({ name, members }) => `${name} (${members.map(({ job }) => job.instance.name).join(", ")})`);
    print(`${environment}: ${order.join(", then ")}`);
  }
  const limiter = new ConcurrencyLimiter({
    parallel,
    perGroup: perAccountAndRegion.apply,
    isStopping: () => shutdown.isStopping,
  });
  const progress = new Progress(process.stderr, jobs.length);
  const journal = new Journal(path.join(plans, journalName));
  const troubles: string[] = [];
  const reports = { journal, progress, troubles };
  try {
    const left = await rollOut(waves, async (row) => {
      const { instance } = row.job;
      const isWell = await limiter.use(
        accountAndRegion(instance),
        async () => (await apply(row, reports)) && (await prove(row, reports)),
      );
      progress.done(instance.stackName, [row.apply, row.verify].filter(Boolean).join(", "));
      return isWell ?? false;
    });
    progress.end();
    const table = rows.map(({ job: { instance }, apply, verify }) => [
      instance.stackName,
      instance.wave.name,
      apply,
      verify,
    ]);
    print(textTable(["stack", "wave", "apply", "verify"], table));
    for (const trouble of troubles) print(`\n${trouble}`);
    if (shutdown.isStopping) {
      print("\nStopped. Go on with: npm run fleet -- deploy --resume");
      return interruptedExitCode;
    }
    if (troubles.length === 0) {
      print("\nEverything is deployed and verified.");
      return 0;
    }
    for (const { environment, name } of left) print(`\nNot begun: wave ${name} of ${environment}.`);
    print("\nPut it right, then go on with: npm run fleet -- deploy --resume");
    return 1;
  } finally {
    progress.end();
    journal.close();
  }
}

interface Reports {
  readonly journal: Journal;
  readonly progress: Progress;
  readonly troubles: string[];
}

/** @returns whether it went well */
async function apply(row: Row, { journal, progress, troubles }: Reports): Promise<boolean> {
  const { instance, runs, file, creates, isUnproven } = row.job;
  const stack = instance.stackName;
  if (file === undefined) {
    row.apply = isUnproven ? "was applied" : "nothing to do";
    return true;
  }
  progress.step(stack, "applying");
  journal.write({ stack, event: "applying", creates });
  try {
    await runs.apply((pid) => {
      journal.write({ stack, event: "process", pid });
    }, file);
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
    journal.write({ stack, event: "failed", step: "apply" });
    row.apply = "failed";
    troubles.push(`${stack}: ${error.message}`);
    return false;
  }
  journal.write({ stack, event: "applied" });
  row.apply = "applied";
  return true;
}

/** @returns whether the deployed instance does what it must */
async function prove(row: Row, { journal, progress, troubles }: Reports): Promise<boolean> {
  const { instance, isUnproven } = row.job;
  const stack = instance.stackName;
  if (!isUnproven) {
    journal.write({ stack, event: "verified" });
    return true;
  }
  progress.step(stack, "verifying");
  const clients = instanceClients(instance);
  try {
    const checks = await verifyInstance(instance, clients);
    const bad = checks.filter(({ outcome }) => outcome === "failed");
    const unproven = checks.filter(({ outcome }) => outcome === "unproven");
    for (const { name, detail } of unproven) progress.line(`${stack}: not proved: ${name}. ${detail}`);
    row.verify = bad.length > 0 ? "failed" : "ok";
    journal.write(bad.length > 0 ? { stack, event: "failed", step: "verify" } : { stack, event: "verified" });
    troubles.push(
      ...bad.map(({ name, detail, fix }) => `${stack}: ${name}: ${detail}${fix === undefined ? "" : `\n  ${fix}`}`),
    );
    return bad.length === 0;
  } finally {
    clients.destroy();
  }
}
