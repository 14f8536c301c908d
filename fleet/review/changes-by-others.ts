/** Changes by other people or tools since the last deployment, and the effect of the plan on these changes. */
import { FLOW, MODULE, resourceType } from "../../stacks/resource-types";
import { fieldsOf } from "../terraform/json-values";
import type { Change, PlanJson, ResourceChange } from "../terraform/plan-json";
import { attributeLines } from "./diff";
import type { DiffLine } from "./diff-line";
import { flowChangeOf } from "./flow-change";
import type { FlowChange } from "./flow-change";
import { policyLines } from "./permission-diff";

export interface ChangeByOthers {
  readonly address: string;
  readonly what: "changed" | "deleted";
  readonly lines: readonly DiffLine[];
  readonly iam: readonly DiffLine[];
  readonly flow?: FlowChange;
  /** The probable author, and the effect of this plan on the change: one or two sentences. */
  readonly meaning: string;
}

/** The changes by others, without values that AWS sets: Terraform reports these values as drift after a first deployment. */
export function changesByOthers(plan: PlanJson): readonly ChangeByOthers[] {
  return plan.resource_drift.flatMap((resource): ChangeByOthers[] => {
    const { address, type, change } = resource;
    if (change.actions.join() === "no-op") return [];
    const isDeleted = change.actions.join() === "delete";
    const lines = isDeleted ? [] : attributeLines(resource);
    const iam = isDeleted ? [] : policyLines(withoutDerivedInDrift(resource));
    if (!isDeleted && lines.length + iam.length === 0) return [];
    const planned = plan.resource_changes.find((other) => other.address === address && other.deposed === undefined);
    const flow = flowChangeOf(resource);
    return [
      {
        address,
        what: isDeleted ? "deleted" : "changed",
        lines,
        iam,
        ...(flow === undefined ? {} : { flow }),
        meaning: meaningOf(type, isDeleted, planned?.change),
      },
    ];
  });
}

/** The resource without the attributes that other resources of the stack set. Terraform reports these attributes as drift after a first deployment. */
function withoutDerivedInDrift(resource: ResourceChange): ResourceChange {
  const derived = resourceType(resource.type)?.diff?.derivedInDrift ?? [];
  const [before, after] = [resource.change.before, resource.change.after].map((values) =>
    values === null
      ? null
      : Object.fromEntries(Object.entries(fieldsOf(values)).filter(([key]) => !derived.includes(key))),
  );
  return { ...resource, change: { ...resource.change, before, after } };
}

function meaningOf(type: string, isDeleted: boolean, planned: Change | undefined): string {
  if (resourceType(type)?.drift.owner === "vendor") {
    return isDeleted
      ? "The table is missing in AWS. Only its owner can restore it."
      : "Probably changed by ConnectPath or by autoscaling. The plan keeps the change.";
  }
  const author =
    type === MODULE || type === FLOW
      ? "Probably edited in the Connect console."
      : "Probably changed in the AWS console or by another tool.";
  if (planned === undefined || planned.actions.join() === "no-op") return `${author} The plan keeps the change.`;
  return `${author} The plan ${planned.actions.includes("create") ? "creates the resource again" : "reverts the change"}.`;
}
