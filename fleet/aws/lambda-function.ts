/** Reads the configuration of a deployed Lambda function. */
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
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
