/** Applies the guard to the plan of another pipeline. */
import { readFileSync } from "node:fs";
import type { InstanceConfig } from "../../config/types";
import { guard, today } from "../guard/guard";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import type { PlannedStack } from "../review/review";
import type { PlanJson } from "../terraform/plan-json";
import { parsePlan, UnreadablePlan } from "../terraform/plan-json";
import { incompleteResources } from "./incomplete-resources";

/**
 * Reads the output of `terraform show -json PLANFILE`, and applies the guard of the instance.
 *
 * @param file path of the output; `-` for standard input
 * @throws CommandError if the file cannot be read or is not a plan
 */
export function judgeExternalPlan(file: string, instance: InstanceConfig): PlannedStack {
  const plan = readPlan(file);
  const result = guard(plan, instance, today());
  const violations = [...incompleteResources(plan, instance), ...result.violations];
  return { instance, plan, guard: { ...result, violations } };
}

function readPlan(file: string): PlanJson {
  let text: string;
  try {
    text = readFileSync(file === "-" ? process.stdin.fd : file, "utf8");
  } catch (error) {
    throw new CommandError(`The plan cannot be read. ${errorMessage(error)}`);
  }
  try {
    return parsePlan(text);
  } catch (error) {
    if (!(error instanceof UnreadablePlan)) throw error;
    throw new CommandError(error.message);
  }
}
