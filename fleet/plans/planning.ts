/** Plans stacks: initializes, plans, applies the guard and saves each plan. A failed stack does not stop the others. */
import type { InstanceConfig } from "../../config/types";
import { changeDigest } from "../review/change-digest";
import { outlineOf } from "../review/change-outline";
import type { OutlinedChange } from "../review/change-outline";
import type { PlannedStack } from "../review/review";
import { outcomeOf } from "../review/summary";
import { UnreadablePlanFile } from "../terraform/plan-file";
import { boundedLines } from "../output/foreign-text";
import { errorMessage } from "../output/error-message";
import { UnreadablePlan } from "../terraform/plan-json";
import { lockIn } from "../terraform/state-lock";
import { TerraformError } from "../terraform/terraform-stack";
import type { TerraformToolchain } from "../terraform/toolchain";
import { forEachStack } from "./for-each-stack";
import { readOnlyAccess, terraformStackOf } from "./instance-terraform";
import { judgePlan } from "./judge-plan";
import { lockNotice, lockProblem } from "./state-lock-report";
import { savePlan } from "./saved-plan";
import type { SavedPlan } from "./saved-plan";
import { dependsOnTable, readTableFingerprint } from "./table-fingerprint";
import { outlineKey, synthesizedStackOf } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";
import { planFailureText } from "./table-replacement";
import { planCompletely, UnreadableFunction } from "./unfinished-updates";

/** The result of planning one stack; `failure` says why there is no plan. */
export interface PlanningResult extends PlannedStack {
  readonly saved?: SavedPlan;
  /** The changes of the plan, for `review.json`. */
  readonly outline?: readonly OutlinedChange[];
  /** Differences that Terraform does not notice: updates that an earlier deployment did not finish, and changes by others. */
  readonly unfinished?: readonly string[];
}

export interface PlanningOptions {
  readonly toolchain: TerraformToolchain;
  /** The synthesized stacks, by name. Each stack is planned in its own directory. */
  readonly stacks: ReadonlyMap<string, SynthesizedStack>;
  readonly parallel: number;
  /** Whether to plan with read-only roles and without locking the state. */
  readonly readOnly: boolean;
  /** Whether the directories of the stacks may be gone when the user reads a message, as after a CI job. @default false */
  readonly isTemporary?: boolean;
}

/** Plans each instance and reports progress on standard error. Results are in the order of the instances. */
export async function planInstances(
  instances: readonly InstanceConfig[],
  options: PlanningOptions,
): Promise<readonly PlanningResult[]> {
  const { toolchain, stacks, parallel } = options;
  const { shutdown } = toolchain;
  const results = await forEachStack(instances, { parallel, kind: "plan", shutdown }, (instance) => ({
    work: (step) => planStack(instance, synthesizedStackOf(stacks, instance), options, step),
    describe: outcomeOf,
  }));
  return results.map(
    ({ instance, result }) => result ?? { instance, failure: "Not planned: the command was stopped." },
  );
}

async function planStack(
  instance: InstanceConfig,
  synthesized: SynthesizedStack,
  { toolchain, readOnly, isTemporary = false }: PlanningOptions,
  step: (text: string) => void,
): Promise<PlanningResult> {
  const stack = terraformStackOf(toolchain, instance, synthesized.directory);
  const warnings: string[] = [];
  try {
    step("initializing");
    await stack.initialize(readOnly ? { readOnly: readOnlyAccess(instance) } : {});
    if (readOnly) {
      step("looking for a state lock");
      const notice = await lockNotice(instance, toolchain.lockTimeout, toolchain.shutdown);
      if (notice !== undefined) warnings.push(notice);
    }
    // Read before the plan: a change of the table during the plan is then detected before the apply.
    const table = readOnly ? null : await readTableFingerprint(instance).catch((error: unknown) => errorMessage(error));
    step("planning");
    const { plan, unfinished } = await planCompletely(stack, instance, { isLocked: !readOnly });
    const isTableTouched = dependsOnTable(plan, instance);
    if (isTableTouched && typeof table === "string") {
      const failure = `The plan depends on the table ${instance.table.name}, but dynamodb:DescribeTable failed. ${table}`;
      return { instance, failure };
    }
    const lock = toolchain.committedLock(instance.awsProvider);
    const saved = savePlan(
      synthesized.directory,
      { synthesized, instance, lock, terraform: toolchain.version },
      {
        readOnly,
        changes: changeDigest(plan),
        table: isTableTouched && typeof table !== "string" ? table : null,
        at: new Date(),
      },
    );
    step("comparing the plan with AWS");
    const { guard, warnings: moreWarnings } = await judgePlan(plan, instance);
    const allWarnings = [...warnings, ...unfinished, ...moreWarnings];
    const outline = outlineOf(plan, outlineKey(synthesized));
    return { instance, plan, guard, warnings: allWarnings, saved, outline, unfinished };
  } catch (error) {
    const isExpected = [TerraformError, UnreadablePlan, UnreadablePlanFile, UnreadableFunction].some(
      (kind) => error instanceof kind,
    );
    if (!isExpected) throw error;
    const lock = error instanceof TerraformError ? lockIn(error.output) : undefined;
    if (lock !== undefined) {
      const { reason, fix } = lockProblem(lock, instance, isTemporary ? undefined : synthesized.directory);
      return { instance, failure: `${reason}\n  ${fix}` };
    }
    return { instance, warnings, failure: boundedLines(await planFailureText(error as Error, instance, stack)) };
  }
}
