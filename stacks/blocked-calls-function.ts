/** The Lambda function `blockedCalls`, with its role, its log group, its alias and Connect's permission to invoke it. */
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { LambdaAlias } from "@cdktf/provider-aws/lib/lambda-alias";
import { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import { AssetType, TerraformAsset, TerraformStack } from "cdktf";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { aliasName } from "../config/aws-names";
import { answersInstance, runsFunction } from "../config/descriptions";
import type { InstanceConfig } from "../config/types";
import type { PackagedFunction } from "../lambda/packaging";
import { functionEnvironment } from "../lambda/settings";
import { functionSettings } from "./function-settings";
import { decryptTheTable, isDecryptionDue, policyDocument, runsLambda } from "./role-policies";

export interface BlockedCallsFunctionProps {
  readonly instance: InstanceConfig;
  readonly functionPackage: PackagedFunction;
  /**
   * ARN of the KMS key that encrypts the table, as a Terraform expression that is null or `""` where the table has none.
   * With a customer managed key a Query needs `kms:Decrypt`; without it every lookup fails.
   */
  readonly tableKeyArn: string;
}

/** The log outlives the function when an instance is let go of. */
export const logGroupAddress = "aws_cloudwatch_log_group.blocked_calls";

/** Ships the function and lets one Connect instance invoke its alias `live`. */
export class BlockedCallsFunction extends Construct {
  /** What must exist before Connect may call the alias. */
  readonly invocable: readonly ITerraformDependable[];
  readonly alias: LambdaAlias;
  readonly function: LambdaFunction;
  /** Terraform expression: names of all inline policies of the role. */
  readonly policyNames: string;

  constructor(scope: Construct, id: string, props: BlockedCallsFunctionProps) {
    super(scope, id);
    const { instance } = props;

    // Made here, before the function: a group that Lambda makes at the first call has no retention and cannot be
    // created by Terraform afterwards (terraform-aws-modules/terraform-aws-lambda#133).
    const logGroup = new CloudwatchLogGroup(this, "logs", {
      name: instance.function.logGroupName,
      retentionInDays: instance.function.logRetentionDays,
    });
    logGroup.overrideLogicalId("blocked_calls");

    const role = new IamRole(this, "role", {
      name: instance.function.roleName,
      description: `${runsFunction(instance.function.name)} may query one index of ${instance.table.name} and write its log.`,
      assumeRolePolicy: runsLambda(),
    });
    role.overrideLogicalId("blocked_calls");
    // Under another name the new role is there, with its permissions, before the function lets go of the old one.
    role.lifecycle = { createBeforeDestroy: true };

    const lookup = new IamRolePolicy(this, "lookup", {
      name: "lookup",
      role: role.name,
      policy: policyDocument([
        { Sid: "QueryTheIndex", Effect: "Allow", Action: "dynamodb:Query", Resource: instance.table.indexArn },
        {
          Sid: "WriteTheLog",
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `${instance.function.logGroupArn}:*`,
        },
      ]),
    });
    lookup.overrideLogicalId("lookup");
    lookup.lifecycle = { createBeforeDestroy: true };

    const decrypt = new IamRolePolicy(this, "decrypt", {
      name: "decrypt",
      role: role.name,
      policy: decryptTheTable(instance, props.tableKeyArn),
    });
    decrypt.addOverride("count", isDecryptionDue(props.tableKeyArn));
    decrypt.overrideLogicalId("decrypt");
    decrypt.lifecycle = { createBeforeDestroy: true };

    this.policyNames = `\${concat([${lookup.fqn}.name], ${decrypt.fqn}[*].name)}`;

    // Directly in the stack, so that its path, which the function's state holds, does not hang on the construct tree.
    const zip = new TerraformAsset(TerraformStack.of(this), "blockedCalls", {
      path: props.functionPackage.zipPath,
      type: AssetType.FILE,
      assetHash: props.functionPackage.sha256,
    });

    this.function = new LambdaFunction(this, "function", {
      functionName: instance.function.name,
      description: `${answersInstance(instance.name)} is this caller's number blocked? Read-only on ${instance.table.name}.`,
      role: role.arn,
      runtime: instance.function.runtime,
      architectures: ["arm64"],
      handler: props.functionPackage.handler,
      filename: zip.path,
      sourceCodeHash: props.functionPackage.sourceCodeHash,
      memorySize: instance.function.memoryMb,
      // The flow stops waiting then; a function that runs on only costs.
      timeout: instance.lookup.flowTimeLimitSeconds,
      publish: true,
      environment: {
        variables: functionEnvironment(functionSettings(instance)),
      },
      // A reference orders the role before the function, but not what the role may do.
      dependsOn: [logGroup, lookup, decrypt],
    });
    this.function.overrideLogicalId("blocked_calls");

    this.alias = new LambdaAlias(this, "alias", {
      name: aliasName,
      description: "What Connect calls. Point it at an earlier version to roll back.",
      functionName: this.function.functionName,
      functionVersion: this.function.version,
    });
    this.alias.overrideLogicalId("live");

    const permission = new LambdaPermission(this, "permission", {
      // Not `connect-<instance id>`: under that id the association adds a statement of its own, and would find it taken.
      // With the instance in it, so that the statement for another instance can be there before this one goes.
      statementId: `connectpath-call-blocking-${instance.instanceId}`,
      action: "lambda:InvokeFunction",
      functionName: this.function.functionName,
      qualifier: this.alias.name,
      principal: "connect.amazonaws.com",
      sourceAccount: instance.account,
      sourceArn: instance.instanceArn,
    });
    permission.overrideLogicalId("connect");

    this.invocable = [this.alias, permission];
  }
}
