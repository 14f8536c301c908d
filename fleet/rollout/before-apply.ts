/** The last checks, immediately before a plan is applied: the plan file and the table must be unchanged since the earlier checks. */
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { sha256 } from "../plans/saved-plan";
import type { PlanRejection } from "../plans/saved-plan";
import { staleTable } from "../plans/table-fingerprint";
import type { ApplicablePlan, StackDeployment } from "./stack-deployment";

export async function rejectBeforeApply(
  { instance, stack }: Pick<StackDeployment, "instance" | "stack">,
  { file, checksum, table }: ApplicablePlan,
): Promise<PlanRejection | undefined> {
  const planFile = path.join(stack.directory, file);
  const isSame = existsSync(planFile) && sha256(readFileSync(planFile)) === checksum;
  if (!isSame) {
    return {
      reason: `The plan file ${file} was changed or replaced after deploy checked it.`,
      fix: "Another command used the plans directory. Plan again, and have the new plan reviewed.",
    };
  }
  return table === null ? undefined : staleTable(instance, table);
}
