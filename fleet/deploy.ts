/** `deploy`: applies exactly the reviewed plans, wave by wave, and proves each instance before the next wave begins. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { readEnvironments, selectFrom } from "../environments/model/project";
import { selectionSyntax } from "../environments/model/selection";
import type { InstanceConfig } from "../environments/model/types";
import type { Command } from "./command-line";
import { CommandError } from "./command-line";
import { guard } from "./guard/guard";
import type { GuardResult } from "./guard/guard";
import { isTouched, parsePlan, UnreadablePlan } from "./guard/plan-json";
import type { PlanJson } from "./guard/plan-json";
import { instanceClients } from "./instance-clients";
import {
  defaultPlans,
  interruptedExitCode,
  planInstances,
  refuseToForget,
  stackOf,
  synthesizeInto,
  today,
} from "./plan";
import { hasChanges } from "./review/review";
import { lockIn } from "./terraform/diagnostics";
import { Interruption } from "./terraform/interruption";
import { Journal, journalName, standings } from "./terraform/journal";
import type { Standing } from "./terraform/journal";
import { outcomeOf, Workshop } from "./terraform/planning";
import type { Place } from "./terraform/planning";
import { Progress } from "./terraform/progress";
import { readReviewed } from "./terraform/reviewed";
import { rollOut, wavesOf } from "./terraform/rollout";
import { checkSavedPlan, hasSavedPlan, planFileName, stateObjection } from "./terraform/saved-plan";
import type { Objection } from "./terraform/saved-plan";
import { accountAndRegion, parallelFrom, perAccountAndRegion, Slots } from "./terraform/slots";
import { RunFailed } from "./terraform/stack-runs";
import type { StackRuns } from "./terraform/stack-runs";
import { readSynthesis, selectionOf, synthesize } from "./terraform/synthesis";
import { takeOver } from "./terraform/takeover";
import { textTable } from "./text-table";
import { verifyInstance } from "./verify/verify";

/** Plan that was made anew after an interruption; the reviewed one stays beside it. */
const resumedPlan = "fleet-resume.tfplan";

export const deploy: Command = {
  name: "deploy",
  summary: "Applies the saved plans wave by wave, and verifies each instance before the next wave begins.",
  selection: "optional",
  options: {
    plans: { value: "DIRECTORY", description: `The plans that plan saved. Default: ${defaultPlans}.` },
    reviewed: {
      value: "FILE",
      description: "Plans again, and applies what does the same as this review.json says; refuses all else.",
    },
    resume: { description: "Goes on with a deployment that failed, was stopped or was killed." },
    parallel: { value: "N", description: "At most so many stacks at once. Default: one for each core, 2 to 8." },
  },
  details: `Every plan is checked before the first is applied: refused is one that is older than its stack, whose state or lock file
moved, that was changed, that was made with --read-only, or to which the guard objects. Then nothing is applied.
An instance that fails, in its apply or when it is verified, keeps later waves of its environment from starting, not the
others of its wave. Suspended instances are left out.

Ctrl-C stops properly: Terraform finishes what it is doing, writes its state and releases its lock. After that, and after
a failure or a kill, --resume goes on: what is done stays done, and of a stack in the middle of whose apply it ended a new
plan is made, shown, judged, and applied if it does nothing that was not reviewed.

Exit codes: 0 everything is deployed and verified, 1 something failed, 3 refused, 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run({ selection, values, switches }, print) {
    const parallel = parallelFrom(values.get("parallel"));
    const plans = path.resolve(values.get("plans") ?? defaultPlans);
    const reviewed = values.get("reviewed");
    const isResumed = switches.has("resume");
    if (isResumed && reviewed !== undefined) {
      throw new CommandError(
        "--resume goes on with plans that were compared with their review when the deployment began. Leave out --reviewed.",
      );
    }
    const instances = selectFrom(readEnvironments(), selection);
    const interruption = new Interruption((text) => {
      process.stderr.write(`${text}\n`);
    });
    return interruption.during(async () => {
      const input = { instances, plans, parallel, interruption, print };
      const jobs = reviewed === undefined ? await savedJobs(input, isResumed) : await comparedJobs(input, reviewed);
      if (interruption.isStopping) return interruptedExitCode;
      if (!("ready" in jobs)) {
        print(refusalText(jobs.refused));
        return 3;
      }
      return carryOut(jobs.ready, input);
    });
  },
};

interface Input {
  readonly instances: readonly InstanceConfig[];
  /** Directory of the plans. */
  readonly plans: string;
  readonly parallel: number;
  readonly interruption: Interruption;
  readonly print: (text: string) => void;
}

/** What is to be done with one instance. */
interface Job {
  readonly instance: InstanceConfig;
  readonly runs: StackRuns;
  /** Plan file to apply; undefined where nothing is left to apply. */
  readonly file?: string;
  /** Addresses that it creates. */
  readonly creates: readonly string[];
  /** Whether the deployed instance is still to be proved. */
  readonly isUnproven: boolean;
}

type Jobs = { readonly ready: readonly Job[] } | { readonly refused: ReadonlyMap<string, readonly Objection[]> };

/** The jobs of the plans that `plan` saved, or of what is left of them. */
async function savedJobs(input: Input, isResumed: boolean): Promise<Jobs> {
  const { instances, plans, interruption, parallel, print } = input;
  const manifest = path.join(plans, "cdktf.out", "manifest.json");
  const shown = path.relative(".", plans);
  if (!existsSync(manifest)) throw new CommandError(`There are no plans in ${shown}. Run: npm run fleet -- plan`);
  const begun = standings(path.join(plans, journalName));
  if (isResumed && begun.size === 0)
    throw new CommandError(`No deployment of the plans in ${shown} was begun. Leave out --resume.`);
  if (!isResumed && begun.size > 0) {
    throw new CommandError(
      `A deployment of the plans in ${shown} was begun already.\n` +
        "  Go on with it: npm run fleet -- deploy --resume; or make new plans: npm run fleet -- plan",
    );
  }
  const saved = readSynthesis(path.dirname(manifest)).stacks;
  const planned = instances.filter(({ stackName }) => {
    const stack = saved.get(stackName);
    return stack !== undefined && hasSavedPlan(stack.directory);
  });
  const others = instances.filter((instance) => !planned.includes(instance)).map(({ stackName }) => stackName);
  if (planned.length === 0)
    throw new CommandError(`None of the selected instances has a plan in ${shown}. Run: npm run fleet -- plan`);
  if (others.length > 0) print(`Without a plan, and left as they are: ${others.join(", ")}.`);

  const current = path.join(plans, "current");
  try {
    const select = selectionOf(planned.map(({ stackName }) => stackName));
    const { stacks } = await synthesize({ select, outdir: current });
    const workshop = await Workshop.open(
      planned.map(({ awsProvider }) => awsProvider),
      interruption,
    );
    const progress = new Progress(process.stderr, planned.length);
    const slots = new Slots({
      parallel,
      perGroup: perAccountAndRegion.plan,
      isStopping: () => interruption.isStopping,
    });
    const checked = await Promise.all(
      planned.map(async (instance) => {
        const standing: Standing = begun.get(instance.stackName) ?? { state: "waiting" };
        const check = { instance, stack: stackOf(stacks, instance), directory: stackOf(saved, instance).directory };
        const outcome = await slots.use(accountAndRegion(instance), () =>
          checkOne(check, standing, workshop, progress, print),
        );
        progress.done(instance.stackName, outcome === undefined ? "stopped" : wordFor(outcome));
        return [instance.stackName, outcome ?? []] as const;
      }),
    );
    progress.end();
    return sorted(checked);
  } finally {
    rmSync(current, { recursive: true, force: true });
  }
}

type Outcome = Job | readonly Objection[];

const isRefusal = (outcome: Outcome): outcome is readonly Objection[] => Array.isArray(outcome);

function wordFor(outcome: Outcome): string {
  if (isRefusal(outcome)) return "refused";
  if (outcome.file !== undefined) return "ready";
  return outcome.isUnproven ? "applied; to be verified" : "done";
}

function sorted(checked: readonly (readonly [string, Outcome])[]): Jobs {
  const refused = new Map(checked.flatMap(([name, outcome]) => (isRefusal(outcome) ? [[name, outcome] as const] : [])));
  if (refused.size > 0) return { refused };
  return { ready: checked.flatMap(([, outcome]) => (isRefusal(outcome) ? [] : [outcome])) };
}

interface Check extends Place {
  /** Where the saved plan is; `stack` is as it is synthesized now. */
  readonly directory: string;
}

async function checkOne(
  check: Check,
  standing: Standing,
  workshop: Workshop,
  progress: Progress,
  print: (text: string) => void,
): Promise<Outcome> {
  const { instance, stack, directory } = check;
  const runs = workshop.runs(instance, directory);
  const done = { instance, runs, creates: [] };
  if (standing.state === "verified") return { ...done, isUnproven: false };

  progress.step(stack.stackName, "checking the saved plan");
  const lock = workshop.committedLock(instance);
  const { saved, objections } = checkSavedPlan(directory, { stack, instance, lock, terraform: workshop.version });
  if (saved === undefined || objections.length > 0) return objections;
  if (standing.state === "applied") return { ...done, isUnproven: true };
  if (standing.state === "applying" && standing.pid !== undefined && isTerraform(standing.pid)) {
    return [
      {
        what: `Terraform of the interrupted deployment is still at work on it (process ${standing.pid}).`,
        fix: "Wait until it has ended, then resume.",
      },
    ];
  }
  try {
    await runs.initialize();
    if (standing.state !== "waiting") return await planTheRest(check, standing, runs, progress, print);
    const moved = stateObjection(saved, await runs.stateVersion());
    if (moved !== undefined) return [moved];
    const plan = parsePlan(await runs.show());
    return jobOf(instance, runs, plan, guard(plan, instance, today()), planFileName);
  } catch (error) {
    const locked = error instanceof RunFailed ? lockIn(error.output) : undefined;
    if (locked !== undefined) return [lockObjection(locked, standing, directory)];
    if (!(error instanceof RunFailed || error instanceof UnreadablePlan)) throw error;
    return [{ what: error.message, fix: "Nothing was applied. Put that right and deploy again." }];
  }
}

function jobOf(instance: InstanceConfig, runs: StackRuns, plan: PlanJson, judged: GuardResult, file: string): Outcome {
  if (judged.violations.length > 0) {
    return judged.violations.map(({ rule, address, what, fix }) => ({
      what: `The guard refuses it, by "${rule}"${address === "" ? "" : ` for ${address}`}. ${what}`,
      fix,
    }));
  }
  if (!hasChanges(plan)) return { instance, runs, creates: [], isUnproven: false };
  const creates = plan.resource_changes.filter(({ change }) => change.actions.includes("create"));
  return { instance, runs, file, creates: creates.map(({ address }) => address), isUnproven: true };
}

/** A stack in the middle of which a deployment ended: a new plan, which may do nothing that the reviewed one would not have. */
async function planTheRest(
  { instance, stack }: Check,
  standing: Standing,
  runs: StackRuns,
  progress: Progress,
  print: (text: string) => void,
): Promise<Outcome> {
  const reviewed = parsePlan(await runs.show());
  if (standing.state === "applying") {
    progress.step(stack.stackName, "looking for what the interrupted apply made");
    const taken = await takeOver(runs, instance, reviewed);
    if (taken.length > 0) {
      print(`${stack.stackName}: made by the interrupted apply and taken into the state now: ${taken.join(", ")}.`);
    }
  }
  progress.step(stack.stackName, "planning what is left");
  await runs.plan({ isLocked: true }, resumedPlan);
  const rest = parsePlan(await runs.show(resumedPlan));
  const wasReviewed = new Set(reviewed.resource_changes.filter(isTouched).map(({ address }) => address));
  const left = rest.resource_changes.filter(isTouched);
  const more = left.filter(({ address }) => !wasReviewed.has(address));
  if (more.length > 0) {
    const list = more.map(({ address, change }) => `${address} (${change.actions.join(" and ")})`).join(", ");
    return [
      {
        what: `What is left to do is more than was reviewed: ${list}. Something changed beside the deployment.`,
        fix: "Plan again, and have the new plan reviewed: npm run fleet -- plan --out <another directory>",
      },
    ];
  }
  const judged = guard(rest, instance, today());
  const list = left.map(({ address, change }) => `\n    ${change.actions.join(" and ")} ${address}`).join("");
  print(`${stack.stackName}: left to do: ${outcomeOf({ instance, plan: rest, guard: judged })}${list}`);
  const job = jobOf(instance, runs, rest, judged, resumedPlan);
  // Whatever was applied before the deployment ended is not proved yet.
  return isRefusal(job) ? job : { ...job, isUnproven: true };
}

function lockObjection(lock: NonNullable<ReturnType<typeof lockIn>>, standing: Standing, directory: string): Objection {
  const held = `Its state is locked by ${lock.who}, since ${lock.created} (${lock.operation}).`;
  if (standing.state !== "applying") {
    return { what: held, fix: "Somebody else works on this stack. Wait until they have finished, then deploy again." };
  }
  const isOurs = lock.who.endsWith(`@${hostname()}`);
  const release = `terraform -chdir=${path.relative(".", directory)} force-unlock ${lock.id}`;
  return {
    what: `${held} ${isOurs ? "This machine's deployment was killed in the middle of an apply and could not release it." : ""}`.trim(),
    fix:
      (isOurs
        ? "No Terraform of that deployment runs any more on this machine. Release the lock and resume:\n"
        : "If the Terraform that holds it has ended for certain, release the lock and resume:\n") +
      `    ${release}\n    npm run fleet -- deploy --resume`,
  };
}

/** Whether the process of that id runs and is a Terraform: ids are used again, and the dead may wait to be reaped (`Z`). */
function isTerraform(pid: number): boolean {
  try {
    const [state = "", command = ""] = execFileSync("ps", ["-p", `${pid}`, "-o", "stat=,comm="], { encoding: "utf8" })
      .trim()
      .split(/\s+/);
    return !state.startsWith("Z") && path.basename(command) === "terraform";
  } catch {
    return false;
  }
}

/** The jobs of new plans, each of which does the same as the review says. */
async function comparedJobs(input: Input, file: string): Promise<Jobs> {
  const { instances, plans, interruption, parallel, print } = input;
  const { stacks: reviews } = readReviewed(file);
  refuseToForget(plans);
  const refused = new Map<string, readonly Objection[]>();
  const toPlan: InstanceConfig[] = [];
  for (const instance of instances) {
    const review = reviews[instance.stackName];
    if (review?.outcome === "planned") toPlan.push(instance);
    if (review === undefined) {
      const fix = "Plan it and have it reviewed, or select only what was.";
      refused.set(instance.stackName, [{ what: "It is not in the review.", fix }]);
    } else if (review.outcome === "refused" || review.outcome === "failed") {
      const what = review.outcome === "refused" ? "The guard refused its plan." : "It could not be planned.";
      refused.set(instance.stackName, [{ what, fix: "Put that right, plan again, and have the new plan reviewed." }]);
    }
  }
  if (refused.size > 0) return { refused };
  const unchanged = instances.filter((instance) => !toPlan.includes(instance)).map(({ stackName }) => stackName);
  if (unchanged.length > 0) print(`Unchanged by what was reviewed, and left as they are: ${unchanged.join(", ")}.`);
  if (toPlan.length === 0) return { ready: [] };

  const stacks = await synthesizeInto(plans, toPlan);
  const stale = toPlan.flatMap(({ stackName }) => {
    const review = reviews[stackName];
    if (review?.outcome !== "planned" || review.synthesized === stacks.get(stackName)?.digest) return [];
    const what = "Its stack is not the one that was reviewed: sources or environment files changed since.";
    return [[stackName, [{ what, fix: "Plan again, and have the new plan reviewed." }]] as const];
  });
  if (stale.length > 0) return { refused: new Map(stale) };

  const planned = await planInstances({
    instances: toPlan,
    changed: toPlan,
    stacks,
    interruption,
    parallel,
    readOnly: false,
  });
  const workshop = await Workshop.open(
    toPlan.map(({ awsProvider }) => awsProvider),
    interruption,
  );
  return sorted(
    planned.map(({ instance, plan, guard: judged, saved, failure }) => {
      const review = reviews[instance.stackName];
      if (plan === undefined || judged === undefined || saved === undefined) {
        const what = failure ?? "It could not be planned.";
        return [instance.stackName, [{ what, fix: "Nothing was applied. Put that right and deploy again." }]];
      }
      const runs = workshop.runs(instance, stackOf(stacks, instance).directory);
      // Deployed already, as by a run of this command that failed elsewhere: only the proof is left.
      if (!hasChanges(plan)) return [instance.stackName, { instance, runs, creates: [], isUnproven: true }];
      if (review?.outcome !== "planned" || review.changes !== saved.changes) {
        const what = "The plan does something else than the one that was reviewed: AWS or the state changed since.";
        const fix = `Look at what it would do now (npm run fleet -- plan), and have that reviewed.`;
        return [instance.stackName, [{ what, fix }]];
      }
      return [instance.stackName, jobOf(instance, runs, plan, judged, planFileName)];
    }),
  );
}

function refusalText(refused: ReadonlyMap<string, readonly Objection[]>): string {
  const each = [...refused].flatMap(([stackName, objections]) =>
    objections.map(({ what, fix }) => `${stackName}: ${what}\n  ${fix}\n`),
  );
  return [...each, `Refused: nothing was applied.`].join("\n");
}

/** What became of an instance; shown in the table at the end. */
interface Row {
  readonly job: Job;
  apply: string;
  verify: string;
}

async function carryOut(jobs: readonly Job[], { plans, parallel, interruption, print }: Input): Promise<number> {
  const rows = jobs.map((job): Row => ({ job, apply: "not begun", verify: "" }));
  const waves = wavesOf(rows, ({ job }) => job.instance);
  for (const [environment, its] of waves) {
    const order = its.map(({ name, members }) => `${name} (${members.map(({ job }) => job.instance.name).join(", ")})`);
    print(`${environment}: ${order.join(", then ")}`);
  }
  const slots = new Slots({ parallel, perGroup: perAccountAndRegion.apply, isStopping: () => interruption.isStopping });
  const progress = new Progress(process.stderr, jobs.length);
  const journal = new Journal(path.join(plans, journalName));
  const troubles: string[] = [];
  try {
    const left = await rollOut(waves, async (row) => {
      const { instance } = row.job;
      const isWell = await slots.use(accountAndRegion(instance), () =>
        carryOutOne(row, { journal, progress, troubles }),
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
    if (interruption.isStopping) {
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

/** Applies and proves one instance. Returns whether both went well. */
async function carryOutOne(row: Row, { journal, progress, troubles }: Reports): Promise<boolean> {
  const { instance, runs, file, creates, isUnproven } = row.job;
  const stack = instance.stackName;
  if (file === undefined) row.apply = isUnproven ? "was applied" : "nothing to do";
  else {
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
  }
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
