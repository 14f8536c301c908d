/** Selects and classifies the changes in a plan, for several rules. */
import { identityOf, resourceType, TABLE } from "../../stacks/resource-types";
import { fieldsOf, itemsOf, textAt, valueAt } from "../terraform/json-values";
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
export function isReplacedInTime(resource: ResourceChange, plan: PlanJson): boolean {
  const { address, type, deposed, change } = resource;
  if (resourceType(type)?.isStateless !== true) return false;
  if (deposed === undefined) return change.actions.join() === "create,delete" && !hasNameOfReplacement(resource);
  return plan.resource_changes.some(
    (other) =>
      other.address === address &&
      other.deposed === undefined &&
      ["no-op", "update"].includes(other.change.actions.join()),
  );
}

/**
 * Whether a resource is replaced by one with the same name, although the replacement is created first. AWS refuses the second resource, or
 * the deletion of the old resource deletes both, because they are one.
 */
export function hasNameOfReplacement({ type, deposed, change }: ResourceChange): boolean {
  if (deposed !== undefined || change.actions.join() !== "create,delete") return false;
  const before = identityOf(type, fieldsOf(change.before));
  return before !== undefined && before === identityOf(type, fieldsOf(change.after));
}

/** The effect of a replacement with the same name. */
export const sameNameText = ({ address }: ResourceChange): string =>
  `${address} would be replaced by a resource with the same name, and the replacement is created first. AWS refuses the creation, or the ` +
  "deletion of the old resource removes the new one.";

/** The steps after which a plan no longer replaces the resource. */
export const sameNameFix = ({ address, action_reason }: ResourceChange): string =>
  action_reason === "replace_because_tainted"
    ? `The resource is tainted, because an earlier deployment failed. Run terraform untaint ${address} in the directory of the stack, and plan again.`
    : `Do not plan with -replace. If a user changed the resource, change it back or delete it in AWS, and plan again.`;

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

/** The data source of the table in every stack that reads the table. */
export const liveTable = `data.${TABLE}.live`;

/** Attributes of the table: planned, or only read for the plan; undefined if the plan does not contain the table. */
export function tableValues(plan: PlanJson): unknown {
  const table = managedChanges(plan).find(({ type }) => type === TABLE)?.change;
  return table?.after ?? plan.dataSources[liveTable] ?? table?.before ?? undefined;
}

/** ARN of the key that encrypts the table; empty if it has none, undefined if the plan does not contain the table. */
export function tableKey(plan: PlanJson): string | undefined {
  const values = tableValues(plan);
  if (values === undefined) return undefined;
  const [encryption] = itemsOf(valueAt(values, "server_side_encryption"));
  return textAt(encryption, "kms_key_arn") ?? "";
}

/** Attributes before the apply; none if the resource does not exist yet. */
export const valuesBefore = ({ change }: ResourceChange): Readonly<Record<string, unknown>> => fieldsOf(change.before);
