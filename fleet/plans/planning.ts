/** Plans stacks: each is initialized, planned, shown, judged and saved, and one that fails does not stop the others. */
import type { InstanceConfig } from "../../config/types";
import { guard, today } from "../guard/guard";
import { parsePlan, UnreadablePlan } from "../terraform/plan-json";
import { changeDigest } from "../review/change-digest";
import type { PlannedStack } from "../review/review";
import { outcomeOf } from "../review/summary";
import { UnreadablePlanFile } from "../terraform/plan-file";
import { Progress } from "../output/progress";
import { savePlan } from "./saved-plan";
import type { SavedPlan } from "./saved-plan";
import { accountAndRegion, perAccountAndRegion, settled, ConcurrencyLimiter } from "./concurrency-limiter";
import { RunFailed } from "../terraform/terraform-stack";
import { stackOf } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";
import type { TerraformToolchain } from "../terraform/toolchain";

/** A stack that was planned, or was not because it failed. */
export interface Planned extends PlannedStack {
  readonly saved?: SavedPlan;
}

export interface Planning {
  readonly toolchain: TerraformToolchain;
  /** The instances' stacks, by name. Each is planned in its own directory. */
  readonly stacks: ReadonlyMap<string, SynthesizedStack>;
  readonly parallel: number;
  /** With the role that only reads, and without locking the state. */
  readonly readOnly: boolean;
}

/** Plans each of them, and tells on standard error how far it is. Results in the order of the instances. */
export async function planInstances(
  instances: readonly InstanceConfig[],
  { toolchain, stacks, parallel, readOnly }: Planning,
): Promise<readonly Planned[]> {
  const { shutdown } = toolchain;
  const limiter = new ConcurrencyLimiter({
    parallel,
    perGroup: perAccountAndRegion.plan,
    isStopping: () => shutdown.isStopping,
  });
  const progress = new Progress(process.stderr, instances.length);
  try {
    return await settled(
      instances.map(async (instance) => {
        const stack = stackOf(stacks, instance);
        const planned = await limiter.use(accountAndRegion(instance), () =>
          planOne(instance, stack, { toolchain, progress, readOnly }),
        );
        if (planned !== undefined) progress.done(stack.stackName, outcomeOf(planned));
        return planned ?? { instance, failure: "Not planned: it was stopped before." };
      }),
    );
  } finally {
    progress.end();
  }
}

interface PlanningOne extends Pick<Planning, "toolchain" | "readOnly"> {
  readonly progress: Progress;
}

async function planOne(
  instance: InstanceConfig,
  stack: SynthesizedStack,
  { toolchain, progress, readOnly }: PlanningOne,
): Promise<Planned> {
  const runs = toolchain.runs(instance, stack.directory);
  try {
    progress.step(stack.stackName, "initializing");
    await runs.initialize(readOnly ? instance : undefined);
    progress.step(stack.stackName, "planning");
    await runs.plan({ isLocked: !readOnly });
    progress.step(stack.stackName, "reading the plan");
    const plan = parsePlan(await runs.show());
    const saved = savePlan(
      stack.directory,
      { stack, instance, lock: toolchain.committedLock(instance), terraform: toolchain.version },
      { readOnly, changes: changeDigest(plan), at: new Date() },
    );
    return { instance, plan, guard: guard(plan, instance, today()), saved };
  } catch (error) {
    const isExpected = [RunFailed, UnreadablePlan, UnreadablePlanFile].some((kind) => error instanceof kind);
    if (!isExpected) throw error;
    return { instance, failure: (error as Error).message };
  }
}
