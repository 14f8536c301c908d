/** Refuses a plan that replaces a resource only because its creation was interrupted. */
import type { InstanceConfig } from "../../config/types";
import { driftText } from "../../stacks/resource-types";
import type { Violation } from "../guard/rule";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";

/** One violation per tainted resource: its cause, its effect on calls, and the commands that keep the resource. */
export const incompleteResources = (plan: PlanJson, instance: InstanceConfig): readonly Violation[] =>
  plan.resource_changes
    .filter(({ action_reason }) => action_reason === "replace_because_tainted")
    .map((resource) => incompleteResource(resource, instance));

function incompleteResource(resource: ResourceChange, { stackName }: InstanceConfig): Violation {
  const { address } = resource;
  const directory = `cdktf.out/stacks/${stackName}`;
  const { effectIfMissing } = driftText(resource);
  return {
    rule: "incomplete",
    address,
    what:
      "An earlier deployment failed or was interrupted while it created this resource, so Terraform marked the resource as tainted. " +
      "The resource exists, but Terraform would delete it and create it again." +
      (effectIfMissing === undefined ? "" : ` In between: ${effectIfMissing}`),
    fix:
      "Keep the resource: the next plan then updates what differs.\n" +
      `    npm run synth\n    terraform -chdir=${directory} init\n    terraform -chdir=${directory} untaint '${address}'\n` +
      "  Then plan again.",
  };
}
