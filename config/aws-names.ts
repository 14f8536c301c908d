/** Names and ARNs that follow from an instance's account, region and name, and the AWS limits on them. */
import { blockingIndex } from "./blocking-index";

/**
 * AWS regions by partition. A region that AWS opens later is added here and nowhere else.
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

/** Every region that may be named, of all partitions. */
export const regions: readonly Region[] = Object.values(regionsByPartition).flat();

/** Partition of a region: `aws-us-gov` for us-gov-west-1. */
export function partitionOf(region: Region): Partition {
  if (region.startsWith("us-gov-")) return "aws-us-gov";
  return region.startsWith("cn-") ? "aws-cn" : "aws";
}

/** Domain of the partition's service endpoints: `lambda.us-east-1.amazonaws.com`. */
export function dnsSuffix(partition: Partition): string {
  return partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
}

/** Where an instance is deployed. */
export interface Home {
  /** 12 digits. */
  readonly account: string;
  readonly region: Region;
}

function arn(service: string, { account, region }: Home, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${account}:${resource}`;
}

/** ARN of a Connect instance, from its bare id (UUID). */
export function instanceArn(home: Home, instanceId: string): string {
  return arn("connect", home, `instance/${instanceId}`);
}

/** ConnectPath's contact table of an instance. */
export function defaultTableName(instanceName: string): string {
  return `dextr-${instanceName}`;
}

export function tableArn(home: Home, tableName: string): string {
  return arn("dynamodb", home, `table/${tableName}`);
}

/** The one index that is added to the table. */
export const indexName = blockingIndex.name;

export function indexArn(home: Home, tableName: string): string {
  return `${tableArn(home, tableName)}/index/${indexName}`;
}

/** The function that people make by the vendor's guide. */
export const guideFunctionName = "blockedCalls";

/** The instance is in the name because one account and region may hold several. */
export function defaultFunctionName(instanceName: string): string {
  return `blockedCalls-${instanceName}`;
}

/** The region is in the name because IAM has none: one account holds the roles of all regions. */
export function defaultRoleName(instanceName: string, region: Region): string {
  return `blockedCalls-${instanceName}-${region}`;
}

/** Of the function that asks the other one. */
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

export function logGroupArn(home: Home, functionName: string): string {
  return arn("logs", home, `log-group:${logGroupName(functionName)}`);
}

/**
 * ARN of the alias. Connect takes 140 characters at most (AssociateLambdaFunction, `FunctionArn`); in every region a
 * function name within its own limit of 64 stays below that, so nothing else needs checking.
 */
export function aliasArn(home: Home, functionName: string): string {
  return `${functionArn(home, functionName)}:${aliasName}`;
}

export function functionArn(home: Home, functionName: string): string {
  return arn("lambda", home, `function:${functionName}`);
}

/** Name of what watches a stack: its topic and dashboard, and, with a name of its own after it, each alarm. */
export function watchName(stackName: string): string {
  return `callBlocking-${stackName}`;
}

/** Directory of the synthesized stack and name of the stack for `cdktf deploy`. */
export function stackName(environment: string, instanceName: string, region: Region): string {
  return `${environment}-${instanceName}-${region}`;
}

/** Key of the stack's state in its bucket. */
export function stateKey(environment: string, instanceName: string, region: Region): string {
  return `connectpath-call-blocking/${environment}/${region}/${instanceName}/terraform.tfstate`;
}

/** Name of an environment, that is of its file without `.yaml`. */
export const environmentNamePattern = /^[a-z][a-z0-9-]*$/;

/**
 * A Connect instance's alias: 1 to 45 letters, digits and hyphens, no hyphen at either end, not beginning with `d-`.
 * Source: https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateInstance.html (InstanceAlias)
 */
export const instanceNamePattern = /^(?!d-)(?=.{1,45}$)[\da-zA-Z](?:[\da-zA-Z-]*[\da-zA-Z])?$/;

/** Characters of a Lambda function's name, at most (https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html). */
export const functionNameLimit = 64;

/** Characters of an IAM role name, at most (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html). */
export const roleNameLimit = 64;
