/** Looks at the Connect instance: the function's association, and the module as it is published there. */
import { isDeepStrictEqual } from "node:util";
import { DescribeContactFlowModuleCommand, type ConnectClient, type ContactFlowModule } from "@aws-sdk/client-connect";
import type { InstanceConfig } from "../../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../../flows/blocked-status";
import { moduleContent } from "../../../stacks/flow-contents";
import { associatedFunctions, blockedStatusAmong, lambdaBlocks, modulesOf } from "../../aws/connect-instance";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import type { Check, Finding } from "./check";
import { runCheck } from "./check";

/** The checks `association`, `module` and `content`: as many as could be looked at. @throws CannotAsk */
export async function connectChecks(instance: InstanceConfig, { connect }: InstanceClients): Promise<readonly Check[]> {
  const association = await runCheck("association", async () =>
    associationFinding(instance, await associatedFunctions(connect, instance.instanceId)),
  );
  let module: ContactFlowModule | undefined;
  const published = await runCheck("module", async () => {
    module = await findModule(connect, instance.instanceId);
    return moduleFinding(instance, module);
  });
  if (module === undefined) return [association, published];
  const { Content = "" } = module;
  return [association, published, await runCheck("content", () => contentFinding(instance, Content))];
}

function associationFinding({ function: own, stackName }: InstanceConfig, arns: readonly string[]): Finding {
  if (arns.includes(own.aliasArn)) return ok("The alias is associated with the instance.");
  const unqualified = own.aliasArn.slice(0, own.aliasArn.lastIndexOf(":"));
  const near = arns.filter((arn) => arn === unqualified || arn.startsWith(`${unqualified}:`));
  return failed(
    `${own.aliasArn} is not associated with the Connect instance` +
      (near.length === 0 ? "" : `, only ${near.join(", ")} is`) +
      ": the flow's Lambda block takes its error branch, with no invocation, no log and no metric, and nobody is blocked.",
    `Deploy ${stackName}. If it was deployed before, somebody removed the function from the instance in the console (Flows, AWS Lambda).`,
  );
}

async function findModule(connect: ConnectClient, InstanceId: string): Promise<ContactFlowModule | undefined> {
  const found = blockedStatusAmong(await modulesOf(connect, InstanceId));
  if (found === undefined) return undefined;
  const input = { InstanceId, ContactFlowModuleId: found.Id };
  return (await connect.send(new DescribeContactFlowModuleCommand(input))).ContactFlowModule;
}

function moduleFinding({ stackName }: InstanceConfig, module: ContactFlowModule | undefined): Finding {
  if (module === undefined) {
    return failed(
      `The instance has no module ${BLOCKED_STATUS_MODULE_NAME}: flows that call it take their error branch, and nobody is blocked.`,
      `Deploy ${stackName}.`,
    );
  }
  const { State = "", Status = "", Id = "" } = module;
  // The service answers `published` where its model says `PUBLISHED`.
  if (State.toUpperCase() === "ACTIVE" && Status.toUpperCase() === "PUBLISHED") {
    return ok(`${BLOCKED_STATUS_MODULE_NAME} (${Id}) is published and active.`);
  }
  return failed(
    `${BLOCKED_STATUS_MODULE_NAME} (${Id}) is ${State} and ${Status}: flows cannot call it, and nobody is blocked.`,
    "Make it active again and publish it: Flows, Modules in the Connect console.",
  );
}

type Json = Readonly<Record<string, unknown>>;

function contentFinding(instance: InstanceConfig, content: string): Finding {
  // As JSON has it: a member that is undefined is not there.
  const deployed = JSON.parse(JSON.stringify(moduleContent(instance))) as Json;
  const found = parsed(content);
  if (found === undefined) {
    return failed("The module's content is not JSON: it cannot be read here.", `Deploy ${instance.stackName}.`);
  }
  const called = new Set(lambdaBlocks(content).map(({ arn }) => arn));
  const strangers = [...called].filter((arn) => arn !== instance.function.aliasArn);
  if (strangers.length > 0) {
    return failed(
      `The module calls ${strangers.map((arn) => described(arn, instance)).join(" and ")} instead of ${instance.function.aliasArn}: ` +
        "its Lambda block takes the error branch, or asks another function, and nobody is blocked.",
      `Deploy ${instance.stackName}. The module that the vendor's guide offers for import carries the function of another account.`,
    );
  }
  const { Metadata: ourLayout, ...ours } = deployed;
  const { Metadata: theirLayout, ...theirs } = found;
  if (!isDeepStrictEqual(ours, theirs)) {
    const places = differences(ours, theirs, "").slice(0, 5);
    return failed(
      `The module is not as it was deployed: ${places.join(", ")} ${places.length === 1 ? "differs" : "differ"}.`,
      `Somebody edited it in the console, or the environment file was changed since. See what with a plan of ${instance.stackName}; deploying puts it back.`,
    );
  }
  const layout = isDeepStrictEqual(ourLayout, theirLayout) ? "" : ", but for where its blocks are drawn";
  return ok(`The module is as it was deployed${layout}, and calls the alias.`);
}

function parsed(content: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** The ARN, and what is foreign about it. */
function described(arn: string, { account, region }: InstanceConfig): string {
  const [, , , arnRegion, arnAccount] = arn.split(":");
  if (arnAccount !== undefined && arnAccount !== account) return `${arn}, of account ${arnAccount},`;
  return arnRegion !== undefined && arnRegion !== region ? `${arn}, of ${arnRegion},` : arn;
}

/** Where two values differ: `Actions[1].Parameters.InvocationTimeLimitSeconds`. */
function differences(ours: unknown, theirs: unknown, at: string): string[] {
  if (isDeepStrictEqual(ours, theirs)) return [];
  const areObjects = [ours, theirs].every((value) => typeof value === "object" && value !== null);
  if (!areObjects || Array.isArray(ours) !== Array.isArray(theirs)) return [at];
  const [one, other] = [ours as Json, theirs as Json];
  return Object.keys({ ...one, ...other }).flatMap((key) =>
    differences(one[key], other[key], Array.isArray(ours) ? `${at}[${key}]` : at === "" ? key : `${at}.${key}`),
  );
}
