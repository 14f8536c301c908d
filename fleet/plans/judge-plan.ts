/** Judges a plan by the guard, and by what exists in AWS. */
import type { InstanceConfig } from "../../config/types";
import { instanceClients } from "../aws/instance-clients";
import { guard, today } from "../guard/guard";
import type { GuardResult } from "../guard/guard";
import type { PlanJson } from "../terraform/plan-json";
import { findExistingResources } from "./existing-resources";
import { refuseSharedIndex } from "./index-users";

/** The judgement on one plan. */
export interface Judgement {
  /** The violations that AWS shows come first: they explain the plan as a whole. */
  readonly guard: GuardResult;
  /** What could not be checked, and why. */
  readonly warnings: readonly string[];
}

/** Reads from AWS only if the plan creates the function, its role or the module, or deletes the index. */
export async function judgePlan(plan: PlanJson, instance: InstanceConfig): Promise<Judgement> {
  const clients = instanceClients(instance);
  try {
    const existing = await findExistingResources(plan, instance, clients);
    const shared = await refuseSharedIndex(plan, instance, clients);
    const result = guard(plan, instance, today());
    return {
      guard: { ...result, violations: [...existing.violations, ...shared, ...result.violations] },
      warnings: existing.warnings,
    };
  } finally {
    clients.destroy();
  }
}
