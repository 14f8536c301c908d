/** What is to be done by the plans that `plan` saved: each is checked against its stack, its state and the guard before any is applied. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { guard, today } from "../guard/guard";
import { parsePlan, UnreadablePlan } from "../terraform/plan-json";
import { lockIn } from "../terraform/diagnostics";
import { journalName, standings } from "./journal";
import type { Standing } from "./journal";
import { plannedStacks } from "../plans/plans-directory";
import { Progress } from "../output/progress";
import { checkSavedPlan, hasSavedPlan, stateObjection } from "../plans/saved-plan";
import { planFileName } from "../terraform/plan-file";
import { accountAndRegion, perAccountAndRegion, settled, ConcurrencyLimiter } from "../plans/concurrency-limiter";
import { RunFailed } from "../terraform/terraform-stack";
import { selectionOf, stackOf, synthesize } from "../plans/synthesis";
import type { SynthesizedStack } from "../plans/synthesis";
import { TerraformToolchain } from "../terraform/toolchain";
import { planRemaining } from "./resume";
import { lockObjection, runningObjection } from "./in-progress";
import { isRefusal, jobOf, jobsOf } from "./stack-deployment";
import type { Asked, Jobs, Outcome } from "./stack-deployment";

/** The jobs of the plans that `plan` saved, or of what is left of them. */
export async function savedDeployments(asked: Asked, isResumed: boolean): Promise<Jobs> {
  const { instances, plans, shutdown, parallel, print } = asked;
  const shown = path.relative(".", plans);
  const saved = plannedStacks(plans);
  const begun = standings(path.join(plans, journalName));
  if (isResumed && begun.size === 0)
    throw new CommandError(`No deployment of the plans in ${shown} was begun. Leave out --resume.`);
  if (!isResumed && begun.size > 0) {
    throw new CommandError(
      `A deployment of the plans in ${shown} was begun already.\n` +
        "  Go on with it: npm run fleet -- deploy --resume; or make new plans: npm run fleet -- plan",
    );
  }
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
    const toolchain = await TerraformToolchain.open(planned, shutdown);
    const progress = new Progress(process.stderr, planned.length);
    const limiter = new ConcurrencyLimiter({
      parallel,
      perGroup: perAccountAndRegion.plan,
      isStopping: () => shutdown.isStopping,
    });
    const checked = await settled(
      planned.map(async (instance) => {
        const standing: Standing = begun.get(instance.stackName) ?? { state: "waiting" };
        const check = { instance, stack: stackOf(stacks, instance), directory: stackOf(saved, instance).directory };
        const outcome = await limiter.use(accountAndRegion(instance), () =>
          checkOne(check, standing, toolchain, progress, print),
        );
        progress.done(instance.stackName, outcome === undefined ? "stopped" : wordFor(outcome));
        return [instance.stackName, outcome ?? []] as const;
      }),
    );
    progress.end();
    return jobsOf(checked);
  } finally {
    rmSync(current, { recursive: true, force: true });
  }
}

function wordFor(outcome: Outcome): string {
  if (isRefusal(outcome)) return "refused";
  if (outcome.file !== undefined) return "ready";
  return outcome.isUnproven ? "applied; to be verified" : "done";
}

interface Check {
  readonly instance: InstanceConfig;
  readonly stack: SynthesizedStack;
  /** Where the saved plan is; `stack` is as it is synthesized now. */
  readonly directory: string;
}

async function checkOne(
  check: Check,
  standing: Standing,
  toolchain: TerraformToolchain,
  progress: Progress,
  print: (text: string) => void,
): Promise<Outcome> {
  const { instance, stack, directory } = check;
  const runs = toolchain.runs(instance, directory);
  const done = { instance, runs, creates: [] };
  if (standing.state === "verified") return { ...done, isUnproven: false };

  progress.step(stack.stackName, "checking the saved plan");
  const lock = toolchain.committedLock(instance);
  const { saved, objections } = checkSavedPlan(directory, { stack, instance, lock, terraform: toolchain.version });
  if (saved === undefined || objections.length > 0) return objections;
  if (standing.state === "applied") return { ...done, isUnproven: true };
  const running = runningObjection(standing);
  if (running !== undefined) return [running];
  try {
    await runs.initialize();
    if (standing.state !== "waiting") return await planRemaining(instance, standing, runs, progress, print);
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
