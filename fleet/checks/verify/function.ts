/** Checks the function: the version that the alias points to, its environment, and its resource policy. */
import {
  GetAliasCommand,
  GetPolicyCommand,
  type FunctionConfiguration,
  type GetAliasCommandOutput,
} from "@aws-sdk/client-lambda";
import { aliasName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { undefinedIfAbsent } from "../../aws/errors";
import { differingSettings, functionConfiguration, newestVersion } from "../../aws/lambda-function";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import type { Check, Finding } from "./check";
import { runCheck } from "./check";
import { settingDifferences, variableDifferences } from "./function-differences";

export interface FunctionChecks {
  /** `function`, `alias`, `published`, `configuration`, `environment` and `permission`. A check is left out if the resource to check does not exist. */
  readonly checks: readonly Check[];
  /** The version that the alias points to; undefined if there is none. */
  readonly live: FunctionConfiguration | undefined;
}

/** @throws CredentialsError */
export async function functionChecks(instance: InstanceConfig, { lambda }: InstanceClients): Promise<FunctionChecks> {
  const FunctionName = instance.function.name;
  const versions: { latest?: FunctionConfiguration | undefined; live?: FunctionConfiguration | undefined } = {};
  const functionCheck = await runCheck("function", async () => {
    versions.latest = await functionConfiguration(lambda, FunctionName);
    if (versions.latest === undefined) {
      return failed(
        `There is no function ${FunctionName} in ${instance.region} of account ${instance.account}. The flow's Lambda block takes its error branch, and no caller is blocked.`,
        `Deploy ${instance.stackName}.`,
      );
    }
    return ok(`${FunctionName} runs on ${versions.latest.Runtime ?? "no runtime"}.`);
  });
  const { latest } = versions;
  if (latest === undefined) return { checks: [functionCheck], live: undefined };

  const aliasCheck = await runCheck("alias", async () => {
    const alias = await undefinedIfAbsent(lambda.send(new GetAliasCommand({ FunctionName, Name: aliasName })));
    if (alias === undefined) {
      return failed(
        `${FunctionName} has no alias ${aliasName}, which Connect invokes. The flow's Lambda block takes its error branch, and no caller is blocked.`,
        `Deploy ${instance.stackName}.`,
      );
    }
    const { FunctionVersion: version = "" } = alias;
    versions.live = await functionConfiguration(lambda, FunctionName, version);
    return versions.live === undefined
      ? missingVersion(instance, version)
      : versionFinding(instance, versions.live, alias);
  });
  const { live } = versions;
  if (live === undefined) return { checks: [functionCheck, aliasCheck], live };
  const published = await runCheck("published", () =>
    publishedFinding(instance, { latest, live }, () => newestVersion(lambda, FunctionName)),
  );
  const configuration = await runCheck("configuration", () => configurationFinding(instance, live));
  const { Variables = {} } = live.Environment ?? {};
  const environmentCheck = await runCheck("environment", () => environmentFinding(instance, Variables));
  const permissionCheck = await runCheck("permission", async () => {
    const policy = await undefinedIfAbsent(lambda.send(new GetPolicyCommand({ FunctionName, Qualifier: aliasName })));
    return permissionFinding(instance, policy?.Policy);
  });
  return { checks: [functionCheck, aliasCheck, published, configuration, environmentCheck, permissionCheck], live };
}

function missingVersion({ function: { name }, stackName }: InstanceConfig, version: string): Finding {
  return failed(
    `The alias ${aliasName} points to version ${version} of ${name}, which does not exist. Every invocation fails, and no caller is blocked.`,
    `Deploy ${stackName}.`,
  );
}

function versionFinding(
  { function: { name }, region, stackName }: InstanceConfig,
  live: FunctionConfiguration,
  { RoutingConfig }: Pick<GetAliasCommandOutput, "RoutingConfig">,
): Finding {
  const { Version = "", State, StateReason = "" } = live;
  // Lambda sets an idle function to Inactive; the next invocation activates it.
  if (State === "Failed" || State === "Pending") {
    return failed(
      `The alias ${aliasName} points to version ${Version} of ${name}, which is ${State}. It cannot be invoked, and no caller is blocked. ${StateReason}`.trim(),
      State === "Pending" ? "Wait, then verify again." : `Deploy ${stackName} again.`,
    );
  }
  const weights = Object.entries(RoutingConfig?.AdditionalVersionWeights ?? {});
  if (weights.length > 0) {
    const shares = weights.map(([version, weight]) => `${Number((weight * 100).toFixed(2))} % to version ${version}`);
    return failed(
      `The alias ${aliasName} of ${name} sends part of the calls to another version: ${shares.join(", ")}. These calls may be answered differently.`,
      `Remove the weights: aws lambda update-alias --region ${region} --function-name ${name} --name ${aliasName} --routing-config 'AdditionalVersionWeights={}'`,
    );
  }
  return ok(`${aliasName} points to version ${Version} of ${name}.`);
}

interface Versions {
  readonly latest: FunctionConfiguration;
  /** The version that the alias points to. */
  readonly live: FunctionConfiguration;
}

/**
 * Compares the alias's version with `$LATEST`. They differ if a deployment changed `$LATEST` and failed before it published a version, or
 * if someone moved the alias.
 */
async function publishedFinding(
  { function: { name }, stackName }: InstanceConfig,
  { latest, live }: Versions,
  newest: () => Promise<FunctionConfiguration | undefined>,
): Promise<Finding> {
  const differing = differingSettings(latest, live);
  const { Version = "" } = live;
  if (differing.length === 0) return ok(`Version ${Version} is the same as $LATEST.`);
  const difference = `The alias ${aliasName} points to version ${Version} of ${name}, which differs from $LATEST in: ${differing.join(", ")}.`;
  const last = await newest();
  if (last?.Version !== undefined && last.Version !== Version && differingSettings(latest, last).length === 0) {
    return failed(
      `${difference} The newest version is ${last.Version}, and it is the same as $LATEST: someone moved the alias, for example to roll ` +
        `back, or a deployment failed before it moved the alias. Calls are answered by version ${Version}.`,
      `After a rollback, revert the change in the repository first, because the next deployment of ${stackName} moves the alias to a ` +
        `version with the configuration of the stack (docs/runbook.md, "Roll back"). Otherwise ${planAndDeploy(stackName)}`,
    );
  }
  return failed(
    `${difference} The last change of the function is not live: calls are answered by the old version.`,
    `To publish $LATEST and move the alias, ${planAndDeploy(stackName)}`,
  );
}

const planAndDeploy = (stackName: string): string =>
  `plan and deploy: npm run fleet -- plan stack=${stackName}, then npm run fleet -- deploy stack=${stackName}.`;

/** Compares code and settings of the alias's version, except its environment variables, with the stack. */
function configurationFinding(instance: InstanceConfig, live: FunctionConfiguration): Finding {
  const differing = settingDifferences(instance, live);
  if (differing.length === 0) return ok("The function's configuration matches the stack.");
  const hasOtherLog = differing.some(({ code }) => code === "log-group");
  return failed(
    `The function's configuration differs from the stack: ${differing.map(({ text }) => text).join(", ")}.` +
      (hasOtherLog ? " The role may not write to another log group, so log lines and metrics are lost." : ""),
    `To deploy the stack as it is now, ${planAndDeploy(instance.stackName)}`,
  );
}

function environmentFinding(instance: InstanceConfig, found: Readonly<Record<string, string>>): Finding {
  const differing = variableDifferences(instance, found);
  if (differing.length === 0) return ok("The function's environment matches the environment file.");
  return failed(
    `The function's environment differs from the environment file: ${differing.join(", ")}.`,
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
