/** Prepares the deployment of saved plans: checks each plan against its stack, its state and the guard before any plan is applied. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { forEachStack } from "../plans/for-each-stack";
import { openToolchain, terraformStackOf } from "../plans/instance-terraform";
import { judgePlan } from "../plans/judge-plan";
import { plannedStacks } from "../plans/plans-directory";
import { checkSavedPlan, hasSavedPlan, staleState } from "../plans/saved-plan";
import { selectionOf, synthesize, synthesizedStackOf } from "../plans/synthesis";
import type { SynthesizedStack } from "../plans/synthesis";
import { staleTable } from "../plans/table-fingerprint";
import { UnreadableFunction } from "../plans/unfinished-updates";
import { lockIn } from "../terraform/diagnostics";
import { planFileName } from "../terraform/plan-file";
import { parsePlan, UnreadablePlan } from "../terraform/plan-json";
import { TerraformError } from "../terraform/terraform-stack";
import type { TerraformToolchain } from "../terraform/toolchain";
import { repairState } from "./errored-state";
import { stateLocked, stillRunning } from "./in-progress";
import { journalName, readStatuses } from "./journal";
import { planRemaining } from "./resume";
import type { ResumeOptions } from "./resume";
import { combineDeployments, deploymentOf, isRejected } from "./stack-deployment";
import type { DeploymentRequest, PreparedDeployment, PreparedDeployments } from "./stack-deployment";

/** Prepares the saved plans. For a resumed deployment, prepares only the stacks that are not deployed and verified yet. */
export async function savedDeployments(request: DeploymentRequest, isResumed: boolean): Promise<PreparedDeployments> {
  const { instances, plans, shutdown, parallel, print } = request;
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
    const toolchain = await openToolchain(planned, shutdown);
    const prepared = await forEachStack(planned, { parallel, kind: "plan", shutdown }, (instance) => {
      const synthesized = synthesizedStackOf(stacks, instance);
      const { directory: planDirectory } = synthesizedStackOf(saved, instance);
      const status = statuses.get(instance.stackName) ?? { state: "waiting" };
      return {
        work: (step) =>
          prepareStack({ instance, synthesized, directory: planDirectory }, toolchain, { status, step, print }),
        describe: describeDeployment,
      };
    });
    return combineDeployments(prepared.map(({ instance, result }) => [instance.stackName, result ?? []]));
  } finally {
    rmSync(current, { recursive: true, force: true });
  }
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
  if (saved === undefined || rejections.length > 0) return rejections;
  if (status.state === "applied") return { ...finished, needsVerification: true };
  const running = stillRunning(status);
  if (running !== undefined) return [running];
  try {
    await stack.initialize();
    if (status.state !== "waiting") {
      const unrepaired = await repairState(stack, saved, options.print);
      return unrepaired === undefined ? await planRemaining(instance, stack, options) : [unrepaired];
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
    const stateLock = error instanceof TerraformError ? lockIn(error.output) : undefined;
    if (stateLock !== undefined) return [stateLocked(stateLock, status, directory)];
    const isExpected = [TerraformError, UnreadablePlan, UnreadableFunction].some((kind) => error instanceof kind);
    if (!isExpected || !(error instanceof Error)) throw error;
    return [{ reason: error.message, fix: "Nothing was applied. Fix the cause and deploy again." }];
  }
}
