/** The contact flow module `blockedStatus`, and the association without which its Lambda block fails silently. */
import { ConnectContactFlowModule } from "@cdktf/provider-aws/lib/connect-contact-flow-module";
import { ConnectLambdaFunctionAssociation } from "@cdktf/provider-aws/lib/connect-lambda-function-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { InstanceConfig } from "../environments/model/types";
import { BLOCKED_STATUS_MODULE_NAME, blockedStatusModule } from "../flows/blocked-status";
import { toTerraformString } from "../flows/terraform-string";

export interface BlockedStatusModuleProps {
  readonly instance: InstanceConfig;
  /** What must exist, and be ready, before a call may come: the index, the alias, the permission. */
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Registers the module in one Connect instance, after its function is allowed and associated there. */
export class BlockedStatusModule extends Construct {
  readonly module: ConnectContactFlowModule;

  constructor(scope: Construct, id: string, props: BlockedStatusModuleProps) {
    super(scope, id);
    const { instance } = props;

    const association = new ConnectLambdaFunctionAssociation(this, "association", {
      instanceId: instance.instanceId,
      functionArn: instance.function.aliasArn,
      dependsOn: [...props.dependsOn],
    });
    association.overrideLogicalId("blocked_calls");

    this.module = new ConnectContactFlowModule(this, "module", {
      instanceId: instance.instanceId,
      name: BLOCKED_STATUS_MODULE_NAME,
      description: `Sets the contact attribute blockedStatus to match or nomatch. Managed by Terraform (${instance.stackName}).`,
      content: toTerraformString(
        blockedStatusModule({
          functionArn: instance.function.aliasArn,
          // The first is what the vendor's own function understands; ours looks up all that are configured.
          blockedDisposition: instance.blockedDispositions[0],
          instanceName: instance.name,
          flowTimeLimitSeconds: instance.lookup.flowTimeLimitSeconds,
        }),
      ),
      dependsOn: [association],
    });
    this.module.overrideLogicalId("blocked_status");
  }
}
