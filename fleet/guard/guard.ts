/** Judges a saved plan before it is applied: what it would do to the vendor's table, to running flows, and to whom. */
import type { GuardRuleId } from "../../environments/model/guard-rules";
import type { Allowance, InstanceConfig } from "../../environments/model/types";
import type { PlanJson } from "./plan-json";

/** One reason not to apply a plan. */
export interface Violation {
  readonly rule: GuardRuleId;
  /** Of the resource; empty where it is the whole plan. */
  readonly address: string;
  /** What would happen, and to whom: one or more sentences. */
  readonly what: string;
  /** What to do instead. */
  readonly fix: string;
}

/** A violation that the environment file allows, by name and until a day. */
export interface Allowed {
  readonly violation: Violation;
  readonly allowance: Allowance;
}

export interface GuardResult {
  /** None: the plan may be applied. */
  readonly violations: readonly Violation[];
  readonly allowed: readonly Allowed[];
}

/**
 * Judges exactly the plan that is going to be applied. Whatever it does not know, it refuses.
 *
 * @param today `YYYY-MM-DD`, by which allowances expire
 */
export function guard(plan: PlanJson, instance: InstanceConfig, today: string): GuardResult {
  const violations: Violation[] = [];
  const allowed: Allowed[] = [];
  const table = plan.resource_changes.filter(({ type, mode }) => mode === "managed" && type === "aws_dynamodb_table");
  for (const { address, change } of table) {
    if (["no-op", "update"].includes(change.actions.join())) continue;
    violations.push({
      rule: "table-kept",
      address,
      what: `The plan would ${change.actions.join(" and ")} the table ${instance.table.name}, with every contact in it.`,
      fix: `Nothing of this plan may be applied. Today is ${today}: find out what changed in the stack since the last plan.`,
    });
  }
  return { violations, allowed };
}
