/** Prepares the deployment of saved plans: checks each plan against its stack, its state and the guard before any plan is applied. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { isFailedRequest } from "../aws/errors";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { forEachStack } from "../plans/for-each-stack";
import { openToolchain, terraformStackOf } from "../plans/instance-terraform";
import { judgePlan } from "../plans/judge-plan";
import { plannedStacks } from "../plans/plans-directory";
import { checkSavedPlan, hasSavedPlan, staleState } from "../plans/saved-plan";
import type { PlanRejection } from "../plans/saved-plan";
import { selectionOf, synthesize, synthesizedStackOf } from "../plans/synthesis";
import type { SynthesizedStack } from "../plans/synthesis";
import { lockProblem } from "../plans/state-lock-report";
import { staleTable } from "../plans/table-fingerprint";
import { UnreadableFunction } from "../plans/unfinished-updates";
import { planFileName } from "../terraform/plan-file";
import { parsePlan, UnreadablePlan } from "../terraform/plan-json";
import { lockIn } from "../terraform/state-lock";
import { TerraformError } from "../terraform/terraform-stack";
import type { TerraformStack } from "../terraform/terraform-stack";
import type { TerraformToolchain } from "../terraform/toolchain";
import { isOwnLock, stillRunning } from "./in-progress";
import { Journal, journalName, readStatuses, unfinishedApply } from "./journal";
import { completeState, planRemaining } from "./resume";
import type { ResumeOptions } from "./resume";
import { combineDeployments, deploymentOf, isRejected } from "./stack-deployment";
import type { DeploymentRequest, PreparedDeployment, PreparedDeployments } from "./stack-deployment";

/** Prepares the saved plans. For a resumed deployment, prepares only the stacks that are not deployed and verified yet. */
export async function savedDeployments(request: DeploymentRequest, isResumed: boolean): Promise<PreparedDeployments> {
  const { instances, plans, shutdown, parallel, lockTimeout, print } = request;
  const directory = path.relative(".", plans);
  const saved = plannedStacks(plans);
  const statuses = readStatuses(path.join(plans, journalName));
  if (isResumed && statuses.size === 0) {
    throw new CommandError(`No deployment of the plans in ${directory} has started. Leave out --resume.`);
  }
  if (!isResumed && statuses.size > 0) {
    throw new CommandError(
      `A deployment of the plans in ${directory} has already started.\n` +
        "  Continue it: npm run fleet -- deploy --resume. Or make new plans: npm run fleet -- plan",
    );
  }
  const planned = instances.filter(({ stackName }) => {
    const stack = saved.get(stackName);
    return stack !== undefined && hasSavedPlan(stack.directory);
  });
  const unplanned = instances.filter((instance) => !planned.includes(instance)).map(({ stackName }) => stackName);
  if (planned.length === 0) {
    throw new CommandError(`None of the selected instances has a plan in ${directory}. Run: npm run fleet -- plan`);
  }
  if (unplanned.length > 0) print(`Skipped, because there is no plan: ${unplanned.join(", ")}.`);

  const current = path.join(plans, "current");
  try {
    const select = selectionOf(planned.map(({ stackName }) => stackName));
    const { stacks } = await synthesize({ select, outdir: current });
    const toolchain = await openToolchain(planned, shutdown, lockTimeout);
    const prepared = await forEachStack(planned, { parallel, kind: "plan", shutdown }, (instance) => {
      const synthesized = synthesizedStackOf(stacks, instance);
      const { directory: planDirectory } = synthesizedStackOf(saved, instance);
      const status = statuses.get(instance.stackName) ?? { state: "waiting" };
      return {
        work: (step) =>
          prepareStack({ instance, synthesized, directory: planDirectory }, toolchain, {
            status,
            step,
            print,
            onComplete: () => {
              recordCompleteState(plans, instance);
            },
          }),
        describe: describeDeployment,
      };
    });
    return combineDeployments(prepared.map(({ instance, result }) => [instance.stackName, result ?? []]));
  } finally {
    rmSync(current, { recursive: true, force: true });
  }
}

/** The result of the apply is now known: the apply failed, and the state is complete. So new plans are possible too. */
function recordCompleteState(plans: string, { stackName }: InstanceConfig): void {
  const journal = new Journal(path.join(plans, journalName));
  journal.write({ stack: stackName, event: "failed", step: "apply" });
  journal.close();
}

function describeDeployment(prepared: PreparedDeployment): string {
  if (isRejected(prepared)) return "refused";
  if (prepared.plan !== undefined) return "ready";
  return prepared.needsVerification ? "nothing to apply; must be verified" : "done before";
}

interface PlannedStack {
  readonly instance: InstanceConfig;
  /** The stack, synthesized from the current environment files. */
  readonly synthesized: SynthesizedStack;
  /** Directory of the saved plan. */
  readonly directory: string;
}

async function prepareStack(
  { instance, synthesized, directory }: PlannedStack,
  toolchain: TerraformToolchain,
  options: ResumeOptions,
): Promise<PreparedDeployment> {
  const { status, step } = options;
  const stack = terraformStackOf(toolchain, instance, directory);
  const finished = { instance, stack, creates: [] };
  if (status.state === "verified") return { ...finished, needsVerification: false };

  step("checking the saved plan");
  const lock = toolchain.committedLock(instance.awsProvider);
  const current = { synthesized, instance, lock, terraform: toolchain.version };
  const { saved, rejections } = checkSavedPlan(directory, current);
  // Even if the plan is stale, the state of its interrupted apply is completed first. Otherwise no new plan is possible.
  const isUnfinished = unfinishedApply(status) !== undefined;
  if (saved === undefined || (rejections.length > 0 && !isUnfinished)) return rejections;
  if (status.state === "applied") return { ...finished, needsVerification: true };
  const running = stillRunning(status);
  if (running !== undefined) return [running];
  try {
    await stack.initialize();
    if (status.state !== "waiting") {
      return await withoutOwnLock(stack, instance, options, async () => {
        const incomplete = await completeState(instance, stack, options);
        if (incomplete !== undefined) return [incomplete, ...rejections];
        if (isUnfinished) options.onComplete();
        return rejections.length > 0 ? rejections : planRemaining(instance, stack, options);
      });
    }
    const stale = staleState(saved, await stack.stateVersion());
    if (stale !== undefined) return [stale];
    const plan = parsePlan(await stack.show());
    const changedTable = saved.table === null ? undefined : await staleTable(instance, saved.table);
    if (changedTable !== undefined) return [changedTable];
    const applicable = { file: planFileName, checksum: saved.planFile, table: saved.table };
    const judged = await judgePlan(plan, instance);
    for (const warning of judged.warnings) options.print(`${instance.stackName}: warning: ${warning}`);
    return deploymentOf(instance, stack, plan, judged.guard, applicable);
  } catch (error) {
    return [rejectionOfError(error, instance, directory)];
  }
}

/**
 * Why a stack whose preparation ended with an error is not deployed.
 *
 * @param directory directory of the saved plan
 * @throws the error, if it is a defect of this program
 */
export function rejectionOfError(error: unknown, instance: InstanceConfig, directory: string): PlanRejection {
  const lock = error instanceof TerraformError ? lockIn(error.output) : undefined;
  if (lock !== undefined) return lockProblem(lock, instance, directory);
  const fix = "Nothing was applied. Fix the cause and deploy again.";
  const hasMessage = [CommandError, TerraformError, UnreadablePlan, UnreadableFunction].some(
    (kind) => error instanceof kind,
  );
  if (hasMessage && error instanceof Error) return { reason: error.message, fix };
  if (!isFailedRequest(error)) throw error;
  return { reason: `A request to AWS for ${instance.stackName} failed. ${errorMessage(error)}`, fix };
}

/** Does the work. If the state lock of the interrupted apply prevents it, releases this lock and does the work again. */
async function withoutOwnLock<T>(
  stack: TerraformStack,
  { stackName }: InstanceConfig,
  { status, print }: ResumeOptions,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const lock = error instanceof TerraformError ? lockIn(error.output) : undefined;
    if (lock?.id === undefined || !isOwnLock(lock, status, stack.lastApply())) throw error;
    // Terraform releases a lock only if its id matches, so no other lock can be released here.
    if (!(await stack.unlock(lock.id))) throw error;
    print(`${stackName}: released the state lock ${lock.id}, which the interrupted apply left.`);
    return work();
  }
}
