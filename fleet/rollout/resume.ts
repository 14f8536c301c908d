/** Plans the remaining changes of a stack whose deployment was interrupted or failed. */
import { readFileSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { errorMessage } from "../output/error-message";
import { judgePlan } from "../plans/judge-plan";
import type { PlanRejection } from "../plans/saved-plan";
import { sha256 } from "../plans/saved-plan";
import { readTableFingerprint, dependsOnTable } from "../plans/table-fingerprint";
import { planCompletely } from "../plans/unfinished-updates";
import type { CompletePlan } from "../plans/unfinished-updates";
import { outcomeOf } from "../review/summary";
import { unreviewedChanges } from "../review/unreviewed-changes";
import { isTouched, parsePlan } from "../terraform/plan-json";
import type { PlanJson } from "../terraform/plan-json";
import type { TerraformStack } from "../terraform/terraform-stack";
import { resumedPlanName, uploadErroredState } from "./errored-state";
import { importOrphans } from "./import-orphans";
import { unfinishedApply } from "./journal";
import type { DeploymentStatus } from "./journal";
import { keepIncomplete, keptText } from "./keep-incomplete";
import { deploymentOf } from "./stack-deployment";
import type { PreparedDeployment } from "./stack-deployment";

export interface ResumeOptions {
  readonly status: DeploymentStatus;
  /** Reports a step on the progress line. */
  readonly step: (text: string) => void;
  readonly print: (text: string) => void;
  /** The state of the interrupted apply is complete. */
  readonly onComplete: () => void;
}

/**
 * Completes the state after an interrupted or failed apply: uploads the state that Terraform could not write, keeps resources whose
 * creation was interrupted, and imports resources that are in no state.
 *
 * @returns why the state cannot be completed, and what to do
 * @throws TerraformError, UnreadablePlan
 */
export async function completeState(
  instance: InstanceConfig,
  stack: TerraformStack,
  { status, step, print }: ResumeOptions,
): Promise<PlanRejection | undefined> {
  if (unfinishedApply(status) === undefined) return undefined;
  const { stackName } = instance;
  step("completing the state");
  const reviewed = parsePlan(await stack.show());
  const notUploaded = await uploadErroredState(stack, reviewed, (text) => {
    print(`${stackName}: ${text}`);
  });
  if (notUploaded !== undefined) return notUploaded;
  const incomplete = await keepIncomplete(stack, reviewed);
  if (incomplete.length > 0) {
    print(`${stackName}: ${keptText(incomplete)}`);
  }
  const imported = await importOrphans(stack, instance, reviewed);
  if (imported.length > 0) {
    print(
      `${stackName}: imported into the state, because the interrupted apply created these resources: ${imported.join(", ")}.`,
    );
  }
  return undefined;
}

/**
 * Makes a new plan on the completed state. The new plan may make only changes that the reviewed plan makes.
 *
 * @throws TerraformError, UnreadablePlan
 */
export async function planRemaining(
  instance: InstanceConfig,
  stack: TerraformStack,
  { step, print }: ResumeOptions,
): Promise<PreparedDeployment> {
  const { stackName } = instance;
  const reviewed = parsePlan(await stack.show());
  step("planning the remaining changes");
  const table = await readTableFingerprint(instance).catch((error: unknown) => errorMessage(error));
  const complete = await planCompletely(stack, instance, { isLocked: true }, resumedPlanName);
  const { plan: rest, withoutRepeats, unfinished } = complete;
  for (const text of unfinished) print(`${stackName}: ${text}`);
  const checksum = sha256(readFileSync(path.join(stack.directory, resumedPlanName)));
  const unreviewed = [...unreviewedChanges(reviewed, withoutRepeats), ...unreviewedRepeats(reviewed, complete)];
  if (unreviewed.length > 0) {
    return [
      {
        reason: `The remaining changes include changes that were not reviewed: ${unreviewed.join(", ")}. AWS or the state changed after the review.`,
        fix: "Plan again, and have the new plan reviewed.",
      },
    ];
  }
  const { guard: result } = await judgePlan(rest, instance);
  const remaining = rest.resource_changes.filter(isTouched);
  const list = remaining.map(({ address, change }) => `\n    ${change.actions.join(" and ")} ${address}`).join("");
  print(`${stackName}: remaining changes: ${outcomeOf({ instance, plan: rest, guard: result })}${list}`);
  const isTableTouched = dependsOnTable(rest, instance);
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

/** A repeated update was reviewed if the reviewed plan updates the same function. Its values are those of the last apply. */
function unreviewedRepeats(reviewed: PlanJson, { plan, withoutRepeats }: CompletePlan): readonly string[] {
  const known = new Set([reviewed, withoutRepeats].flatMap(touchedAddresses));
  return touchedAddresses(plan).filter((address) => !known.has(address));
}

const touchedAddresses = ({ resource_changes }: PlanJson): readonly string[] =>
  resource_changes.filter(isTouched).map(({ address }) => address);
