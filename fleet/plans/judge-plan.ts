/** Checks a plan with the guard, and compares the plan with the resources that exist in AWS. */
import type { InstanceConfig } from "../../config/types";
import { instanceClients } from "../aws/instance-clients";
import { guard, today } from "../guard/guard";
import type { GuardResult } from "../guard/guard";
import type { PlanJson } from "../terraform/plan-json";
import { findExistingResources } from "./existing-resources";
import { incompleteResources } from "./incomplete-resources";
import { refuseSharedIndex } from "./index-users";
import { refuseSharedRole } from "./shared-role";
import { readTableStatus } from "./table-status";

/** The result of the checks of one plan. */
export interface Judgement {
  /** The violations from the comparison with AWS come first, because they explain the plan as a whole. */
  readonly guard: GuardResult;
  /** Checks that failed, with the cause. */
  readonly warnings: readonly string[];
}

/** Reads the status of the table. Reads more only if the plan creates a resource that may exist already, adopts a role, or deletes the index. */
export async function judgePlan(plan: PlanJson, instance: InstanceConfig): Promise<Judgement> {
  const clients = instanceClients(instance);
  try {
    const table = await readTableStatus(instance, clients);
    const existing = await findExistingResources(plan, instance, clients);
    const shared = await refuseSharedIndex(plan, instance, clients);
    const roles = await refuseSharedRole(plan, instance, clients);
    const result = guard(plan, instance, today());
    const live = [
      ...table.violations,
      ...existing.violations,
      ...shared,
      ...roles.violations,
      ...incompleteResources(plan, instance),
    ];
    return {
      guard: { ...result, violations: [...live, ...result.violations] },
      warnings: [...table.warnings, ...existing.warnings, ...roles.warnings],
    };
  } finally {
    clients.destroy();
  }
}
