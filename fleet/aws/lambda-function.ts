/** Reads the configuration of deployed Lambda functions and their aliases. */
import { GetAliasCommand, GetFunctionConfigurationCommand, paginateListFunctions } from "@aws-sdk/client-lambda";
import type { FunctionConfiguration, LambdaClient } from "@aws-sdk/client-lambda";
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

export async function aliasExists(lambda: LambdaClient, FunctionName: string, Name: string): Promise<boolean> {
  return (await undefinedIfAbsent(lambda.send(new GetAliasCommand({ FunctionName, Name })))) !== undefined;
}

/** All functions of the region, with their environment variables. */
export async function functionsOf(lambda: LambdaClient): Promise<FunctionConfiguration[]> {
  const all: FunctionConfiguration[] = [];
  for await (const page of paginateListFunctions({ client: lambda }, {})) all.push(...(page.Functions ?? []));
  return all;
}
