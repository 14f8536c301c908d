/** The types of a guard rule and of a violation. */
import type { GuardRuleId } from "../../config/guard-rules";
import type { InstanceConfig } from "../../config/types";
import type { PlanJson } from "../terraform/plan-json";

/** Rules that compare a plan with AWS or with an interrupted deployment. No allowance can disable them. */
export type LiveRuleId = "existing-resources" | "incomplete" | "shared-index" | "shared-role" | "table-status";

/** One reason not to apply a plan. */
export interface Violation {
  readonly rule: GuardRuleId | LiveRuleId;
  /** Address of the resource; empty for the whole plan. */
  readonly address: string;
  /** What would happen, and who is affected: one or more sentences. */
  readonly what: string;
  /** The steps that lead to an allowed plan. */
  readonly fix: string;
}

/** @returns every violation of this rule; none if this rule allows the plan */
export type Rule = (plan: PlanJson, instance: InstanceConfig) => readonly Violation[];
