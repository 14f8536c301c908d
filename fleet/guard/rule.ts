/** The types of a guard rule and of a violation. */
import type { GuardRuleId } from "../../config/guard-rules";
import type { InstanceConfig } from "../../config/types";
import type { PlanJson } from "../terraform/plan-json";

/** One reason not to apply a plan. */
export interface Violation {
  readonly rule: GuardRuleId;
  /** Address of the resource; empty for the whole plan. */
  readonly address: string;
  /** What would happen, and who is affected: one or more sentences. */
  readonly what: string;
  /** What to do instead. */
  readonly fix: string;
}

/** @returns every violation of this rule; none if this rule allows the plan */
export type Rule = (plan: PlanJson, instance: InstanceConfig) => readonly Violation[];
