/** Resolves the endpoint of an AWS service: a configured one, or the default of the region. */
import type { Environment } from "../settings";

const SERVICE_NAMES = { dynamodb: "DynamoDB", lambda: "Lambda" } as const;

/**
 * The URL of the endpoint. The order is: `AWS_ENDPOINT_URL_DYNAMODB` or `AWS_ENDPOINT_URL_LAMBDA`, then `AWS_ENDPOINT_URL`, then the
 * default of the region. `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true` disables both variables
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
 * `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` are not supported; configure the URL of such an endpoint instead.
 *
 * @throws Error if a configured URL is not an http or https URL; the message does not contain the URL
 */
export function resolveEndpoint(service: keyof typeof SERVICE_NAMES, environment: Environment, region: string): URL {
  const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const ignored = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.toLowerCase() === "true";
  const configured = ignored ? [] : [environment[variable], environment["AWS_ENDPOINT_URL"]];
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  // An empty variable counts as not set.
  const url = configured.find(Boolean) ?? `https://${service}.${region}.${domain}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Error(
      `The ${SERVICE_NAMES[service]} endpoint is not an http or https URL. Correct ${variable} or AWS_ENDPOINT_URL.`,
    );
  }
  return new URL(url);
}
