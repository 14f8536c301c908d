/**
 * Looks at what was clicked together by the vendor's guide: followed to the letter, it blocks nobody, four times over and in
 * silence. Each break is told by its sentence, and is a warning: a deployment puts something else in its place.
 */
import { SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import { guideFunctionName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { absent } from "../../aws/errors";
import { lambdaBlocks, type LambdaBlock } from "../../aws/connect-instance";
import { ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { runCheck, warning } from "./check";
import type { Check, Finding } from "./check";
import { makerOf } from "./connect-checks";
import type { LookedAtConnect } from "./connect-checks";
import { isOurs } from "./name-checks";

const remedy =
  "Deploy this stack: it ships a function of its own with all that it needs. What was made by hand can then go.";
const remedyWhereAdopted =
  "Deploy this stack: it takes over what adoptExisting names and puts this right. What it does not name can then go.";

/**
 * The checks `guide: module`, `guide: function`, `guide: role` and `guide: association`, for what there is; `guide` alone where there is
 * nothing. None where that is not known, since the module could not be read.
 */
export async function guideChecks(
  instance: InstanceConfig,
  clients: InstanceClients,
  { module, associated }: LookedAtConnect,
): Promise<readonly Check[]> {
  const isForeign = typeof module === "object" && makerOf(instance, module.Description) === undefined;
  const blocks = isForeign ? lambdaBlocks(module.Content ?? "") : [];
  const checks: Check[] = isForeign ? [await runCheck("guide: module", () => moduleFinding(instance, blocks))] : [];

  const local = blocks.map(({ arn }) => arn).filter((arn) => isLocal(instance, arn));
  for (const FunctionName of new Set([guideFunctionName, instance.function.name, ...local.map(functionName)])) {
    let made: FunctionConfiguration | undefined;
    const first = await runCheck("guide: function", async () => {
      const there = await absent(clients.lambda.send(new GetFunctionConfigurationCommand({ FunctionName })));
      made = there === undefined || isOurs(instance, there) ? undefined : there;
      return made === undefined ? ok("") : runtimeFinding(made);
    });
    if (made === undefined) {
      if (first.outcome !== "ok") checks.push(first);
      continue;
    }
    const { Role = "", FunctionArn = "" } = made;
    checks.push(first, await runCheck("guide: role", () => roleFinding(instance, clients, Role)));
    if (associated !== undefined) {
      const called = local.filter((arn) => functionName(arn) === FunctionName);
      checks.push(await runCheck("guide: association", () => associationFinding(FunctionArn, called, associated)));
    }
  }
  if (checks.length === 0 && module === undefined) return [];
  if (checks.length === 0)
    return [{ name: "guide", ...ok("Nothing is here that was made by hand after the vendor's guide.") }];
  return checks.map((check) => ({
    ...check,
    ...(check.fix === remedy && instance.adoptExisting !== undefined ? { fix: remedyWhereAdopted } : {}),
    // What could not be looked at here stops no deployment either.
    ...(check.outcome === "failed" ? { outcome: "warning" } : {}),
  }));
}

function moduleFinding(instance: InstanceConfig, blocks: readonly LambdaBlock[]): Finding {
  const strangers = blocks.filter(({ arn }) => !isLocal(instance, arn));
  if (strangers.length > 0) {
    return warning(
      `The module calls ${[...new Set(strangers.map(({ arn }) => arn))].join(" and ")}, which is not of account ${instance.account} and region ${instance.region}: ` +
        "the export that the guide offers carries the function of its author. The Lambda block takes its error branch, and nobody is blocked.",
      remedy,
    );
  }
  const told = blocks.map(({ parameters }) => parameters["InstanceName"]).find((name) => name !== instance.name);
  if (blocks.length > 0 && told !== undefined) {
    return warning(
      `The module says InstanceName ${JSON.stringify(told)}, and this is ${instance.name}: its function looks into another table, or refuses, and nobody is blocked.`,
      remedy,
    );
  }
  return blocks.length === 0
    ? warning("The module calls no function: nobody is blocked by it.", remedy)
    : ok(`The module calls ${blocks.map(({ arn }) => arn).join(" and ")}.`);
}

/** Runtimes without version 2 of the AWS SDK, which the guide's code requires: all since Node 18. */
const withoutSdk2 = /^nodejs(18|[2-9]\d)\.x$/;
/** A package that brings the SDK along is some ten times as large. */
const tooSmallForSdk = 1_000_000;

function runtimeFinding({ Runtime, CodeSize = 0, FunctionName = "", Layers = [] }: FunctionConfiguration): Finding {
  if (Runtime !== undefined && withoutSdk2.test(Runtime) && CodeSize < tooSmallForSdk && Layers.length === 0) {
    return warning(
      `${FunctionName} runs on ${Runtime}, which has no AWS SDK version 2, and its package of ${CodeSize} bytes brings none: ` +
        "the guide's code begins with require('aws-sdk'), so every call of it fails, the flow takes its error branch, and nobody is blocked.",
      remedy,
    );
  }
  return ok(`${FunctionName} was made by hand and runs on ${Runtime ?? "an image of its own"}.`);
}

const action = "dynamodb:Query";

async function roleFinding({ table }: InstanceConfig, { iam }: InstanceClients, role: string): Promise<Finding> {
  // IAM's own simulator: it reads every policy of the role, its boundary, and those of the organization.
  const request = { PolicySourceArn: role, ActionNames: [action], ResourceArns: [table.indexArn] };
  const { EvaluationResults = [] } = await iam.send(new SimulatePrincipalPolicyCommand(request));
  const name = role.slice(role.lastIndexOf("/") + 1);
  if (EvaluationResults[0]?.EvalDecision === "allowed") return ok(`${name} may ${action} on the index.`);
  return warning(
    `The role ${name} may not ${action} on the index: the guide's template "Simple microservice permissions" allows Delete, Get, Put, Scan and UpdateItem, and not Query. ` +
      "Every lookup is refused, and nobody is blocked.",
    remedy,
  );
}

function associationFinding(functionArn: string, called: readonly string[], associated: readonly string[]): Finding {
  // A flow may invoke exactly the ARN that is associated, qualifier included.
  const wanted = called.length > 0 ? called : [functionArn];
  const missing = wanted.filter((arn) => !associated.includes(arn));
  if (missing.length === 0) return ok(`${wanted.join(" and ")} is associated with the instance.`);
  return warning(
    `${missing.join(" and ")} is not associated with the Connect instance, which the guide has no step for: ` +
      "the flow's Lambda block takes its error branch, with no invocation, no log and no metric, and nobody is blocked.",
    remedy,
  );
}

/** `arn:aws:lambda:us-east-1:111122223333:function:NAME:QUALIFIER` */
const functionName = (arn: string): string => arn.split(":")[6] ?? arn;

function isLocal({ region, account }: InstanceConfig, arn: string): boolean {
  const [, , , itsRegion, itsAccount] = arn.split(":");
  return itsRegion === region && itsAccount === account;
}
