/** Plans the remaining changes of a stack whose deployment was interrupted or failed. */
import type { InstanceConfig } from "../../config/types";
import { readFileSync } from "node:fs";
import path from "node:path";
import { judgePlan } from "../plans/judge-plan";
import { sha256 } from "../plans/saved-plan";
import { readTableFingerprint, touchesTable } from "../plans/table-fingerprint";
import { planCompletely } from "../plans/unfinished-updates";
import { outcomeOf } from "../review/summary";
import { errorMessage } from "../output/error-message";
import { taintedAddresses } from "../terraform/plan-file";
import { isTouched, parsePlan } from "../terraform/plan-json";
import type { PlanJson } from "../terraform/plan-json";
import type { TerraformStack } from "../terraform/terraform-stack";
import { importOrphans } from "./import-orphans";
import type { DeploymentStatus } from "./journal";
import { deploymentOf } from "./stack-deployment";
import type { PreparedDeployment } from "./stack-deployment";

/** Name of the new plan. The reviewed plan stays beside it. */
const resumedPlanName = "fleet-resume.plan";

export interface ResumeOptions {
  readonly status: DeploymentStatus;
  /** Reports a step on the progress line. */
  readonly step: (text: string) => void;
  readonly print: (text: string) => void;
}

/** Makes a new plan. The new plan may change only resources that the reviewed plan changes. */
export async function planRemaining(
  instance: InstanceConfig,
  stack: TerraformStack,
  { status, step, print }: ResumeOptions,
): Promise<PreparedDeployment> {
  const { stackName } = instance;
  const reviewed = parsePlan(await stack.show());
  if (status.state === "applying") {
    step("importing resources that the interrupted apply created");
    const imported = await importOrphans(stack, instance, reviewed);
    if (imported.length > 0) {
      print(
        `${stackName}: imported into the state, because the interrupted apply created these resources: ${imported.join(", ")}.`,
      );
    }
  }
  const kept = await keepTainted(stack, reviewed);
  if (kept.length > 0) {
    print(`${stackName}: their creation failed halfway, and the next apply completes them: ${kept.join(", ")}.`);
  }
  step("planning the remaining changes");
  const table = await readTableFingerprint(instance).catch((error: unknown) => errorMessage(error));
  const { plan: rest, unfinished } = await planCompletely(stack, instance, { isLocked: true }, resumedPlanName);
  for (const text of unfinished) print(`${stackName}: ${text}`);
  const checksum = sha256(readFileSync(path.join(stack.directory, resumedPlanName)));
  const reviewedAddresses = new Set(reviewed.resource_changes.filter(isTouched).map(({ address }) => address));
  const remaining = rest.resource_changes.filter(isTouched);
  const notReviewed = remaining.filter(({ address }) => !reviewedAddresses.has(address));
  if (notReviewed.length > 0) {
    const list = notReviewed.map(({ address, change }) => `${address} (${change.actions.join(" and ")})`).join(", ");
    return [
      {
        reason: `The remaining changes include changes that were not reviewed: ${list}. AWS or the state changed after the review.`,
        fix: "Plan again, and have the new plan reviewed: npm run fleet -- plan --plans <another directory>",
      },
    ];
  }
  const { guard: result } = await judgePlan(rest, instance);
  const list = remaining.map(({ address, change }) => `\n    ${change.actions.join(" and ")} ${address}`).join("");
  print(`${stackName}: remaining changes: ${outcomeOf({ instance, plan: rest, guard: result })}${list}`);
  const isTableTouched = touchesTable(rest);
  if (isTableTouched && typeof table === "string") {
    const fix =
      "Allow dynamodb:DescribeTable for the role that deploy uses (planRole, otherwise deployRole, otherwise the role of your credentials), and resume.";
    return [{ reason: `The table ${instance.table.name} cannot be read. ${table}`, fix }];
  }
  const applicable = {
    file: resumedPlanName,
    checksum,
    table: isTableTouched && typeof table !== "string" ? table : null,
  };
  return deploymentOf(instance, stack, rest, result, applicable);
}

/**
 * Keeps the resources that the last apply created before it failed. Terraform would delete and create them again: that would fail for a
 * resource whose replacement is created first, and the guard refuses it for a resource that a call needs. All of them can be changed in
 * place.
 *
 * @returns their addresses
 */
async function keepTainted(stack: TerraformStack, reviewed: PlanJson): Promise<readonly string[]> {
  const created = new Set(
    reviewed.resource_changes.filter(({ change }) => change.actions.includes("create")).map(({ address }) => address),
  );
  const tainted = taintedAddresses(await stack.stateText()).filter((address) => created.has(address));
  for (const address of tainted) await stack.untaint(address);
  return tainted;
}
