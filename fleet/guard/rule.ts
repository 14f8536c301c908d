/** What a rule of the guard is, and what it finds. */
import type { GuardRuleId } from "../../config/guard-rules";
import type { InstanceConfig } from "../../config/types";
import type { PlanJson } from "../terraform/plan-json";

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

/** @returns every reason of its kind; none where the plan may be applied for all that this rule knows */
export type Rule = (plan: PlanJson, instance: InstanceConfig) => readonly Violation[];
