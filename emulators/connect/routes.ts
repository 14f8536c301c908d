/** Maps requests to the operations of the Amazon Connect API that the emulator has. */

/** Operations with method and path from the service model. `{…}` is one percent-encoded segment. */
const routes = (
  [
    ["ListInstances", "GET", "/instance"],
    ["DescribeInstance", "GET", "/instance/{InstanceId}"],
    ["DescribeInstanceAttribute", "GET", "/instance/{InstanceId}/attribute/{AttributeType}"],
    ["AssociateLambdaFunction", "PUT", "/instance/{InstanceId}/lambda-function"],
    ["DisassociateLambdaFunction", "DELETE", "/instance/{InstanceId}/lambda-function"],
    ["ListLambdaFunctions", "GET", "/instance/{InstanceId}/lambda-functions"],
    ["CreateContactFlowModule", "PUT", "/contact-flow-modules/{InstanceId}"],
    ["DescribeContactFlowModule", "GET", "/contact-flow-modules/{InstanceId}/{ResourceId}"],
    ["UpdateContactFlowModuleContent", "POST", "/contact-flow-modules/{InstanceId}/{ResourceId}/content"],
    ["UpdateContactFlowModuleMetadata", "POST", "/contact-flow-modules/{InstanceId}/{ResourceId}/metadata"],
    ["DeleteContactFlowModule", "DELETE", "/contact-flow-modules/{InstanceId}/{ResourceId}"],
    ["CreateContactFlowModuleVersion", "PUT", "/contact-flow-modules/{InstanceId}/{ResourceId}/version"],
    ["CreateContactFlowModuleAlias", "PUT", "/contact-flow-modules/{InstanceId}/{ResourceId}/alias"],
    ["DescribeContactFlowModuleAlias", "GET", "/contact-flow-modules/{InstanceId}/{ResourceId}/alias/{AliasId}"],
    ["ListContactFlowModules", "GET", "/contact-flow-modules-summary/{InstanceId}"],
    ["CreateContactFlow", "PUT", "/contact-flows/{InstanceId}"],
    ["DescribeContactFlow", "GET", "/contact-flows/{InstanceId}/{ResourceId}"],
    ["UpdateContactFlowContent", "POST", "/contact-flows/{InstanceId}/{ResourceId}/content"],
    ["UpdateContactFlowMetadata", "POST", "/contact-flows/{InstanceId}/{ResourceId}/metadata"],
    ["UpdateContactFlowName", "POST", "/contact-flows/{InstanceId}/{ResourceId}/name"],
    ["DeleteContactFlow", "DELETE", "/contact-flows/{InstanceId}/{ResourceId}"],
    ["CreateContactFlowVersion", "PUT", "/contact-flows/{InstanceId}/{ResourceId}/version"],
    ["ListContactFlows", "GET", "/contact-flows-summary/{InstanceId}"],
    ["ListPhoneNumbersV2", "POST", "/phone-number/list"],
    ["ListFlowAssociations", "GET", "/flow-associations-summary/{InstanceId}"],
    ["ListTrafficDistributionGroups", "GET", "/traffic-distribution-groups"],
    ["TagResource", "POST", "/tags/{ResourceArn}"],
    ["UntagResource", "DELETE", "/tags/{ResourceArn}"],
    ["ListTagsForResource", "GET", "/tags/{ResourceArn}"],
  ] as const
).map(([operation, method, template]) => ({
  operation,
  method,
  pattern: new RegExp(`^${template.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
}));

interface Route {
  readonly operation: string;
  readonly path: Readonly<Record<string, string>>;
}

/** The operation and path parameters for a method and a percent-encoded path; undefined if the emulator has no such operation. */
export function matchRoute(method: string, pathname: string): Route | undefined {
  for (const route of routes) {
    const match = route.method === method ? route.pattern.exec(pathname) : null;
    if (!match) continue;
    const path = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decode(value)] as const);
    return { operation: route.operation, path: Object.fromEntries(path) };
  }
  return undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
