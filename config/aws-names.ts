/** Names and ARNs that are derived from an instance's account, region and name, and their limits in AWS. */
import { blockingIndex } from "./blocking-index";

/**
 * AWS regions by partition. This is the only place to add a new region.
 * Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 */
const regionsByPartition = {
  aws: [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
  ],
  "aws-us-gov": ["us-gov-east-1", "us-gov-west-1"],
  "aws-cn": ["cn-north-1", "cn-northwest-1"],
} as const;

export type Partition = keyof typeof regionsByPartition;
export type Region = (typeof regionsByPartition)[Partition][number];

/** The regions of all partitions. */
export const regions: readonly Region[] = Object.values(regionsByPartition).flat();

/** Partition of a region: `aws-us-gov` for us-gov-west-1. */
export function partitionOf(region: Region): Partition {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}

/** DNS suffix of the partition's service endpoints: `amazonaws.com` in `lambda.us-east-1.amazonaws.com`. */
export function dnsSuffix(partition: Partition): string {
  return partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
}

/** The account and the region to which an instance is deployed. */
export interface DeploymentTarget {
  /** 12 digits. */
  readonly account: string;
  readonly region: Region;
}

function arn(service: string, { account, region }: DeploymentTarget, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;
}

/** @param instanceId bare id (UUID) of the Connect instance */
export function instanceArn(target: DeploymentTarget, instanceId: string): string {
  return arn("connect", target, `instance/${instanceId}`);
}

/** ConnectPath's name of the contact table. */
export function defaultTableName(instanceName: string): string {
  return `dextr-${instanceName}`;
}

export function tableArn(target: DeploymentTarget, tableName: string): string {
  return arn("dynamodb", target, `table/${tableName}`);
}

/** The one index that is added to the table. */
export const indexName = blockingIndex.name;

export function indexArn(target: DeploymentTarget, tableName: string): string {
  return `${tableArn(target, tableName)}/index/${indexName}`;
}

/** Name of the function in the vendor's guide. */
export const guideFunctionName = "blockedCalls";

/** Contains the instance, because one account and region can have several instances. */
export function defaultFunctionName(instanceName: string): string {
  return `blockedCalls-${instanceName}`;
}

/** Contains the region, because the IAM roles of all regions are in one account. */
export function defaultRoleName(instanceName: string, region: Region): string {
  return `blockedCalls-${instanceName}-${region}`;
}

/** Name of the canary, the function that tests the deployed function. */
export function defaultCanaryName(instanceName: string): string {
  return `blockedCalls-canary-${instanceName}`;
}

export function defaultCanaryRoleName(instanceName: string, region: Region): string {
  return `blockedCalls-canary-${instanceName}-${region}`;
}

export function logGroupName(functionName: string): string {
  return `/aws/lambda/${functionName}`;
}

/** The alias that Connect calls. */
export const aliasName = "live";

export function logGroupArn(target: DeploymentTarget, functionName: string): string {
  return arn("logs", target, `log-group:${logGroupName(functionName)}`);
}

/**
 * ARN of the alias. Connect allows 140 characters (AssociateLambdaFunction, `FunctionArn`). With a function name of at most 64
 * characters the ARN is shorter in every region, so it needs no check.
 */
export function aliasArn(target: DeploymentTarget, functionName: string): string {
  return `${functionArn(target, functionName)}:${aliasName}`;
}

export function functionArn(target: DeploymentTarget, functionName: string): string {
  return arn("lambda", target, `function:${functionName}`);
}

/** Name of the stack's SNS topic and dashboard, and prefix of its alarm names. */
export function monitoringName(stackName: string): string {
  return `callBlocking-${stackName}`;
}

/** Name of the stack for `cdktf deploy`, and of its directory in the synthesized output. */
export function stackName(environment: string, instanceName: string, region: Region): string {
  return `${environment}-${instanceName}-${region}`;
}

/** Key of the stack's state in its bucket. */
export function stateKey(environment: string, instanceName: string, region: Region): string {
  return `connectpath-call-blocking/${environment}/${region}/${instanceName}/terraform.tfstate`;
}

/**
 * Maximum length of an environment name. The longest derived name is that of an alarm, which has at most 255 characters
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html): `callBlocking-`, the environment, the
 * instance (45), the region (14) and the suffix of the alarm.
 */
export const environmentNameLimit = 100;

/** Name of an environment: its file name without `.yaml`. */
export const environmentNamePattern = /^[a-z][a-z0-9-]{0,99}$/;

/**
 * Alias of a Connect instance: 1 to 45 letters, digits and hyphens, no hyphen at the start or end, not starting with `d-`.
 * Source: https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateInstance.html (InstanceAlias)
 */
export const instanceNamePattern = /^(?!d-)(?=.{1,45}$)[\da-zA-Z](?:[\da-zA-Z-]*[\da-zA-Z])?$/;

/** Maximum length of a Lambda function name (https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html). */
export const functionNameLimit = 64;

/** Maximum length of an IAM role name (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html). */
export const roleNameLimit = 64;
