/**
 * Checks resources that were created by hand with the vendor's guide. The guide has four faults. Each fault prevents blocking, and no
 * error is reported. The checks return warnings, because a deployment replaces these resources.
 */
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import { guideFunctionName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { simulateRole } from "../../aws/iam/simulate-role";
import { functionConfiguration } from "../../aws/lambda-function";
import { lambdaBlocks, type LambdaBlock } from "../../aws/connect-instance";
import { ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { runCheck, warning } from "./check";
import type { Check, Finding } from "./check";
import { ownerOf } from "./connect-checks";
import type { ConnectResult } from "./connect-checks";
import { isOurs } from "./name-checks";

const fix =
  "Deploy this stack: it has its own function, role, permission and association. Then delete the resources that were created by hand.";
const fixWhenAdopted =
  "Deploy this stack: it adopts and corrects the resources in adoptExisting. Then delete the other resources that were created by hand.";

/**
 * The checks `guide: module`, `guide: function`, `guide: role` and `guide: association` for the resources that exist; only `guide` if
 * none exist. No checks if the module could not be read.
 */
export async function guideChecks(
  instance: InstanceConfig,
  clients: InstanceClients,
  { module, associated }: ConnectResult,
): Promise<readonly Check[]> {
  const isForeign = typeof module === "object" && ownerOf(instance, module.Description) === undefined;
  const blocks = isForeign ? lambdaBlocks(module.Content ?? "") : [];
  const checks: Check[] = isForeign ? [await runCheck("guide: module", () => moduleFinding(instance, blocks))] : [];

  const local = blocks.map(({ arn }) => arn).filter((arn) => isLocal(instance, arn));
  for (const FunctionName of new Set([guideFunctionName, instance.function.name, ...local.map(functionName)])) {
    let guideFunction: FunctionConfiguration | undefined;
    const first = await runCheck("guide: function", async () => {
      const existing = await functionConfiguration(clients.lambda, FunctionName);
      guideFunction = existing === undefined || isOurs(instance, existing) ? undefined : existing;
      return guideFunction === undefined ? ok("") : runtimeFinding(guideFunction);
    });
    if (guideFunction === undefined) {
      if (first.outcome !== "ok") checks.push(first);
      continue;
    }
    const { Role = "", FunctionArn = "" } = guideFunction;
    checks.push(first, await runCheck("guide: role", () => roleFinding(instance, clients, Role)));
    if (associated !== undefined) {
      const called = local.filter((arn) => functionName(arn) === FunctionName);
      checks.push(await runCheck("guide: association", () => associationFinding(FunctionArn, called, associated)));
    }
  }
  if (checks.length === 0 && module === undefined) return [];
  if (checks.length === 0) return [{ name: "guide", ...ok("There are no resources from the vendor's guide.") }];
  return checks.map((check) => ({
    ...check,
    ...(check.fix === fix && instance.adoptExisting !== undefined ? { fix: fixWhenAdopted } : {}),
    // A check that could not run does not prevent a deployment.
    ...(check.outcome === "failed" ? { outcome: "warning" } : {}),
  }));
}

function moduleFinding(instance: InstanceConfig, blocks: readonly LambdaBlock[]): Finding {
  const foreign = blocks.filter(({ arn }) => !isLocal(instance, arn));
  if (foreign.length > 0) {
    return warning(
      `The module calls ${[...new Set(foreign.map(({ arn }) => arn))].join(" and ")}, which is not in account ${instance.account} and region ${instance.region}: ` +
        "the guide's export contains the function of its author. The Lambda block takes its error branch, and no caller is blocked.",
      fix,
    );
  }
  const instanceName = blocks
    .map(({ parameters }) => parameters["InstanceName"])
    .find((name) => name !== instance.name);
  if (blocks.length > 0 && instanceName !== undefined) {
    return warning(
      `The module sends InstanceName ${JSON.stringify(instanceName)}, but this instance is ${instance.name}. The function then reads another table or refuses the call, and no caller is blocked.`,
      fix,
    );
  }
  return blocks.length === 0
    ? warning("The module invokes no function, so it blocks no caller.", fix)
    : ok(`The module calls ${blocks.map(({ arn }) => arn).join(" and ")}.`);
}

/** Runtimes without version 2 of the AWS SDK, which the guide's code needs: Node.js 18 and later. */
const withoutSdk2 = /^nodejs(18|[2-9]\d)\.x$/;
/** In bytes. A package that contains the SDK is about ten times as large. */
const tooSmallForSdk = 1_000_000;

function runtimeFinding({ Runtime, CodeSize = 0, FunctionName = "", Layers = [] }: FunctionConfiguration): Finding {
  if (Runtime !== undefined && withoutSdk2.test(Runtime) && CodeSize < tooSmallForSdk && Layers.length === 0) {
    return warning(
      `${FunctionName} runs on ${Runtime}, which has no AWS SDK version 2, and its package of ${CodeSize} bytes is too small to contain it. ` +
        "The guide's code begins with require('aws-sdk'), so every invocation fails, the flow takes its error branch, and no caller is blocked.",
      fix,
    );
  }
  return ok(`${FunctionName} was created by hand and runs on ${Runtime ?? "a container image"}.`);
}

const action = "dynamodb:Query";

async function roleFinding({ table }: InstanceConfig, { iam }: InstanceClients, role: string): Promise<Finding> {
  const name = role.slice(role.lastIndexOf("/") + 1);
  if ((await simulateRole(iam, role, action, table.indexArn)) === "allowed")
    return ok(`${name} may ${action} on the index.`);
  return warning(
    `The role ${name} may not ${action} on the index: the guide's template "Simple microservice permissions" allows Delete, Get, Put, Scan and UpdateItem, but not Query. ` +
      "Every lookup is denied, and no caller is blocked.",
    fix,
  );
}

function associationFinding(functionArn: string, called: readonly string[], associated: readonly string[]): Finding {
  // A flow may only invoke exactly the associated ARN, with its qualifier.
  const wanted = called.length > 0 ? called : [functionArn];
  const missing = wanted.filter((arn) => !associated.includes(arn));
  if (missing.length === 0) return ok(`${wanted.join(" and ")} is associated with the instance.`);
  return warning(
    `${missing.join(" and ")} is not associated with the Connect instance; the guide has no step for this. ` +
      "The flow's Lambda block takes its error branch without an invocation, a log line or a metric, and no caller is blocked.",
    fix,
  );
}

/** `arn:aws:lambda:us-east-1:111122223333:function:NAME:QUALIFIER` */
const functionName = (arn: string): string => arn.split(":")[6] ?? arn;

function isLocal({ region, account }: InstanceConfig, arn: string): boolean {
  const [, , , arnRegion, arnAccount] = arn.split(":");
  return arnRegion === region && arnAccount === account;
}
