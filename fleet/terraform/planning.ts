/** Plans many stacks: each is initialized, planned, shown, judged and saved, and one that fails does not stop the others. */
import path from "node:path";
import type { AwsProviderConstraint, InstanceConfig } from "../../environments/model/types";
import { guard } from "../guard/guard";
import { parsePlan, UnreadablePlan } from "../guard/plan-json";
import type { PlanJson } from "../guard/plan-json";
import { changeDigest } from "../review/change-digest";
import { countsOf } from "../review/differences";
import { hasChanges } from "../review/review";
import type { PlannedStack } from "../review/review";
import { UnreadablePlanFile } from "./plan-file";
import { Interruption } from "./interruption";
import type { Progress } from "./progress";
import { committedLock, warmPluginCache } from "./provider-lock";
import { savePlan } from "./saved-plan";
import type { SavedPlan } from "./saved-plan";
import { accountAndRegion, perAccountAndRegion, Slots } from "./slots";
import { RunFailed, StackRuns } from "./stack-runs";
import type { SynthesizedStack } from "./synthesis";
import { Terraform } from "./terraform";

/** Where the provider is kept from run to run. */
const pluginCache = path.join("build", "terraform-plugins");

/** An instance and its synthesized stack. */
export interface Place {
  readonly instance: InstanceConfig;
  readonly stack: SynthesizedStack;
}

/** A stack that was planned, or was not because it failed. */
export interface Planned extends PlannedStack {
  readonly saved?: SavedPlan;
}

/** Lock file of a provider line: as it is committed, and completed for this platform. */
interface Lock {
  readonly committed: string;
  readonly file: string;
}

/** Terraform, made ready for stacks of some provider lines. */
export class Workshop {
  private constructor(
    readonly terraform: Terraform,
    readonly version: string,
    private readonly locks: ReadonlyMap<AwsProviderConstraint, Lock>,
    readonly interruption: Interruption,
  ) {}

  /**
   * Installs the provider of each line, once.
   *
   * @throws CommandError where Terraform or a provider is missing
   */
  static async open(lines: Iterable<AwsProviderConstraint>, interruption: Interruption): Promise<Workshop> {
    const terraform = new Terraform(path.resolve(pluginCache, "cache"), interruption);
    const version = await terraform.version();
    const locks = new Map<AwsProviderConstraint, Lock>();
    for (const line of new Set(lines)) {
      const file = await warmPluginCache(terraform, line, path.resolve(pluginCache));
      locks.set(line, { committed: committedLock(line), file });
    }
    return new Workshop(terraform, version, locks, interruption);
  }

  /** @param directory where Terraform runs: that of the synthesized stack */
  runs({ awsProvider }: InstanceConfig, directory: string): StackRuns {
    return new StackRuns(this.terraform, directory, this.lock(awsProvider).file);
  }

  /** Text of the committed lock file of an instance's provider line. */
  committedLock({ awsProvider }: InstanceConfig): string {
    return this.lock(awsProvider).committed;
  }

  private lock(line: AwsProviderConstraint): Lock {
    const lock = this.locks.get(line);
    if (lock === undefined) throw new Error(`the provider ${line} was not made ready`);
    return lock;
  }
}

export interface PlanningOptions {
  readonly workshop: Workshop;
  readonly parallel: number;
  readonly progress: Progress;
  /** With the role that only reads, and without locking the state. */
  readonly readOnly: boolean;
  /** `YYYY-MM-DD`, by which allowances expire. */
  readonly today: string;
}

/** Plans each of them in its synthesized directory. Results in the order of the places. */
export async function planAll(places: readonly Place[], options: PlanningOptions): Promise<readonly Planned[]> {
  const { workshop, parallel, progress } = options;
  const { interruption } = workshop;
  const slots = new Slots({
    parallel,
    perGroup: perAccountAndRegion.plan,
    isStopping: () => interruption.isStopping,
  });
  return Promise.all(
    places.map(async (place) => {
      const planned = await slots.use(accountAndRegion(place.instance), () => planOne(place, options));
      if (planned !== undefined) progress.done(place.stack.stackName, outcomeOf(planned));
      return planned ?? { instance: place.instance, failure: "Not planned: it was stopped before." };
    }),
  );
}

async function planOne(place: Place, options: PlanningOptions): Promise<Planned> {
  const { instance, stack } = place;
  const { workshop, progress, readOnly, today } = options;
  const runs = workshop.runs(instance, stack.directory);
  try {
    progress.step(stack.stackName, "initializing");
    await runs.initialize(readOnly ? instance : undefined);
    progress.step(stack.stackName, "planning");
    await runs.plan({ isLocked: !readOnly });
    progress.step(stack.stackName, "reading the plan");
    const plan = parsePlan(await runs.show());
    const saved = savePlan(
      stack.directory,
      { stack, instance, lock: workshop.committedLock(instance), terraform: workshop.version },
      { readOnly, changes: changeDigest(plan), at: new Date() },
    );
    return { instance, plan, guard: guard(plan, instance, today), saved };
  } catch (error) {
    const isExpected = [RunFailed, UnreadablePlan, UnreadablePlanFile].some((kind) => error instanceof kind);
    if (!isExpected) throw error;
    return { instance, failure: (error as Error).message };
  }
}

/** A few words on what became of a stack. */
export function outcomeOf({ plan, guard: judged, failure }: PlannedStack): string {
  if (failure !== undefined) return failure.split("\n")[0] ?? "failed";
  if (judged !== undefined && judged.violations.length > 0) return `refused (${judged.violations.length})`;
  return plan === undefined || !hasChanges(plan) ? "nothing to do" : countsText(plan);
}

/** `1 to import, 8 to add`, without what is not done. */
function countsText(plan: PlanJson): string {
  const told = Object.entries(countsOf(plan)).filter(([, count]) => count > 0);
  return told.map(([what, count]) => `${count} to ${what}`).join(", ") || "outputs alone";
}
