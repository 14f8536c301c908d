/** The canary of a stack: a function that asks the deployed one, on a schedule, what it must know. */
import { AssetType, TerraformAsset } from "cdktf";
import type { TerraformStack } from "cdktf";
import { asksFunction, runsFunction } from "../config/descriptions";
import type { InstanceConfig } from "../config/types";
import { canaryInput } from "../lambda/canary/settings";
import type { PackagedFunction } from "../lambda/packaging";
import { decryptTheTable, isDecryptionDue, policyDocument, runsLambda } from "./role-policies";
import type { RawResources } from "./raw-resources";

export interface CanaryProps {
  readonly instance: InstanceConfig;
  readonly canaryPackage: PackagedFunction;
  /** See `BlockedCallsFunctionProps`. */
  readonly tableKeyArn: string;
}

/** Time for one run, in seconds: of each Disposition a look at the index and a question. */
const TIMEOUT_SECONDS = 120;

/**
 * Function, role, log group and schedule; nothing where the instance wants no canary.
 *
 * The role may query the one index and invoke the one alias.
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
      canary: { name: canary.logGroupName, retention_in_days: instance.function.logRetentionDays },
    },
    aws_iam_role: {
      canary: {
        name: canary.roleName,
        description: `${runsFunction(canary.name)} may query one index of ${instance.table.name}, ask ${instance.function.name} and write its log.`,
        assume_role_policy: runsLambda(),
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
        count: isDecryptionDue(tableKeyArn),
        name: "decrypt",
        role: "${aws_iam_role.canary.name}",
        policy: decryptTheTable(instance, tableKeyArn),
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
        // The first run finds what it asks, and may ask it.
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
        }),
        depends_on: ["aws_lambda_permission.canary"],
      },
    },
  };
}
