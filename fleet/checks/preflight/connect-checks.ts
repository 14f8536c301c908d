/** Looks at the Connect instance: whether it is the one that is meant, and has room and free names for what is deployed. */
import { DescribeContactFlowModuleCommand, DescribeInstanceCommand } from "@aws-sdk/client-connect";
import type { ConnectClient, ContactFlowModule, ContactFlowModuleSummary, Instance } from "@aws-sdk/client-connect";
import { stackOf } from "../../../config/descriptions";
import type { InstanceConfig } from "../../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../../flows/blocked-status";
import { absent } from "../../aws/errors";
import { associatedFunctions, blockedStatusAmong, flowsOf, modulesOf } from "../../aws/connect-instance";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { masked } from "../../output/redact";
import { runCheck, warning } from "./check";
import type { Check, Finding } from "./check";

/** Per instance; AWS raises them on request. https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html */
const defaultQuota = { modules: 200, functions: 50, flows: 100 } as const;

export interface LookedAtConnect {
  readonly checks: readonly Check[];
  /** The module of our name, whoever made it; undefined where it could not be read. */
  readonly module: ContactFlowModule | "none" | undefined;
  /** ARNs of the functions that flows of the instance may call; undefined where they could not be listed. */
  readonly associated: readonly string[] | undefined;
}

/** A check that depends on what another could not read is left out: the other has failed, and says why. */
export async function connectChecks(instance: InstanceConfig, { connect }: InstanceClients): Promise<LookedAtConnect> {
  const { instanceId: InstanceId } = instance;
  let found: Instance | undefined;
  const checks = [
    await runCheck("instance", async () => {
      found = (await absent(connect.send(new DescribeInstanceCommand({ InstanceId }))))?.Instance;
      return instanceFinding(instance, found);
    }),
  ];
  if (found === undefined) return { checks, module: undefined, associated: undefined };

  let modules: readonly ContactFlowModuleSummary[] | undefined;
  let module: LookedAtConnect["module"];
  let associated: LookedAtConnect["associated"];
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
        module = (named === undefined ? undefined : await describe(connect, InstanceId, named.Id)) ?? "none";
        const adopted = instance.adoptExisting?.moduleId;
        if (adopted === undefined || (module !== "none" && makerOf(instance, module.Description) !== undefined)) {
          return moduleFinding(instance, module);
        }
        if (module === "none") return renamedFinding(adopted, await describe(connect, InstanceId, adopted));
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
      `There is no Connect instance ${instanceId} in ${region} of the account that was asked, which should be ${account}.`,
      `Compare id, region and account of instance ${name} with those in the Connect console.`,
    );
  }
  const { InstanceStatus, InstanceAlias, InboundCallsEnabled, Arn = "" } = found;
  if (Arn !== "" && Arn !== instance.instanceArn) {
    return failed(`${Arn} is not ${instance.instanceArn}.`, "Use credentials of that account, or set planRole.");
  }
  if (InstanceStatus !== "ACTIVE") {
    return failed(`The Connect instance is ${InstanceStatus ?? "of no known status"}.`, "Wait until it is ACTIVE.");
  }
  if (InstanceAlias === undefined) {
    return warning(
      "The Connect instance is ACTIVE and has no alias: it cannot be told whether it belongs to this table.",
      `Make sure that ConnectPath calls it ${name}.`,
    );
  }
  if (InstanceAlias !== name) {
    return failed(
      `The Connect instance's alias is ${JSON.stringify(InstanceAlias)}, and the environment file calls it ${JSON.stringify(name)}: ` +
        "module and table would be of two instances.",
      "Correct name or id, whichever is wrong.",
    );
  }
  if (InboundCallsEnabled === false) {
    return warning(
      "It is ACTIVE, but takes no inbound calls: there is nobody to block.",
      "See Telephony in the Connect console.",
    );
  }
  return ok(`${name} is ACTIVE, and its alias is the configured name.`);
}

function quotaFinding(what: string, used: number, quota: number, isThere: boolean): Finding {
  const counted = `${used} of ${quota} ${what}, where the default quota of an instance applies; AWS raises it on request`;
  if (used < quota || isThere) return ok(`${counted}.`);
  return warning(
    `${counted}. If it was not raised, the deployment fails when it adds one more.`,
    "Look it up under Service Quotas, Amazon Connect; ask for more, or delete what nobody uses.",
  );
}

/** Whether this stack made it; the name of the other stack where another did. */
export function makerOf(
  { stackName }: InstanceConfig,
  description: string | undefined,
): "this stack" | { readonly stack: string } | undefined {
  const stack = stackOf(description);
  if (stack === undefined) return undefined;
  return stack === stackName ? "this stack" : { stack };
}

function moduleFinding(instance: InstanceConfig, module: ContactFlowModule | "none"): Finding {
  if (module === "none") return ok("The name is free.");
  const maker = makerOf(instance, module.Description);
  const { Id = "", Tags = {} } = module;
  if (maker === "this stack") return ok(`${Id} is there already, made by this stack.`);
  if (maker !== undefined) {
    return failed(
      `${Id} has the name, made by the stack ${maker.stack}: two stacks for one Connect instance.`,
      "Keep the instance in one environment file.",
    );
  }
  const tags = Object.entries(Tags).map(([key, value]) => `${key}=${masked(value)}`);
  return failed(
    `${Id} has the name: not of this stack, so made by hand or imported ` +
      `(description ${JSON.stringify(masked(module.Description ?? ""))}, tags ${tags.length === 0 ? "none" : tags.join(", ")}). Connect takes a name once, and the first deployment would fail.`,
    `Say adoptExisting.module: ${Id} for this instance, which takes the module over, or delete it once no flow calls it.`,
  );
}

/** Of the module that adoptExisting names, where one has the name. */
function adoptedFinding(adopted: string, { Id = "" }: ContactFlowModule): Finding {
  if (Id === adopted)
    return ok(`${Id} is there, made by hand, and is taken over: it keeps its id, and flows go on calling it.`);
  return failed(
    `adoptExisting.module is ${adopted}, and ${Id} has the name: Connect takes a name once, and the deployment would fail.`,
    `If flows call ${Id}, set adoptExisting.module to it; if none does, delete it.`,
  );
}

/** Of the module that adoptExisting names, where none has the name. */
function renamedFinding(adopted: string, module: ContactFlowModule | undefined): Finding {
  if (module === undefined) {
    return failed(
      `adoptExisting.module is ${adopted}, and the instance has no such module: the plan would fail where it imports it.`,
      "Correct the id (it is in the module's URL in Connect), or remove adoptExisting.module: the module is then made.",
    );
  }
  return warning(
    `${adopted} is taken over, and its name is ${JSON.stringify(module.Name)}: the deployment renames it to ${BLOCKED_STATUS_MODULE_NAME} and replaces its content. It keeps its id.`,
    "Make sure that it is the module that was imported by hand for call blocking, and not another.",
  );
}

function associationFinding(
  instance: InstanceConfig,
  associated: readonly string[],
  module: ContactFlowModule | "none",
): Finding {
  const { aliasArn } = instance.function;
  if (!associated.includes(aliasArn)) return ok("Our alias is not associated yet: the deployment does it.");
  if (module === "none" || makerOf(instance, module.Description) !== "this stack") {
    return warning(
      `${aliasArn} is associated with the instance, and no module of this stack is there: somebody else did it, or an earlier deployment was cut short.`,
      "adoptExisting does not take an association over. Where Terraform's state does not hold it, deploying fails: if that state was lost, run npm run fleet -- recover; if not, remove the association under Flows, AWS Lambda, before.",
    );
  }
  return ok("Our alias is associated already.");
}

async function flowFinding(instance: InstanceConfig, name: string, connect: ConnectClient): Promise<Finding> {
  const flows = await flowsOf(connect, instance.instanceId);
  const taken = flows.find(({ Name }) => Name === name)?.Id;
  if (taken === undefined) return quotaFinding("flows", flows.length, defaultQuota.flows, false);
  return warning(
    `${taken} has the name ${JSON.stringify(name)}: after the first deployment that is as it should be; before it, the deployment fails.`,
    "If it is not ours, give inboundFlow another name.",
  );
}

async function describe(
  connect: ConnectClient,
  InstanceId: string,
  ContactFlowModuleId: string | undefined,
): Promise<ContactFlowModule | undefined> {
  const request = new DescribeContactFlowModuleCommand({ InstanceId, ContactFlowModuleId });
  return (await absent(connect.send(request)))?.ContactFlowModule;
}
