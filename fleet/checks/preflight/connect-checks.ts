/** Checks the Connect instance before a deployment: identity, quotas, free names, associations. */
import { DescribeInstanceCommand } from "@aws-sdk/client-connect";
import type { ConnectClient, ContactFlowModule, ContactFlowModuleSummary, Instance } from "@aws-sdk/client-connect";
import { managingStack } from "../../../config/descriptions";
import type { InstanceConfig } from "../../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../../flows/blocked-status";
import { undefinedIfAbsent } from "../../aws/errors";
import {
  associatedFunctions,
  blockedStatusAmong,
  describeModule,
  flowsOf,
  modulesOf,
} from "../../aws/connect-instance";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { redactText } from "../../output/redact";
import { runCheck, warning } from "./check";
import type { Check, Finding } from "./check";

/** Default quotas per instance; AWS raises them on request. https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html */
const defaultQuota = { modules: 200, functions: 50, flows: 100 } as const;

export interface ConnectResult {
  readonly checks: readonly Check[];
  /** The module named `blockedStatus`; undefined if it could not be read. */
  readonly module: ContactFlowModule | "none" | undefined;
  /** ARNs of the functions that flows of the instance may invoke; undefined if they could not be listed. */
  readonly associated: readonly string[] | undefined;
}

/** A check is left out if it needs the result of a check that could not run. */
export async function connectChecks(instance: InstanceConfig, { connect }: InstanceClients): Promise<ConnectResult> {
  const { instanceId: InstanceId } = instance;
  let found: Instance | undefined;
  const checks = [
    await runCheck("instance", async () => {
      found = (await undefinedIfAbsent(connect.send(new DescribeInstanceCommand({ InstanceId }))))?.Instance;
      return instanceFinding(instance, found);
    }),
  ];
  if (found === undefined) return { checks, module: undefined, associated: undefined };

  let modules: readonly ContactFlowModuleSummary[] | undefined;
  let module: ConnectResult["module"];
  let associated: ConnectResult["associated"];
  checks.push(
    await runCheck("modules", async () => {
      modules = await modulesOf(connect, InstanceId);
      const isThere = blockedStatusAmong(modules) !== undefined;
      return quotaFinding("flow modules", modules.length, defaultQuota.modules, isThere);
    }),
  );
  if (modules !== undefined) {
    const named = blockedStatusAmong(modules);
    checks.push(
      await runCheck(`module ${BLOCKED_STATUS_MODULE_NAME}`, async () => {
        module = (named === undefined ? undefined : await describeModule(connect, InstanceId, named.Id)) ?? "none";
        const adopted = instance.adoptExisting?.moduleId;
        if (adopted === undefined || (module !== "none" && ownerOf(instance, module.Description) !== undefined)) {
          return moduleFinding(instance, module);
        }
        if (module === "none") return renamedFinding(adopted, await describeModule(connect, InstanceId, adopted));
        return adoptedFinding(adopted, module);
      }),
    );
  }
  checks.push(
    await runCheck("functions", async () => {
      associated = await associatedFunctions(connect, InstanceId);
      const isThere = associated.includes(instance.function.aliasArn);
      return quotaFinding("Lambda functions", associated.length, defaultQuota.functions, isThere);
    }),
  );
  if (associated !== undefined && module !== undefined) {
    checks.push({ name: "association", ...associationFinding(instance, associated, module) });
  }
  const { inboundFlow } = instance;
  if (inboundFlow !== undefined) {
    checks.push(await runCheck("inbound flow", async () => flowFinding(instance, inboundFlow.name, connect)));
  }
  return { checks, module, associated };
}

function instanceFinding(instance: InstanceConfig, found: Instance | undefined): Finding {
  const { name, instanceId, region, account } = instance;
  if (found === undefined) {
    return failed(
      `There is no Connect instance ${instanceId} in ${region} in the account of these credentials. The expected account is ${account}.`,
      `Compare id, region and account of instance ${name} with the Connect console.`,
    );
  }
  const { InstanceStatus, InstanceAlias, InboundCallsEnabled, Arn = "" } = found;
  if (Arn !== "" && Arn !== instance.instanceArn) {
    return failed(
      `The credentials find the Connect instance ${Arn} instead of ${instance.instanceArn}.`,
      `Use credentials of account ${account} in ${region}, or set planRole.`,
    );
  }
  if (InstanceStatus !== "ACTIVE") {
    return failed(`The Connect instance has the status ${InstanceStatus ?? "unknown"}.`, "Wait until it is ACTIVE.");
  }
  if (InstanceAlias === undefined) {
    return warning(
      "The Connect instance is ACTIVE but has no alias, so it cannot be matched with the table.",
      `Make sure that the instance name in ConnectPath is ${name}.`,
    );
  }
  if (InstanceAlias !== name) {
    return failed(
      `The Connect instance's alias is ${JSON.stringify(InstanceAlias)}, but its name in the environment file is ${JSON.stringify(name)}. ` +
        "Module and table would belong to different instances.",
      "Correct the name or the id.",
    );
  }
  if (InboundCallsEnabled === false) {
    return warning(
      "The Connect instance is ACTIVE but accepts no inbound calls, so there are no calls to block.",
      "Check Telephony in the Connect console.",
    );
  }
  return ok(`${name} is ACTIVE, and its alias is the configured name.`);
}

function quotaFinding(resources: string, used: number, quota: number, isThere: boolean): Finding {
  const counted = `${used} of ${quota} ${resources}, if the default quota applies; AWS raises it on request`;
  if (used < quota || isThere) return ok(`${counted}.`);
  return warning(
    `${counted}. If the quota was not raised, the deployment fails.`,
    "Check the quota under Service Quotas, Amazon Connect. Request an increase, or delete unused resources.",
  );
}

/** The stack that manages a resource with this description; undefined if it was not created by this project. */
export function ownerOf(
  { stackName }: InstanceConfig,
  description: string | undefined,
): "this stack" | { readonly stack: string } | undefined {
  const stack = managingStack(description);
  if (stack === undefined) return undefined;
  return stack === stackName ? "this stack" : { stack };
}

function moduleFinding(instance: InstanceConfig, module: ContactFlowModule | "none"): Finding {
  if (module === "none") return ok("The name is free.");
  const owner = ownerOf(instance, module.Description);
  const { Id = "", Tags = {} } = module;
  if (owner === "this stack") return ok(`${Id} exists already and is managed by this stack.`);
  if (owner !== undefined) {
    return failed(
      `${Id} has this name and is managed by the stack ${owner.stack}: there are two stacks for one Connect instance.`,
      "Define the instance in only one environment file.",
    );
  }
  const tags = Object.entries(Tags).map(([key, value]) => `${key}=${redactText(value)}`);
  return failed(
    `${Id} has this name but is not managed by this stack: it was created or imported by hand ` +
      `(description ${JSON.stringify(redactText(module.Description ?? ""))}, tags ${tags.length === 0 ? "none" : tags.join(", ")}). Module names are unique in Connect, so the first deployment would fail.`,
    `Set adoptExisting.module: ${Id} for this instance to adopt the module, or delete the module once no flow calls it.`,
  );
}

/** `adoptExisting.module` is set, and the instance has a module named `blockedStatus`. */
function adoptedFinding(adopted: string, { Id = "" }: ContactFlowModule): Finding {
  if (Id === adopted)
    return ok(`${Id} was created by hand and is adopted. It keeps its id, so flows that call it continue to work.`);
  return failed(
    `adoptExisting.module is ${adopted}, but ${Id} has the name ${BLOCKED_STATUS_MODULE_NAME}. Module names are unique in Connect, so the deployment would fail.`,
    `If flows call ${Id}, set adoptExisting.module to this id. Otherwise delete the module.`,
  );
}

/** `adoptExisting.module` is set, and the instance has no module named `blockedStatus`. */
function renamedFinding(adopted: string, module: ContactFlowModule | undefined): Finding {
  if (module === undefined) {
    return failed(
      `adoptExisting.module is ${adopted}, but the instance has no such module. The import would fail during the plan.`,
      "Correct the id (see the module's URL in Connect), or remove adoptExisting.module to create a module.",
    );
  }
  return warning(
    `${adopted} is adopted; its name is ${JSON.stringify(module.Name)}. The deployment renames it to ${BLOCKED_STATUS_MODULE_NAME} and replaces its content. The module keeps its id.`,
    "Make sure that this is the module that was imported by hand for call blocking.",
  );
}

function associationFinding(
  instance: InstanceConfig,
  associated: readonly string[],
  module: ContactFlowModule | "none",
): Finding {
  const { aliasArn } = instance.function;
  const isAdopted = instance.adoptExisting?.association === true;
  if (!associated.includes(aliasArn)) {
    if (!isAdopted) return ok("Our alias is not associated yet. The deployment associates it.");
    return failed(
      `adoptExisting.association is set, but ${aliasArn} is not associated with the instance. The import would fail during the plan.`,
      "Remove adoptExisting.association: the deployment then associates the alias.",
    );
  }
  if (isAdopted) return ok(`The association of ${aliasArn} is adopted. It does not change.`);
  if (module === "none" || ownerOf(instance, module.Description) !== "this stack") {
    return warning(
      `${aliasArn} is associated with the instance, but this stack's module does not exist. The association was created by hand, or an earlier deployment was interrupted.`,
      "If Terraform's state does not contain it, the plan is refused. If the state was lost, run npm run fleet -- recover. Otherwise set adoptExisting.association: true for this instance to adopt it, or remove the association in the Connect console (Flows, AWS Lambda).",
    );
  }
  return ok("Our alias is associated already.");
}

async function flowFinding(instance: InstanceConfig, name: string, connect: ConnectClient): Promise<Finding> {
  const flows = await flowsOf(connect, instance.instanceId);
  const taken = flows.find(({ Name }) => Name === name)?.Id;
  if (taken === undefined) return quotaFinding("flows", flows.length, defaultQuota.flows, false);
  return warning(
    `The flow ${taken} has the name ${JSON.stringify(name)}. After the first deployment this is expected. Before the first deployment, the name is taken, and the deployment fails.`,
    "If the flow is not from this stack, set another name in inboundFlow.",
  );
}
