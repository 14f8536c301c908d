/** Prepares a deployment of new plans. Each new plan must make the same changes as the reviewed plan, or the rest of these changes. */
import type { InstanceConfig } from "../../config/types";
import { openToolchain, terraformStackOf } from "../plans/instance-terraform";
import { planInstances } from "../plans/planning";
import type { PlanningResult } from "../plans/planning";
import { synthesizeInto } from "../plans/plans-directory";
import { readReviewFile } from "../plans/review-file";
import type { PlanRejection } from "../plans/saved-plan";
import { synthesizedStackOf } from "../plans/synthesis";
import type { OutlinedChange } from "../review/change-outline";
import { hasChanges } from "../review/review";
import { unreviewedChanges } from "../review/unreviewed-changes";
import { planFileName } from "../terraform/plan-file";
import { TerraformError } from "../terraform/terraform-stack";
import type { TerraformStack } from "../terraform/terraform-stack";
import { discardJournal } from "./journal";
import { keepIncomplete, keptText } from "./keep-incomplete";
import { combineDeployments, deploymentOf } from "./stack-deployment";
import type { DeploymentRequest, PreparedDeployments } from "./stack-deployment";

/** Plans the reviewed stacks again. @param file `review.json` */
export async function replannedDeployments(request: DeploymentRequest, file: string): Promise<PreparedDeployments> {
  const { instances, plans, shutdown, parallel, lockTimeout, print } = request;
  const { stacks: reviews } = readReviewFile(file);
  discardJournal(plans);
  const refused = new Map<string, readonly PlanRejection[]>();
  const toPlan: InstanceConfig[] = [];
  for (const instance of instances) {
    const review = reviews[instance.stackName];
    if (review?.outcome === "planned") toPlan.push(instance);
    if (review === undefined) {
      const fix = "Plan the stack and have it reviewed, or select only reviewed stacks.";
      refused.set(instance.stackName, [{ reason: "The review does not contain the stack.", fix }]);
    } else if (review.outcome === "refused" || review.outcome === "failed") {
      const reason =
        review.outcome === "refused"
          ? "The guard refused the reviewed plan."
          : "The review contains no plan, because planning failed.";
      refused.set(instance.stackName, [{ reason, fix: "Fix the cause, plan again, and have the new plan reviewed." }]);
    }
  }
  if (refused.size > 0) return { refused };
  const unchanged = instances.filter((instance) => !toPlan.includes(instance)).map(({ stackName }) => stackName);
  if (unchanged.length > 0) print(`Skipped, because the review has no changes for them: ${unchanged.join(", ")}.`);
  if (toPlan.length === 0) return { ready: [] };

  const stacks = await synthesizeInto(plans, toPlan);
  const stale = toPlan.flatMap(({ stackName }) => {
    const review = reviews[stackName];
    if (review?.outcome !== "planned" || review.synthesized === stacks.get(stackName)?.digest) return [];
    const reason =
      "The stack differs from the reviewed stack: source code or environment files changed since the review.";
    return [[stackName, [{ reason, fix: "Plan again, and have the new plan reviewed." }]] as const];
  });
  if (stale.length > 0) return { refused: new Map(stale) };

  const toolchain = await openToolchain(toPlan, shutdown, lockTimeout);
  const options = { toolchain, stacks, parallel, readOnly: false, isTemporary: true };
  const reviewedOf = ({ stackName }: InstanceConfig): readonly OutlinedChange[] => {
    const review = reviews[stackName];
    return review?.outcome === "planned" ? review.outline : [];
  };
  const stackOf = (instance: InstanceConfig): TerraformStack =>
    terraformStackOf(toolchain, instance, synthesizedStackOf(stacks, instance).directory);
  const first = await planInstances(toPlan, options);
  const failures = new Map<InstanceConfig, string>();
  const kept = await keepTainted(first, { stackOf, reviewedOf, failures, print });
  const again = new Map(
    (kept.length === 0 ? [] : await planInstances(kept, options)).map((result) => [result.instance, result]),
  );
  return combineDeployments(
    first.map((result) => {
      const { instance, plan, guard, saved, outline, failure } = again.get(result.instance) ?? result;
      const refuse = (reason: string, fix: string) => [instance.stackName, [{ reason, fix }]] as const;
      if (plan === undefined || guard === undefined || saved === undefined || failures.has(instance)) {
        const reason = failure ?? failures.get(instance) ?? "The stack could not be planned.";
        return refuse(reason, "Nothing was applied. Fix the cause and deploy again.");
      }
      const stack = stackOf(instance);
      // An earlier run of this command applied the plan of this stack and failed at another stack. Only the verification is missing.
      if (!hasChanges(plan)) return [instance.stackName, { instance, stack, creates: [], needsVerification: true }];
      const review = reviews[instance.stackName];
      if (review?.outcome !== "planned" || review.changes !== saved.changes) {
        const reviewed = reviewedOf(instance);
        const unreviewed = unreviewedChanges({ resource_changes: reviewed }, { resource_changes: outline ?? [] });
        if (unreviewed.length > 0) {
          return refuse(
            `The new plan makes other changes than the reviewed plan: ${unreviewed.join(", ")}. AWS or the state changed since the review.`,
            "Show the current changes with: npm run fleet -- plan. Then have them reviewed.",
          );
        }
        print(
          `${instance.stackName}: a part of the review is already deployed. ${outline?.length ?? 0} of ${reviewed.length} changes remain.`,
        );
      }
      const applicable = { file: planFileName, checksum: saved.planFile, table: saved.table };
      return [instance.stackName, deploymentOf(instance, stack, plan, guard, applicable)];
    }),
  );
}

interface KeepOptions {
  readonly stackOf: (instance: InstanceConfig) => TerraformStack;
  readonly reviewedOf: (instance: InstanceConfig) => readonly OutlinedChange[];
  /** Receives the stacks whose state cannot be changed, and why. */
  readonly failures: Map<InstanceConfig, string>;
  readonly print: (text: string) => void;
}

/**
 * Keeps the resources that an earlier run of this command created before it failed.
 *
 * @returns the instances that must be planned again
 */
async function keepTainted(
  results: readonly PlanningResult[],
  { stackOf, reviewedOf, failures, print }: KeepOptions,
): Promise<readonly InstanceConfig[]> {
  const kept: InstanceConfig[] = [];
  for (const { instance, plan } of results) {
    if (!plan?.resource_changes.some(({ action_reason }) => action_reason === "replace_because_tainted")) continue;
    try {
      const addresses = await keepIncomplete(stackOf(instance), { resource_changes: reviewedOf(instance) });
      if (addresses.length === 0) continue;
      print(`${instance.stackName}: ${keptText(addresses)}`);
      kept.push(instance);
    } catch (error) {
      if (!(error instanceof TerraformError)) throw error;
      failures.set(instance, error.message);
    }
  }
  return kept;
}
