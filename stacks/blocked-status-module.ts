/** The flows in Connect: the module `blockedStatus`, its function's association, and the inbound flow where one is wanted. */
import { ConnectContactFlow } from "@cdktf/provider-aws/lib/connect-contact-flow";
import { ConnectContactFlowModule } from "@cdktf/provider-aws/lib/connect-contact-flow-module";
import { ConnectLambdaFunctionAssociation } from "@cdktf/provider-aws/lib/connect-lambda-function-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { managedBy } from "../config/descriptions";
import type { InstanceConfig } from "../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../flows/blocked-status";
import { inboundContent, moduleContent } from "./flow-contents";
import { toTerraformString } from "./terraform-string";

export interface BlockedStatusModuleProps {
  readonly instance: InstanceConfig;
  /** What must exist, and be ready, before a call may come: the index, the alias, the permission. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Registers the module in one Connect instance, after its function is associated there, and the inbound flow after it. */
export class BlockedStatusModule extends Construct {
  readonly module: ConnectContactFlowModule;

  constructor(scope: Construct, id: string, props: BlockedStatusModuleProps) {
    super(scope, id);
    const { instance } = props;

    // Without the association the Lambda block takes its error branch: no invocation, no log, no metric.
    const association = new ConnectLambdaFunctionAssociation(this, "association", {
      instanceId: instance.instanceId,
      functionArn: instance.function.aliasArn,
      dependsOn: [...props.dependsOn],
      // Terraform then makes all that this depends on before it removes what they replace: a renamed function is there,
      // permitted and associated, before the module calls it, and the old one goes after that.
      lifecycle: { createBeforeDestroy: true },
    });
    association.overrideLogicalId("blocked_calls");

    // The provider replaces for no change of instance, and takes the instance from the id in its state: it would go on
    // addressing the old one.
    const elsewhere = [`${association.terraformResourceType}.${association.friendlyUniqueId}.instance_id`];

    this.module = new ConnectContactFlowModule(this, "module", {
      instanceId: instance.instanceId,
      name: BLOCKED_STATUS_MODULE_NAME,
      description: `Sets the contact attribute blockedStatus to match or nomatch. ${managedBy(instance.stackName)}`,
      content: toTerraformString(moduleContent(instance)),
      dependsOn: [association],
      lifecycle: { replaceTriggeredBy: elsewhere },
    });
    this.module.overrideLogicalId("blocked_status");

    if (instance.inboundFlow === undefined) return;
    const inbound = new ConnectContactFlow(this, "inbound", {
      instanceId: instance.instanceId,
      name: instance.inboundFlow.name,
      type: "CONTACT_FLOW",
      description: `Asks the module blockedStatus about each caller. ${managedBy(instance.stackName)}`,
      content: toTerraformString(inboundContent(instance.inboundFlow), {
        [BLOCKED_STATUS_MODULE_NAME]: this.module.contactFlowModuleId,
      }),
      lifecycle: { replaceTriggeredBy: elsewhere },
    });
    inbound.overrideLogicalId("inbound");
  }
}
