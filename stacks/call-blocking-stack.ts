/** The Terraform stack of one Connect instance: table adopted, index added, function shipped, module registered; or let go of again. */
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";
import { AdoptedTable, tableAddress } from "./adopted-table";
import { alarmResources } from "./alarms";
import type { PackagedFunctions } from "../lambda/packaging";
import { BlockedCallsFunction, logGroupAddress } from "./blocked-calls-function";
import { BlockedStatusModule } from "./blocked-status-module";
import { canaryResources } from "./canary";
import { dashboardResources } from "./dashboard";
import { ExistingResources, existingImports } from "./adopt-existing";
import { insteadOfDestroy, ownsTable } from "./decommission";
import { after, mergeRaw, type RawResources } from "./raw-resources";
import { releasedTable, ReleasedTable } from "./released-table";
import { useRemoteState } from "./remote-state";
import { forget, importExisting } from "./state-blocks";

export interface CallBlockingStackProps {
  readonly instance: InstanceConfig;
  readonly functionPackages: PackagedFunctions;
}

/**
 * One Connect instance in one account and one region.
 *
 * Every resource has a logical id of its own choosing, not one made from the construct path: ids are an external
 * contract, since a renamed resource is deleted under its old name, `prevent_destroy` or not.
 *
 * An instance that is let go of keeps its backend and its provider, with which Terraform deletes what is no longer here: the
 * module before the association, the permission, the alias and the function. A flow that calls the module meanwhile takes
 * the error branch of its block, and every call goes through.
 */
export class CallBlockingStack extends TerraformStack {
  /** What watches the rest. */
  #plain: RawResources = {};

  constructor(scope: Construct, props: CallBlockingStackProps) {
    const { instance } = props;
    super(scope, instance.stackName);

    new AwsProvider(this, "aws", {
      region: instance.region,
      allowedAccountIds: [instance.account],
      ...(instance.deployRole === undefined
        ? {}
        : {
            assumeRole: [
              {
                roleArn: instance.deployRole.arn,
                sessionName: "connectpath-call-blocking",
                ...(instance.deployRole.externalId === undefined ? {} : { externalId: instance.deployRole.externalId }),
              },
            ],
          }),
      defaultTags: [{ tags: { ...instance.tags } }],
    });
    // The bindings are made from provider 6.25; what is deployed is the line that the environment names.
    this.addOverride("terraform.required_providers.aws", { source: "hashicorp/aws", version: instance.awsProvider });
    this.addOverride("terraform.required_version", ">= 1.11");
    useRemoteState(this, instance.state);

    if (instance.release !== undefined) {
      // The log says which calls were blocked, and why: it outlives the function, until its retention has emptied it.
      forget(this, [{ from: logGroupAddress }, ...(ownsTable(instance) ? [] : [releasedTable(instance)])]);
    }
    if (!ownsTable(instance)) {
      if (instance.release === "forget") new ReleasedTable(this, "table", instance);
      return;
    }

    const adopted = new AdoptedTable(this, "table", {
      tableName: instance.table.name,
      indexTimeoutMinutes: instance.table.indexTimeoutMinutes,
      acceptReplicas: instance.table.acceptReplicas,
      index: instance.release === undefined ? "present" : "absent",
      awsProvider: instance.awsProvider,
    });
    importExisting(this, [adopted.import, ...(instance.release === undefined ? existingImports(instance) : [])]);
    this.output("table_name", adopted.table.name, "The adopted table.");
    this.output("letting_go", insteadOfDestroy(instance), "How to let go of the table.");
    if (instance.release !== undefined) return;

    const blockedCalls = new BlockedCallsFunction(this, "function", {
      instance,
      functionPackage: props.functionPackages.blockedCalls,
      tableKeyArn: adopted.keyArn,
    });
    const blockedStatus = new BlockedStatusModule(this, "module", {
      instance,
      dependsOn: [adopted.table, ...blockedCalls.invocable],
    });

    if (instance.adoptExisting !== undefined) {
      new ExistingResources(this, "by-hand", {
        instance,
        handler: props.functionPackages.blockedCalls.handler,
        policyNames: blockedCalls.policyNames,
        module: blockedStatus.module,
      });
    }
    const watching = mergeRaw(
      canaryResources(this, {
        instance,
        canaryPackage: props.functionPackages.canary,
        tableKeyArn: adopted.keyArn,
      }),
      alarmResources(instance),
      dashboardResources(instance),
    );
    // There is nothing to watch before the index is ACTIVE; and where the table is refused, the sentence that says why is not the last
    // of hundreds of lines about alarms.
    this.#plain = after(tableAddress, watching);

    this.output("index_name", indexName, "The one index that was added to it.");
    this.output("function_alias_arn", instance.function.aliasArn, "What the flow module calls.");
    this.output("function_version", blockedCalls.function.version, "The published version behind the alias.");
    this.output("module_id", blockedStatus.module.contactFlowModuleId, "Put this module into the inbound flow.");
  }

  /** The configuration, as cdktf has it, with the resources that are no constructs. */
  override toTerraform(): object {
    const synthesized = super.toTerraform() as { readonly resource?: RawResources };
    const resource = mergeRaw(synthesized.resource ?? {}, this.#plain);
    return Object.keys(resource).length === 0 ? synthesized : { ...synthesized, resource };
  }

  private output(id: string, value: string, description: string): void {
    new TerraformOutput(this, id, { value, description, staticId: true });
  }
}
