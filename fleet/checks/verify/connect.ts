/** Checks the Connect instance: the association of the function, and the published module. */
import { isDeepStrictEqual } from "node:util";
import type { ConnectClient, ContactFlowModule, ContactFlowSummary } from "@aws-sdk/client-connect";
import type { InstanceConfig } from "../../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../../flows/blocked-status";
import { moduleContent } from "../../../stacks/flow-contents";
import {
  associatedFunctions,
  blockedStatusAmong,
  describeModule,
  flowsOf,
  lambdaBlocks,
  modulesOf,
} from "../../aws/connect-instance";
import { staleModuleCalls, staleModuleText } from "../../aws/stale-module-calls";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import type { Check, Finding } from "./check";
import { runCheck, unproven } from "./check";

/**
 * The checks `association`, `module`, `content` if there is a module, `flows`, and `inbound flow` if the stack has one.
 *
 * @throws CredentialsError
 */
export async function connectChecks(instance: InstanceConfig, { connect }: InstanceClients): Promise<readonly Check[]> {
  const association = await runCheck("association", async () =>
    associationFinding(instance, await associatedFunctions(connect, instance.instanceId)),
  );
  let module: ContactFlowModule | undefined;
  const published = await runCheck("module", async () => {
    module = await findModule(connect, instance.instanceId);
    return moduleFinding(instance, module);
  });
  const content =
    module === undefined ? [] : [await runCheck("content", () => contentFinding(instance, module?.Content ?? ""))];
  const modules = await runCheck("flows", () => staleModulesFinding(instance, connect));
  const { inboundFlow } = instance;
  if (inboundFlow === undefined) return [association, published, ...content, modules];
  const flow = await runCheck("inbound flow", async () =>
    flowFinding(instance, await findFlow(connect, instance.instanceId, inboundFlow.name)),
  );
  return [association, published, ...content, modules, flow];
}

async function staleModulesFinding(instance: InstanceConfig, connect: ConnectClient): Promise<Finding> {
  const stale = await staleModuleCalls(connect, instance);
  if (stale.length === 0) return ok("Every module that a flow or module calls exists.");
  const detail = stale.map(staleModuleText).join(" ");
  const fix = "A deployment does not change flows and modules of the team. Change them in the Connect console.";
  // A missing module of another purpose is no fault of the deployment.
  return stale.some(({ isAboutBlocking }) => isAboutBlocking) ? failed(detail, fix) : unproven(detail, fix);
}

/**
 * The faults of an existing module and inbound flow, and the flows that call a missing module. Terraform's provider does not read these
 * facts.
 *
 * @throws the error of AWS
 */
export async function connectStateFindings(
  instance: InstanceConfig,
  { connect }: InstanceClients,
): Promise<readonly Finding[]> {
  const { instanceId, inboundFlow } = instance;
  const module = await findModule(connect, instanceId);
  const flow = inboundFlow && (await findFlow(connect, instanceId, inboundFlow.name));
  return [
    ...(module === undefined ? [] : [moduleFinding(instance, module)]),
    ...(flow === undefined ? [] : [flowFinding(instance, flow)]),
    await staleModulesFinding(instance, connect),
  ];
}

function associationFinding({ function: own, stackName }: InstanceConfig, arns: readonly string[]): Finding {
  if (arns.includes(own.aliasArn)) return ok("The alias is associated with the instance.");
  const unqualified = own.aliasArn.slice(0, own.aliasArn.lastIndexOf(":"));
  const similar = arns.filter((arn) => arn === unqualified || arn.startsWith(`${unqualified}:`));
  return failed(
    `${own.aliasArn} is not associated with the Connect instance` +
      (similar.length === 0 ? "" : `; associated instead: ${similar.join(", ")}`) +
      ". The flow's Lambda block takes its error branch without an invocation, a log line or a metric, and no caller is blocked.",
    `Deploy ${stackName}. If it was deployed before, the association was removed in the Connect console (Flows, AWS Lambda).`,
  );
}

const findFlow = async (
  connect: ConnectClient,
  InstanceId: string,
  name: string,
): Promise<ContactFlowSummary | undefined> => (await flowsOf(connect, InstanceId)).find(({ Name }) => Name === name);

async function findModule(connect: ConnectClient, InstanceId: string): Promise<ContactFlowModule | undefined> {
  const found = blockedStatusAmong(await modulesOf(connect, InstanceId));
  return found && (await describeModule(connect, InstanceId, found.Id));
}

function moduleFinding(
  { stackName, instanceId, region }: InstanceConfig,
  module: ContactFlowModule | undefined,
): Finding {
  if (module === undefined) {
    return failed(
      `The instance has no module ${BLOCKED_STATUS_MODULE_NAME}. Flows that call it take their error branch, and no caller is blocked.`,
      `Deploy ${stackName}.`,
    );
  }
  const { State = "", Status = "", Id = "" } = module;
  // The service returns `published`, although its model has `PUBLISHED`.
  if (State.toUpperCase() === "ACTIVE" && Status.toUpperCase() === "PUBLISHED") {
    return ok(`${BLOCKED_STATUS_MODULE_NAME} (${Id}) is published and active.`);
  }
  return failed(
    `${BLOCKED_STATUS_MODULE_NAME} (${Id}) is ${State} and ${Status}. Flows cannot call it, and no caller is blocked.`,
    State.toUpperCase() === "ARCHIVED"
      ? `A deployment does not change this. Activate it: aws connect update-contact-flow-module-metadata --region ${region} --instance-id ${instanceId} --contact-flow-module-id ${Id} --state ACTIVE`
      : "A deployment does not change this. Publish it in the Connect console (Flows, Modules).",
  );
}

function flowFinding(
  { stackName, instanceId, region, inboundFlow }: InstanceConfig,
  flow: ContactFlowSummary | undefined,
): Finding {
  const name = inboundFlow?.name ?? "";
  if (flow === undefined) {
    return failed(`The instance has no flow ${name}. Calls to its phone numbers fail.`, `Deploy ${stackName}.`);
  }
  const { ContactFlowState = "", Id = "" } = flow;
  if (ContactFlowState === "ACTIVE") return ok(`${name} (${Id}) is active.`);
  return failed(
    `The inbound flow ${name} (${Id}) is ${ContactFlowState}. Calls to its phone numbers fail.`,
    `A deployment does not change this. Activate it: aws connect update-contact-flow-metadata --region ${region} --instance-id ${instanceId} --contact-flow-id ${Id} --contact-flow-state ACTIVE`,
  );
}

type Json = Readonly<Record<string, unknown>>;

function contentFinding(instance: InstanceConfig, content: string): Finding {
  // JSON omits members that are undefined.
  const deployed = JSON.parse(JSON.stringify(moduleContent(instance))) as Json;
  const found = parsed(content);
  if (found === undefined) {
    return failed("The module's content is not JSON.", `Deploy ${instance.stackName}.`);
  }
  const called = new Set(lambdaBlocks(content).map(({ arn }) => arn));
  const foreign = [...called].filter((arn) => arn !== instance.function.aliasArn);
  if (foreign.length > 0) {
    return failed(
      `The module calls ${foreign.map((arn) => describeArn(arn, instance)).join(" and ")} instead of ${instance.function.aliasArn}: ` +
        "its Lambda block takes the error branch, or invokes another function, and no caller is blocked.",
      `Deploy ${instance.stackName}. The module that the vendor's guide offers for import contains a function of another account.`,
    );
  }
  const { Metadata: ourLayout, ...ours } = deployed;
  const { Metadata: theirLayout, ...theirs } = found;
  if (!isDeepStrictEqual(ours, theirs)) {
    const places = differences(ours, theirs, "").slice(0, 5);
    return failed(
      `The module differs from the deployed content: ${places.join(", ")}.`,
      `It was edited in the console, or the environment file changed after the deployment. A plan of ${instance.stackName} shows the difference; a deployment restores the module.`,
    );
  }
  const layout = isDeepStrictEqual(ourLayout, theirLayout) ? "" : ", except for the positions of its blocks";
  return ok(`The module has the deployed content${layout}, and invokes the alias.`);
}

function parsed(content: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** The ARN as text, with its account or region if the account or region differs from the instance. */
function describeArn(arn: string, { account, region }: InstanceConfig): string {
  const [, , , arnRegion, arnAccount] = arn.split(":");
  if (arnAccount !== undefined && arnAccount !== account) return `${arn}, of account ${arnAccount},`;
  return arnRegion !== undefined && arnRegion !== region ? `${arn}, of ${arnRegion},` : arn;
}

/** Paths at which two values differ, such as `Actions[1].Parameters.InvocationTimeLimitSeconds`. */
function differences(ours: unknown, theirs: unknown, at: string): string[] {
  if (isDeepStrictEqual(ours, theirs)) return [];
  const areObjects = [ours, theirs].every((value) => typeof value === "object" && value !== null);
  if (!areObjects || Array.isArray(ours) !== Array.isArray(theirs)) return [at];
  const [ourValues, theirValues] = [ours as Json, theirs as Json];
  return Object.keys({ ...ourValues, ...theirValues }).flatMap((key) =>
    differences(
      ourValues[key],
      theirValues[key],
      Array.isArray(ours) ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`,
    ),
  );
}
