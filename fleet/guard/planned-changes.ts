/** Selects and classifies the changes in a plan, for several rules. */
import { resourceType } from "../../stacks/resource-types";
import { fieldsOf } from "../terraform/json-values";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";

/** Changes of resources, without data sources. */
export const managedChanges = (plan: PlanJson): readonly ResourceChange[] =>
  plan.resource_changes.filter(({ mode }) => mode === "managed");

/** Whether the resource is deleted, or is no longer managed. A replacement counts too. */
export const isRemoved = ({ change }: ResourceChange): boolean =>
  change.actions.includes("delete") || change.actions.includes("forget");

/**
 * Whether the replacement exists before the old resource is deleted. After an interrupted apply, the replacement exists already and
 * only the old resource is left to delete.
 */
export function isReplacedInTime({ address, type, deposed, change }: ResourceChange, plan: PlanJson): boolean {
  if (resourceType(type)?.isStateless !== true) return false;
  if (deposed === undefined) return change.actions.join() === "create,delete";
  return plan.resource_changes.some(
    (other) =>
      other.address === address &&
      other.deposed === undefined &&
      ["no-op", "update"].includes(other.change.actions.join()),
  );
}

/** Managed resources of a type that exist after the apply. */
export function remainingResources(plan: PlanJson, type: string): readonly ResourceChange[] {
  return managedChanges(plan).filter(
    (resource) =>
      resource.type === type &&
      resource.deposed === undefined &&
      resource.change.after !== null &&
      /no-op|create|update/.test(resource.change.actions.join()),
  );
}

/** Attributes before the apply; none if the resource does not exist yet. */
export const valuesBefore = ({ change }: ResourceChange): Readonly<Record<string, unknown>> => fieldsOf(change.before);
