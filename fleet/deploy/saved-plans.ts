/** What is to be done by the plans that `plan` saved: each is checked against its stack, its state and the guard before any is applied. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../environments/model/types";
import { CommandError } from "../command-line";
import { guard, today } from "../guard/guard";
import { parsePlan, UnreadablePlan } from "../guard/plan-json";
import { lockIn } from "../terraform/diagnostics";
import { journalName, standings } from "../terraform/journal";
import type { Standing } from "../terraform/journal";
import { plannedStacks } from "../terraform/plans-directory";
import { Progress } from "../terraform/progress";
import { checkSavedPlan, hasSavedPlan, planFileName, stateObjection } from "../terraform/saved-plan";
import { accountAndRegion, perAccountAndRegion, settled, Slots } from "../terraform/slots";
import { RunFailed } from "../terraform/stack-runs";
import { selectionOf, stackOf, synthesize } from "../terraform/synthesis";
import type { SynthesizedStack } from "../terraform/synthesis";
import { Workshop } from "../terraform/workshop";
import { planTheRest } from "./after-interruption";
import { lockObjection, runningObjection } from "./at-work";
import { isRefusal, jobOf, jobsOf } from "./job";
import type { Asked, Jobs, Outcome } from "./job";

/** The jobs of the plans that `plan` saved, or of what is left of them. */
export async function savedJobs(asked: Asked, isResumed: boolean): Promise<Jobs> {
  const { instances, plans, interruption, parallel, print } = asked;
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
    const workshop = await Workshop.open(planned, interruption);
    const progress = new Progress(process.stderr, planned.length);
    const slots = new Slots({
      parallel,
      perGroup: perAccountAndRegion.plan,
      isStopping: () => interruption.isStopping,
    });
    const checked = await settled(
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
  const running = runningObjection(standing);
  if (running !== undefined) return [running];
  try {
    await runs.initialize();
    if (standing.state !== "waiting") return await planTheRest(instance, standing, runs, progress, print);
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
