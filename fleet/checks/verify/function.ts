/** Checks the function: the version that the alias points to, its environment, and its resource policy. */
import { GetAliasCommand, GetPolicyCommand, type FunctionConfiguration } from "@aws-sdk/client-lambda";
import { aliasName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { functionEnvironment } from "../../../lambda/settings";
import { functionSettings } from "../../../stacks/function-settings";
import { undefinedIfAbsent } from "../../aws/errors";
import { functionConfiguration } from "../../aws/lambda-function";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import type { Check, Finding } from "./check";
import { runCheck } from "./check";

export interface FunctionChecks {
  /** `function`, `alias`, `environment` and `permission`. A check is left out if an earlier one found nothing to check. */
  readonly checks: readonly Check[];
  /** The version that the alias points to; undefined if there is none. */
  readonly live: FunctionConfiguration | undefined;
}

/** @throws CredentialsError */
export async function functionChecks(instance: InstanceConfig, { lambda }: InstanceClients): Promise<FunctionChecks> {
  const FunctionName = instance.function.name;
  let latest: FunctionConfiguration | undefined;
  const first = await runCheck("function", async () => {
    latest = await functionConfiguration(lambda, FunctionName);
    if (latest === undefined) {
      return failed(
        `There is no function ${FunctionName} in ${instance.region} of account ${instance.account}. The flow's Lambda block takes its error branch, and no caller is blocked.`,
        `Deploy ${instance.stackName}.`,
      );
    }
    return ok(`${FunctionName} runs on ${latest.Runtime ?? "no runtime"}.`);
  });
  if (latest === undefined) return { checks: [first], live: undefined };

  let live: FunctionConfiguration | undefined;
  const second = await runCheck("alias", async () => {
    const alias = await undefinedIfAbsent(lambda.send(new GetAliasCommand({ FunctionName, Name: aliasName })));
    if (alias === undefined) {
      return failed(
        `${FunctionName} has no alias ${aliasName}, which Connect invokes. The flow's Lambda block takes its error branch, and no caller is blocked.`,
        `Deploy ${instance.stackName}.`,
      );
    }
    const { FunctionVersion: version = "" } = alias;
    live = await functionConfiguration(lambda, FunctionName, version);
    return live === undefined ? missingVersion(instance, version) : versionFinding(instance, live);
  });
  if (live === undefined) return { checks: [first, second], live };
  const { Variables = {} } = live.Environment ?? {};
  const third = await runCheck("environment", () => environmentFinding(instance, Variables));
  const fourth = await runCheck("permission", async () => {
    const policy = await undefinedIfAbsent(lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: aliasName })));
    return permissionFinding(instance, policy?.Policy);
  });
  return { checks: [first, second, third, fourth], live };
}

function missingVersion({ function: { name }, stackName }: InstanceConfig, version: string): Finding {
  return failed(
    `The alias ${aliasName} points to version ${version} of ${name}, which does not exist. Every invocation fails, and no caller is blocked.`,
    `Deploy ${stackName}.`,
  );
}

function versionFinding({ function: { name }, stackName }: InstanceConfig, live: FunctionConfiguration): Finding {
  const { Version = "", State, StateReason = "" } = live;
  // Lambda sets an idle function to Inactive; the next invocation activates it.
  if (State === "Failed" || State === "Pending") {
    return failed(
      `The alias ${aliasName} points to version ${Version} of ${name}, which is ${State}. It cannot be invoked, and no caller is blocked. ${StateReason}`.trim(),
      State === "Pending" ? "Wait, then verify again." : `Deploy ${stackName} again.`,
    );
  }
  return ok(`${aliasName} points to version ${Version} of ${name}.`);
}

/** Messages contain the names of variables but no values: `EXEMPT_NUMBERS` contains phone numbers. */
function environmentFinding(instance: InstanceConfig, found: Readonly<Record<string, string>>): Finding {
  const configured = functionEnvironment(functionSettings(instance));
  const differing = Object.keys({ ...configured, ...found })
    .filter((name) => configured[name] !== found[name])
    .sort();
  if (differing.length === 0) return ok("The function's environment matches the environment file.");
  const problems = differing.map((name) => {
    if (found[name] === undefined) return `${name} is missing`;
    return configured[name] === undefined ? `${name} is set but not configured` : `${name} differs`;
  });
  return failed(
    `The function's environment differs from the environment file: ${problems.join(", ")}.`,
    `Deploy ${instance.stackName}. If it was deployed after the last change of the file, the function was changed outside Terraform: find out who changed it.`,
  );
}

type Json = Readonly<Record<string, unknown>>;

function permissionFinding(instance: InstanceConfig, policy: string | undefined): Finding {
  const statements = list((JSON.parse(policy ?? "{}") as Json)["Statement"]) as readonly Json[];
  if (statements.some((statement) => allowsInstance(statement, instance))) {
    return ok("The resource policy allows this Connect instance to invoke the alias.");
  }
  return failed(
    `The resource policy of the alias ${aliasName} does not allow this Connect instance to invoke it` +
      (policy === undefined ? " (it has no policy)" : "") +
      ". The flow's Lambda block takes its error branch, and no caller is blocked.",
    `Deploy ${instance.stackName}.`,
  );
}

/** Whether a statement allows Connect to invoke the alias for this instance. */
function allowsInstance(statement: Json, { instanceArn, account }: InstanceConfig): boolean {
  const services = list((statement["Principal"] as Json | undefined)?.["Service"]);
  const actions = list(statement["Action"]).map((action) => String(action).toLowerCase());
  const conditions = Object.entries((statement["Condition"] ?? {}) as Readonly<Record<string, Json>>).flatMap(
    ([operator, keys]) => Object.entries(keys).map(([key, value]) => ({ operator, key: key.toLowerCase(), value })),
  );
  return (
    statement["Effect"] === "Allow" &&
    services.includes("connect.amazonaws.com") &&
    actions.some((action) => ["lambda:invokefunction", "lambda:*", "*"].includes(action)) &&
    conditions.every(
      ({ operator, key, value }) =>
        (key === "aws:sourcearn" &&
          /^(Arn|String)(Equals|Like)$/.test(operator) &&
          list(value).includes(instanceArn)) ||
        (key === "aws:sourceaccount" && operator === "StringEquals" && list(value).includes(account)),
    )
  );
}

const list = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
