/** Reads the configuration of deployed Lambda functions and their aliases. */
import { isDeepStrictEqual } from "node:util";
import {
  GetAliasCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  ListTagsCommand,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from "@aws-sdk/client-lambda";
import type { AliasConfiguration, FunctionConfiguration, LambdaClient } from "@aws-sdk/client-lambda";
import { undefinedIfAbsent } from "./errors";

/**
 * Undefined if the function or the version does not exist.
 *
 * @param version a version or an alias. @default `$LATEST`
 */
export async function functionConfiguration(
  lambda: Pick<LambdaClient, "send">,
  FunctionName: string,
  version?: string,
): Promise<FunctionConfiguration | undefined> {
  const request = new GetFunctionConfigurationCommand({ FunctionName, Qualifier: version });
  return undefinedIfAbsent(lambda.send(request));
}

/** What a version contains, by its name in messages. AWS changes the other properties by itself, or they name the version. */
const settings: Readonly<Record<string, (version: FunctionConfiguration) => unknown>> = {
  code: ({ CodeSha256 }) => CodeSha256,
  description: ({ Description = "" }) => Description,
  handler: ({ Handler }) => Handler,
  runtime: ({ Runtime }) => Runtime,
  architecture: ({ Architectures }) => Architectures,
  memory: ({ MemorySize }) => MemorySize,
  timeout: ({ Timeout }) => Timeout,
  role: ({ Role }) => Role,
  logging: ({ LoggingConfig }) => LoggingConfig,
  environment: ({ Environment }) => Environment?.Variables ?? {},
  layers: ({ Layers = [] }) => Layers.map(({ Arn }) => Arn),
  VPC: ({ VpcConfig: { SubnetIds = [], SecurityGroupIds = [] } = {} }) => [...SubnetIds, ...SecurityGroupIds].sort(),
  "KMS key": ({ KMSKeyArn = "" }) => KMSKeyArn,
  tracing: ({ TracingConfig }) => TracingConfig?.Mode ?? "PassThrough",
  "ephemeral storage": ({ EphemeralStorage }) => EphemeralStorage?.Size ?? 512,
  "dead-letter queue": ({ DeadLetterConfig }) => DeadLetterConfig?.TargetArn ?? "",
};

/** Names of the settings in which two versions differ. */
export const differingSettings = (a: FunctionConfiguration, b: FunctionConfiguration): readonly string[] =>
  Object.keys(settings).filter((name) => !isDeepStrictEqual(settings[name]?.(a), settings[name]?.(b)));

/** The published version with the highest number; undefined if no version is published. */
export async function newestVersion(
  lambda: LambdaClient,
  FunctionName: string,
): Promise<FunctionConfiguration | undefined> {
  let newest: FunctionConfiguration | undefined;
  for await (const { Versions = [] } of paginateListVersionsByFunction({ client: lambda }, { FunctionName })) {
    for (const version of Versions) if (numberOf(version) > numberOf(newest)) newest = version;
  }
  return newest;
}

const numberOf = (version: FunctionConfiguration | undefined): number => Number(version?.Version) || 0;

/** Undefined if the function or the alias does not exist. */
export async function describeAlias(
  lambda: Pick<LambdaClient, "send">,
  FunctionName: string,
  Name: string,
): Promise<AliasConfiguration | undefined> {
  return undefinedIfAbsent(lambda.send(new GetAliasCommand({ FunctionName, Name })));
}

export const aliasExists = async (lambda: LambdaClient, functionName: string, name: string): Promise<boolean> =>
  (await describeAlias(lambda, functionName, name)) !== undefined;

/** Settings of a function that are not in its configuration. */
export interface FunctionProtection {
  readonly reservedConcurrency: number | undefined;
  readonly codeSigningConfigArn: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** @param arn ARN of the function without a version */
export async function functionProtection(lambda: LambdaClient, arn: string): Promise<FunctionProtection> {
  const FunctionName = arn;
  // One after the other, like all calls of a check.
  const { ReservedConcurrentExecutions } = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
  const { CodeSigningConfigArn } = await lambda.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }));
  const { Tags = {} } = await lambda.send(new ListTagsCommand({ Resource: arn }));
  return { reservedConcurrency: ReservedConcurrentExecutions, codeSigningConfigArn: CodeSigningConfigArn, tags: Tags };
}

/** All functions of the region, with their environment variables. */
export async function functionsOf(lambda: LambdaClient): Promise<FunctionConfiguration[]> {
  const all: FunctionConfiguration[] = [];
  for await (const page of paginateListFunctions({ client: lambda }, {})) all.push(...(page.Functions ?? []));
  return all;
}
