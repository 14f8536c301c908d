/** Finds the endpoint of a service: a configured one, or else the region's own. */
import type { Environment } from "../settings";

const NAMES = { dynamodb: "DynamoDB", lambda: "Lambda" } as const;

/**
 * The endpoint's URL: `AWS_ENDPOINT_URL_DYNAMODB` or `_LAMBDA`, else `AWS_ENDPOINT_URL`, else the region's own; the first two count unless
 * `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is true (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
 * `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT` are not read: such an endpoint is configured by its URL.
 *
 * @throws Error when a configured URL is not an http or https URL; the message does not quote it
 */
export function endpointOf(service: keyof typeof NAMES, environment: Environment, region: string): URL {
  const variable = `AWS_ENDPOINT_URL_${service.toUpperCase()}`;
  const ignored = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.toLowerCase() === "true";
  const configured = ignored ? [] : [environment[variable], environment["AWS_ENDPOINT_URL"]];
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  // An empty variable counts as not set.
  const text = configured.find(Boolean) ?? `https://${service}.${region}.${suffix}`;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Error(`the ${NAMES[service]} endpoint is not an http or https URL: see ${variable}, AWS_ENDPOINT_URL`);
  }
  return new URL(text);
}
