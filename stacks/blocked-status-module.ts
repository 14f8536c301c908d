/** Creates the Connect resources: the function's association, the module `blockedStatus`, and an optional inbound flow. */
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
  /** The resources that must be ready before the first call: the index, the alias, the permission. */
  readonly dependsOn: readonly ITerraformDependable[];
  /** The log group of the function. It must exist before the first call. */
  readonly logGroup: ITerraformDependable;
}

/** Associates the function with one Connect instance, then registers the module, then the inbound flow. */
export class BlockedStatusModule extends Construct {
  readonly module: ConnectContactFlowModule;

  constructor(scope: Construct, id: string, props: BlockedStatusModuleProps) {
    super(scope, id);
    const { instance } = props;

    // Without the association, the Lambda block takes its error branch without an invocation, a log line or a metric.
    const association = new ConnectLambdaFunctionAssociation(this, "association", {
      instanceId: instance.instanceId,
      functionArn: instance.function.aliasArn,
      dependsOn: [...props.dependsOn],
      // Terraform applies create_before_destroy to all dependencies of the association too. A renamed function is created, permitted and
      // associated before the module calls it. The old function is deleted last.
      lifecycle: { createBeforeDestroy: true },
    });
    association.overrideLogicalId("blocked_calls");

    // The provider plans an update, not a replacement, if `instance_id` changes. The update uses the instance id from the state, so it
    // would change the module of the old instance.
    const replaceTriggers = [`${association.terraformResourceType}.${association.friendlyUniqueId}.instance_id`];

    this.module = new ConnectContactFlowModule(this, "module", {
      instanceId: instance.instanceId,
      name: BLOCKED_STATUS_MODULE_NAME,
      description: `Sets the contact attribute blockedStatus to match or nomatch. ${managedBy(instance.stackName)}`,
      content: toTerraformString(moduleContent(instance)),
      dependsOn: [association, props.logGroup],
      lifecycle: { replaceTriggeredBy: replaceTriggers },
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
      lifecycle: { replaceTriggeredBy: replaceTriggers },
    });
    inbound.overrideLogicalId("inbound");
  }
}
