/** Defines the canary: a function that tests the deployed function on a schedule. */
import { AssetType, TerraformAsset } from "cdktf";
import type { TerraformStack } from "cdktf";
import { asksFunction, runsFunction } from "../config/descriptions";
import type { InstanceConfig } from "../config/types";
import { canaryInput } from "../lambda/canary/settings";
import type { PackagedFunction } from "../lambda/packaging";
import { logGroupAddress } from "./blocked-calls-function";
import { decryptPolicy, decryptPolicyCount, policyDocument, lambdaTrustPolicy } from "./role-policies";
import type { RawResources } from "./raw-resources";

export interface CanaryProps {
  readonly instance: InstanceConfig;
  readonly canaryPackage: PackagedFunction;
  /** See `BlockedCallsFunctionProps`. */
  readonly tableKeyArn: string;
}

/** The time limit of one run, in seconds. For each Disposition, the canary queries the index and invokes the function. */
const TIMEOUT_SECONDS = 120;

/**
 * Returns the canary's function, role, log group and schedule. If the instance has no canary, the result is empty.
 *
 * The role allows a query of our index and an invocation of the alias, and nothing else.
 */
export function canaryResources(
  stack: TerraformStack,
  { instance, canaryPackage, tableKeyArn }: CanaryProps,
): RawResources {
  const { canary, alarms } = instance;
  if (alarms.canaryMinutes === false) return {};
  const zip = new TerraformAsset(stack, "canary", {
    path: canaryPackage.zipPath,
    type: AssetType.FILE,
    assetHash: canaryPackage.sha256,
  });
  return {
    aws_cloudwatch_log_group: {
      canary: {
        name: canary.logGroupName,
        retention_in_days: instance.function.logRetentionDays,
        ...(instance.function.logKmsKeyArn === undefined ? {} : { kms_key_id: instance.function.logKmsKeyArn }),
      },
    },
    aws_iam_role: {
      canary: {
        name: canary.roleName,
        description: `${runsFunction(canary.name)} ${instance.table.name}, ask ${instance.function.name} and write its log.`,
        assume_role_policy: lambdaTrustPolicy(),
        ...(instance.permissionsBoundary === undefined ? {} : { permissions_boundary: instance.permissionsBoundary }),
        lifecycle: { create_before_destroy: true },
      },
    },
    aws_iam_role_policy: {
      canary: {
        name: "canary",
        role: "${aws_iam_role.canary.name}",
        policy: policyDocument([
          { Sid: "QueryTheIndex", Effect: "Allow", Action: "dynamodb:Query", Resource: instance.table.indexArn },
          {
            Sid: "AskTheFunction",
            Effect: "Allow",
            Action: "lambda:InvokeFunction",
            Resource: instance.function.aliasArn,
          },
          {
            Sid: "WriteTheLog",
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource: `${canary.logGroupArn}:*`,
          },
        ]),
        lifecycle: { create_before_destroy: true },
      },
      canary_decrypt: {
        count: decryptPolicyCount(tableKeyArn),
        name: "decrypt",
        role: "${aws_iam_role.canary.name}",
        policy: decryptPolicy(instance, tableKeyArn),
        lifecycle: { create_before_destroy: true },
      },
    },
    aws_lambda_function: {
      canary: {
        function_name: canary.name,
        description: `${asksFunction(instance.function.name)} and one that is not, every ${alarms.canaryMinutes} minutes.`,
        role: "${aws_iam_role.canary.arn}",
        runtime: instance.function.runtime,
        architectures: ["arm64"],
        handler: canaryPackage.handler,
        filename: zip.path,
        source_code_hash: canaryPackage.sourceCodeHash,
        memory_size: 256,
        timeout: TIMEOUT_SECONDS,
        // Without this block, the provider accepts any log group. The role may write to this one only.
        logging_config: { log_format: "Text", log_group: canary.logGroupName },
        // These resources must exist before the first run.
        depends_on: [
          "aws_cloudwatch_log_group.canary",
          "aws_iam_role_policy.canary",
          "aws_iam_role_policy.canary_decrypt",
          "aws_lambda_alias.live",
        ],
      },
    },
    aws_cloudwatch_event_rule: {
      canary: {
        name: canary.name,
        description: `Starts ${canary.name}.`,
        schedule_expression: `rate(${alarms.canaryMinutes} ${alarms.canaryMinutes === 1 ? "minute" : "minutes"})`,
        // Without this argument, the provider accepts a disabled rule.
        state: "ENABLED",
      },
    },
    aws_lambda_permission: {
      canary: {
        statement_id: "schedule",
        action: "lambda:InvokeFunction",
        function_name: "${aws_lambda_function.canary.function_name}",
        principal: "events.amazonaws.com",
        source_arn: "${aws_cloudwatch_event_rule.canary.arn}",
      },
    },
    aws_cloudwatch_event_target: {
      canary: {
        rule: "${aws_cloudwatch_event_rule.canary.name}",
        target_id: "canary",
        arn: "${aws_lambda_function.canary.arn}",
        input: canaryInput({
          environment: instance.environment,
          instanceName: instance.name,
          instanceArn: instance.instanceArn,
          tableName: instance.table.name,
          functionArn: instance.function.aliasArn,
          blockedDispositions: instance.blockedDispositions,
          exemptNumbers: instance.exemptNumbers,
          otherNumbers: instance.lookup.otherNumbers,
        }),
        // The canary invokes the function, whose log group must exist before the first invocation.
        depends_on: [logGroupAddress, "aws_lambda_permission.canary"],
      },
    },
  };
}
