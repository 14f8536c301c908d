/** Prepares a deployment of new plans. Each new plan must make the same changes as the reviewed plan. */
import type { InstanceConfig } from "../../config/types";
import { openToolchain, terraformStackOf } from "../plans/instance-terraform";
import { planInstances } from "../plans/planning";
import { synthesizeInto } from "../plans/plans-directory";
import { readReviewFile } from "../plans/review-file";
import type { PlanRejection } from "../plans/saved-plan";
import { synthesizedStackOf } from "../plans/synthesis";
import { hasChanges } from "../review/review";
import { planFileName } from "../terraform/plan-file";
import { discardJournal } from "./journal";
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
  const results = await planInstances(toPlan, { toolchain, stacks, parallel, readOnly: false });
  return combineDeployments(
    results.map(({ instance, plan, guard: guardResult, saved, failure }) => {
      const review = reviews[instance.stackName];
      if (plan === undefined || guardResult === undefined || saved === undefined) {
        const reason = failure ?? "The stack could not be planned.";
        return [instance.stackName, [{ reason, fix: "Nothing was applied. Fix the cause and deploy again." }]];
      }
      const stack = terraformStackOf(toolchain, instance, synthesizedStackOf(stacks, instance).directory);
      // An earlier run of this command applied the plan of this stack and failed at another stack. Only the verification is missing.
      if (!hasChanges(plan)) return [instance.stackName, { instance, stack, creates: [], needsVerification: true }];
      if (review?.outcome !== "planned" || review.changes !== saved.changes) {
        const reason =
          "The new plan makes other changes than the reviewed plan: AWS or the state changed since the review.";
        const fix = "Show the current changes with: npm run fleet -- plan. Then have them reviewed.";
        return [instance.stackName, [{ reason, fix }]];
      }
      const applicable = { file: planFileName, checksum: saved.planFile, table: saved.table };
      return [instance.stackName, deploymentOf(instance, stack, plan, guardResult, applicable)];
    }),
  );
}
