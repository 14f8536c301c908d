/** Reads the configuration of deployed Lambda functions and their aliases. */
import {
  GetAliasCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  ListTagsCommand,
  paginateListFunctions,
} from "@aws-sdk/client-lambda";
import type { AliasConfiguration, FunctionConfiguration, LambdaClient } from "@aws-sdk/client-lambda";
import { undefinedIfAbsent } from "./errors";

/**
 * Undefined if the function or the version does not exist.
 *
 * @param version a version or an alias. @default `$LATEST`
 */
export async function functionConfiguration(
  lambda: LambdaClient,
  FunctionName: string,
  version?: string,
): Promise<FunctionConfiguration | undefined> {
  const request = new GetFunctionConfigurationCommand({ FunctionName, Qualifier: version });
  return undefinedIfAbsent(lambda.send(request));
}

/** Undefined if the function or the alias does not exist. */
export async function describeAlias(
  lambda: LambdaClient,
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
