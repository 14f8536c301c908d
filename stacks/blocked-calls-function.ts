/** Creates the Lambda function `blockedCalls` with its role, log group, alias, and the permission for Connect. */
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
import { decryptPolicy, decryptPolicyCount, lambdaTrustPolicy, networkPolicy, policyDocument } from "./role-policies";

export interface BlockedCallsFunctionProps {
  readonly instance: InstanceConfig;
  readonly functionPackage: PackagedFunction;
  /**
   * A Terraform expression for the ARN of the KMS key that encrypts the table; null or `""` if DynamoDB's own key encrypts it.
   * With a customer managed key, a Query needs `kms:Decrypt`. Without this permission every lookup fails.
   */
  readonly tableKeyArn: string;
  /**
   * The table with the index. Terraform writes no state while it waits for the index. If it is killed in this time, the next
   * deployment fails for every resource that exists but is in no state. So nothing is created before the index is ACTIVE.
   */
  readonly table: ITerraformDependable;
}

/** The address of the log group. A release of the instance removes the function and keeps the log group. */
export const logGroupAddress = "aws_cloudwatch_log_group.blocked_calls";

/** Deploys the function and permits one Connect instance to invoke its alias `live`. */
export class BlockedCallsFunction extends Construct {
  /** Must exist before the first invocation. */
  readonly logGroup: ITerraformDependable;
  /** The resources that must exist before Connect can invoke the alias. */
  readonly invocable: readonly ITerraformDependable[];
  readonly alias: LambdaAlias;
  readonly function: LambdaFunction;
  /** A Terraform expression for the names of all inline policies of the role. */
  readonly policyNames: string;

  constructor(scope: Construct, id: string, props: BlockedCallsFunctionProps) {
    super(scope, id);
    const { instance } = props;
    const { logKmsKeyArn, reservedConcurrency, vpc } = instance.function;

    // Terraform creates the log group before the first invocation. If Lambda creates the group at the first invocation, the group has no
    // retention, and Terraform cannot create it afterwards (terraform-aws-modules/terraform-aws-lambda#133).
    //
    // The module and the schedule of the canary depend on the log group. The function must not depend on the log group: in a release,
    // Terraform first removes the log group from its state, then changes the table, then deletes the association and the function. If the
    // function depended on the log group, Terraform would have to delete the function first, and the order would be a cycle.
    const logGroup = new CloudwatchLogGroup(this, "logs", {
      name: instance.function.logGroupName,
      retentionInDays: instance.function.logRetentionDays,
      ...(logKmsKeyArn === undefined ? {} : { kmsKeyId: logKmsKeyArn }),
      dependsOn: [props.table],
      // If the name changes, the new group exists before the module invokes the new function.
      lifecycle: { createBeforeDestroy: true },
    });
    logGroup.overrideLogicalId("blocked_calls");
    this.logGroup = logGroup;

    const role = new IamRole(this, "role", {
      name: instance.function.roleName,
      description: `${runsFunction(instance.function.name)} ${instance.table.name} and write its log.`,
      assumeRolePolicy: lambdaTrustPolicy(),
      ...(instance.permissionsBoundary === undefined ? {} : { permissionsBoundary: instance.permissionsBoundary }),
      // All other resources of this construct except the log group refer to the role.
      dependsOn: [props.table],
    });
    role.overrideLogicalId("blocked_calls");
    // If the name changes, the new role has its permissions before the function stops using the old role.
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
      policy: decryptPolicy(instance, props.tableKeyArn),
    });
    decrypt.addOverride("count", decryptPolicyCount(props.tableKeyArn));
    decrypt.overrideLogicalId("decrypt");
    decrypt.lifecycle = { createBeforeDestroy: true };

    const network = vpc === undefined ? [] : [this.networkPolicy(role, instance)];
    const alwaysNames = [lookup, ...network].map(({ fqn }) => `${fqn}.name`);
    this.policyNames = `\${concat([${alwaysNames.join(", ")}], ${decrypt.fqn}[*].name)}`;

    // The state contains the path of the asset. A direct child of the stack keeps this path independent of the construct tree.
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
      // The flow stops waiting at this limit. A longer run would only cost money.
      timeout: instance.lookup.flowTimeLimitSeconds,
      publish: true,
      environment: {
        variables: functionEnvironment(functionSettings(instance)),
      },
      ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
      ...(vpc === undefined
        ? {}
        : { vpcConfig: { subnetIds: [...vpc.subnetIds], securityGroupIds: [...vpc.securityGroupIds] } }),
      // Without this block, the provider accepts any log group. The role may write to this one only.
      loggingConfig: { logFormat: "Text", logGroup: instance.function.logGroupName },
      // The reference to the role creates no dependency on the policies of the role.
      dependsOn: [lookup, decrypt, ...network],
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
      // Not `connect-<instance id>`: the association adds a statement with this id, and fails if the id exists. The id contains the
      // instance id, so the statement for a new instance can exist before the old statement is deleted.
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

  private networkPolicy(role: IamRole, instance: InstanceConfig): IamRolePolicy {
    const policy = new IamRolePolicy(this, "vpc", { name: "vpc", role: role.name, policy: networkPolicy(instance) });
    policy.overrideLogicalId("vpc");
    // If the VPC settings are removed, the function leaves the VPC before the role loses these permissions.
    policy.lifecycle = { createBeforeDestroy: true };
    return policy;
  }
}
