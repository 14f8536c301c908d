/** Counts the actions of a plan. */
import type { Action, PlanJson } from "../terraform/plan-json";
import { isTouched } from "../terraform/plan-json";

/** Number of resources by action. A replacement counts as an addition and as a destruction. */
export interface Counts {
  readonly import: number;
  readonly add: number;
  readonly change: number;
  readonly destroy: number;
  /** Resources that Terraform stops managing; they stay in AWS. */
  readonly forget: number;
}

export function countsOf(plan: PlanJson): Counts {
  const touched = plan.resource_changes.filter(isTouched);
  const count = (action: Action): number => touched.filter(({ change }) => change.actions.includes(action)).length;
  return {
    import: touched.filter(({ change }) => change.importing !== undefined).length,
    add: count("create"),
    change: count("update"),
    destroy: count("delete"),
    forget: count("forget"),
  };
}
