/** Looks at the function: the version behind the alias that Connect calls, what it is told, and who may call it. */
import {
  GetAliasCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  type FunctionConfiguration,
} from "@aws-sdk/client-lambda";
import { aliasName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { functionEnvironment } from "../../../lambda/settings";
import { functionSettings } from "../../../stacks/function-settings";
import { absent } from "../../aws/errors";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import type { Check, Finding } from "./check";
import { runCheck } from "./check";

export interface FunctionChecks {
  /** `function`, `alias`, `environment`, `permission`: as many as could be looked at. */
  readonly checks: readonly Check[];
  /** The version behind the alias; undefined where there is none. */
  readonly live: FunctionConfiguration | undefined;
}

/** @throws CannotAsk */
export async function functionChecks(instance: InstanceConfig, { lambda }: InstanceClients): Promise<FunctionChecks> {
  const FunctionName = instance.function.name;
  let latest: FunctionConfiguration | undefined;
  const first = await runCheck("function", async () => {
    latest = await absent(lambda.send(new GetFunctionConfigurationCommand({ FunctionName })));
    if (latest === undefined) {
      return failed(
        `There is no function ${FunctionName} in ${instance.region} of account ${instance.account}: the flow's Lambda block takes its error branch, and nobody is blocked.`,
        `Deploy ${instance.stackName}.`,
      );
    }
    return ok(`${FunctionName} runs on ${latest.Runtime ?? "no runtime"}.`);
  });
  if (latest === undefined) return { checks: [first], live: undefined };

  let live: FunctionConfiguration | undefined;
  const second = await runCheck("alias", async () => {
    const alias = await absent(lambda.send(new GetAliasCommand({ FunctionName, Name: aliasName })));
    if (alias === undefined) {
      return failed(
        `${FunctionName} has no alias ${aliasName}, which Connect calls: the flow's Lambda block takes its error branch, and nobody is blocked.`,
        `Deploy ${instance.stackName}.`,
      );
    }
    const { FunctionVersion: Qualifier = "" } = alias;
    live = await absent(lambda.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier })));
    return live === undefined ? missingVersion(instance, Qualifier) : versionFinding(instance, live);
  });
  if (live === undefined) return { checks: [first, second], live };
  const { Variables = {} } = live.Environment ?? {};
  const third = await runCheck("environment", () => environmentFinding(instance, Variables));
  const fourth = await runCheck("permission", async () => {
    const policy = await absent(lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: aliasName })));
    return permissionFinding(instance, policy?.Policy);
  });
  return { checks: [first, second, third, fourth], live };
}

function missingVersion({ function: { name }, stackName }: InstanceConfig, version: string): Finding {
  return failed(
    `The alias ${aliasName} points at version ${version} of ${name}, which does not exist: every call of it fails, and nobody is blocked.`,
    `Deploy ${stackName}.`,
  );
}

function versionFinding({ function: { name }, stackName }: InstanceConfig, live: FunctionConfiguration): Finding {
  const { Version = "", State, StateReason = "" } = live;
  // An idle function is Inactive and wakes up with the next call.
  if (State === "Failed" || State === "Pending") {
    return failed(
      `Version ${Version} of ${name}, behind ${aliasName}, is ${State}: it cannot be called, and nobody is blocked. ${StateReason}`.trim(),
      State === "Pending" ? "Wait, and verify again." : `Deploy ${stackName} again.`,
    );
  }
  return ok(`${aliasName} points at version ${Version} of ${name}.`);
}

/** Names of variables alone are told: `EXEMPT_NUMBERS` are people's numbers. */
function environmentFinding(instance: InstanceConfig, found: Readonly<Record<string, string>>): Finding {
  const configured = functionEnvironment(functionSettings(instance));
  const differing = Object.keys({ ...configured, ...found })
    .filter((name) => configured[name] !== found[name])
    .sort();
  if (differing.length === 0) return ok("The function is told what the environment file says.");
  const told = differing.map((name) => {
    if (found[name] === undefined) return `${name} is missing`;
    return configured[name] === undefined ? `${name} is set and not ours` : `${name} differs`;
  });
  return failed(
    `The function is not told what the environment file says: ${told.join(", ")}.`,
    `Deploy ${instance.stackName}. If it was deployed since the file was changed, somebody changed the function: find out who.`,
  );
}

type Json = Readonly<Record<string, unknown>>;

function permissionFinding(instance: InstanceConfig, policy: string | undefined): Finding {
  const statements = list((JSON.parse(policy ?? "{}") as Json)["Statement"]) as readonly Json[];
  if (statements.some((statement) => lets(statement, instance))) {
    return ok("The resource policy lets this Connect instance invoke the alias.");
  }
  return failed(
    `The resource policy of the alias ${aliasName} does not let this Connect instance invoke it` +
      (policy === undefined ? " (there is none)" : "") +
      ": the flow's Lambda block takes its error branch, and nobody is blocked.",
    `Deploy ${instance.stackName}.`,
  );
}

/** Whether a statement lets Connect, on behalf of this instance, invoke the alias. */
function lets(statement: Json, { instanceArn, account }: InstanceConfig): boolean {
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
