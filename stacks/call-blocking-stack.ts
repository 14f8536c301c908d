/** Defines the Terraform stack of one Connect instance: adopted table, index, function, module, monitoring, and the release steps. */
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";
import { AdoptedTable } from "./adopted-table";
import { alarmResources } from "./alarms";
import type { PackagedFunctions } from "../lambda/packaging";
import { BlockedCallsFunction, logGroupAddress } from "./blocked-calls-function";
import { BlockedStatusModule } from "./blocked-status-module";
import { canaryResources } from "./canary";
import { dashboardResources } from "./dashboard";
import { ExistingResources } from "./adopt-existing";
import { insteadOfDestroy, ownsTable } from "./decommission";
import { dependOn, mergeRaw, type RawResources } from "./raw-resources";
import { ReadOnlyTable } from "./read-only-table";
import { releasedTable, ReleasedTable } from "./released-table";
import { useRemoteState } from "./remote-state";
import { existingResources } from "./resource-types";
import { forget, importExisting } from "./state-blocks";

export interface CallBlockingStackProps {
  readonly instance: InstanceConfig;
  readonly functionPackages: PackagedFunctions;
}

/**
 * One Connect instance in one account and one region.
 *
 * Every resource has an explicit logical id that does not depend on the construct path. Logical ids are an external contract:
 * Terraform deletes a renamed resource under its old name, even with `prevent_destroy`.
 *
 * The stack of a released instance keeps its backend and its provider. Terraform uses them to delete the removed resources: the
 * module first, then the association, the permission, the alias and the function. A flow that still calls the deleted module
 * takes the error branch of its block, and every call goes through.
 */
export class CallBlockingStack extends TerraformStack {
  /** Alarms, canary and dashboard. */
  #monitoring: RawResources = {};

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
      ...(instance.ignoreTags === undefined
        ? {}
        : {
            ignoreTags: [{ keys: [...instance.ignoreTags.keys], keyPrefixes: [...instance.ignoreTags.keyPrefixes] }],
          }),
    });
    // The bindings are generated from provider 6.25. The environment file selects the provider version that Terraform runs.
    this.addOverride("terraform.required_providers.aws", { source: "hashicorp/aws", version: instance.awsProvider });
    this.addOverride("terraform.required_version", ">= 1.11");
    useRemoteState(this, instance.state);

    // The log shows which calls were blocked and why. Terraform keeps the log group, and its retention empties it later.
    const log = instance.release === undefined ? [] : [{ from: logGroupAddress }];
    const forgotten = [...log, ...(ownsTable(instance) ? [] : [releasedTable(instance)])];
    if (forgotten.length > 0) forget(this, forgotten);
    if (instance.release === "forget" || instance.release === "keep-index") {
      if (instance.release === "forget") new ReleasedTable(this, "table", instance);
      return;
    }

    const existing = instance.release === undefined ? existingResources(instance) : [];
    const contacts = instance.table.adopt
      ? new AdoptedTable(this, "table", instance)
      : new ReadOnlyTable(this, "table", instance);
    const imports = [...("import" in contacts ? [contacts.import] : []), ...existing];
    if (imports.length > 0) importExisting(this, imports);
    this.output("table_name", contacts.tableName, "The contact table.");
    this.output("letting_go", insteadOfDestroy(instance), "How to stop managing the table.");
    if (instance.release !== undefined) return;

    const blockedCalls = new BlockedCallsFunction(this, "function", {
      instance,
      functionPackage: props.functionPackages.blockedCalls,
      tableKeyArn: contacts.keyArn,
      table: contacts.table,
    });
    const blockedStatus = new BlockedStatusModule(this, "module", {
      instance,
      dependsOn: [contacts.table, ...blockedCalls.invocable],
      logGroup: blockedCalls.logGroup,
    });

    if (instance.adoptExisting !== undefined) {
      new ExistingResources(this, "by-hand", {
        instance,
        handler: props.functionPackages.blockedCalls.handler,
        policyNames: blockedCalls.policyNames,
        module: blockedStatus.module,
      });
    }
    const monitoring = mergeRaw(
      canaryResources(this, {
        instance,
        canaryPackage: props.functionPackages.canary,
        tableKeyArn: contacts.keyArn,
      }),
      alarmResources(instance),
      dashboardResources(instance),
    );
    // Monitoring starts when the index is ACTIVE. If a condition refuses the table, the plan does not list hundreds of lines about
    // alarms before the reason.
    this.#monitoring = dependOn(contacts.address, monitoring);

    this.output("index_name", indexName, "The index that the function queries.");
    this.output("function_alias_arn", instance.function.aliasArn, "The alias that the flow module invokes.");
    this.output("function_version", blockedCalls.function.version, "The published version behind the alias.");
    this.output("module_id", blockedStatus.module.contactFlowModuleId, "Add this module to the inbound flow.");
  }

  /** Adds the resources that are not constructs to the configuration. */
  override toTerraform(): object {
    const synthesized = super.toTerraform() as { readonly resource?: RawResources };
    const resource = mergeRaw(synthesized.resource ?? {}, this.#monitoring);
    return Object.keys(resource).length === 0 ? synthesized : { ...synthesized, resource };
  }

  private output(id: string, value: string, description: string): void {
    new TerraformOutput(this, id, { value, description, staticId: true });
  }
}
