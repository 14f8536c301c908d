/** Permissions of the commands that call AWS without Terraform: `preflight`, `verify`, `status`, `check`, `discover`, `index` and `wire`. */
import { guideFunctionName } from "../../../config/aws-names";
import { blockingIndex } from "../../../config/blocking-index";
import type { InstanceConfig } from "../../../config/types";
import { contactIdAttributes } from "../contact-id-attributes";
import { adoptedResources, guideResources, monitoringResources, resourcesOf } from "./resources";
import { allow, allowIfAny, onlyAttributes, unique } from "./statement";
import type { Statement } from "./statement";

/** The keys of ConnectPath's tables. */
const tableKeys = ["hash", "range"];

export function preflightStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const canaries = monitoringResources(instances.filter(({ alarms }) => alarms.canaryMinutes !== false));
  const guide = guideResources(instances);
  const adopted = adoptedResources(instances);
  return [
    allow("DescribeTable", ["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"], stack.tables),
    allow(
      "ScanIndexKeys",
      ["dynamodb:Scan"],
      stack.tables,
      onlyAttributes([blockingIndex.rangeKey, blockingIndex.hashKey, ...tableKeys]),
    ),
    allow("DescribeTableKey", ["kms:DescribeKey"], stack.allKeys),
    allow("DescribeConnectInstance", ["connect:DescribeInstance"], stack.connectInstances),
    allow(
      "ListFlowsAndFunctions",
      ["connect:ListContactFlowModules", "connect:ListContactFlows", "connect:ListLambdaFunctions"],
      stack.connectInstances,
    ),
    allow("DescribeModule", ["connect:DescribeContactFlowModule"], stack.modules),
    allow(
      "ReadFunctions",
      ["lambda:GetFunctionConfiguration"],
      [...stack.functions, ...canaries.functions, ...guide.functions],
    ),
    allow("ReadRoles", ["iam:GetRole"], [...stack.roles, ...canaries.roles]),
    allow("SimulateRoles", ["iam:SimulatePrincipalPolicy"], [...guide.roles, ...adopted.roles]),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    // What an adoption changes, and who else uses an adopted role.
    ...allowIfAny(
      "CompareFunction",
      ["lambda:GetAlias", "lambda:GetFunctionCodeSigningConfig", "lambda:GetFunctionConcurrency", "lambda:ListTags"],
      adopted.functions,
    ),
    ...allowIfAny("CompareRole", ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"], adopted.roles),
    ...allowIfAny("CompareLogGroup", ["logs:ListTagsForResource"], adopted.logGroups),
    ...allowIfAny("FindRoleUsers", ["lambda:ListFunctions"], adopted.roles.length === 0 ? [] : ["*"]),
  ];
}

/** DynamoDB has no request that returns only the names of attributes. */
export function contactAttributesStatements(instances: readonly InstanceConfig[]): Statement[] {
  return [allow("ReadWholeContacts", ["dynamodb:GetItem"], resourcesOf(instances).tables)];
}

export function readAndInvokeStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const dynamodbEndpoints = unique(instances, ({ region, dnsSuffix }) => `dynamodb.${region}.${dnsSuffix}`);
  return [
    allow("DescribeTable", ["dynamodb:DescribeTable"], stack.tables),
    allow("QueryIndex", ["dynamodb:Query"], stack.indexes),
    allow("ReadContactIds", ["dynamodb:GetItem"], stack.tables, onlyAttributes([...contactIdAttributes, ...tableKeys])),
    ...readContactDetails(instances),
    // DynamoDB uses a customer managed key on behalf of the caller.
    allow("DecryptTable", ["kms:Decrypt"], stack.allKeys, { StringEquals: { "kms:ViaService": dynamodbEndpoints } }),
    // For the progress of the index backfill, and for the calls and the canary. Metrics have no ARN.
    allow("ReadMetrics", ["cloudwatch:GetMetricData"], ["*"]),
    allow("ReadAlarms", ["cloudwatch:DescribeAlarms"], monitoringResources(instances).alarms),
    allow("SimulateRole", ["iam:SimulatePrincipalPolicy"], stack.roles),
    allow(
      "ReadFunction",
      ["lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:GetPolicy", "lambda:ListVersionsByFunction"],
      stack.functionsAndVersions,
    ),
    allow("InvokeFunction", ["lambda:InvokeFunction"], stack.aliases),
    allow(
      "ListFlowsAndFunctions",
      [
        "connect:ListContactFlowModules",
        "connect:ListContactFlows",
        "connect:ListFlowAssociations",
        "connect:ListLambdaFunctions",
      ],
      stack.connectInstances,
    ),
    allow("DescribeFlow", ["connect:DescribeContactFlow"], stack.allFlows),
    allow(
      "DescribeModule",
      ["connect:DescribeContactFlowModule", "connect:DescribeContactFlowModuleAlias"],
      stack.modules,
    ),
    allow("ListPhoneNumbers", ["connect:ListPhoneNumbersV2"], stack.phoneNumberTargets),
    // This list operation has no resource ARN.
    allow("ListTrafficDistributionGroups", ["connect:ListTrafficDistributionGroups"], ["*"]),
  ];
}

/** For each set of attributes in `contactDetails`: the tables of the instances that have the set. */
function readContactDetails(instances: readonly InstanceConfig[]): Statement[] {
  const sets = new Map<string, InstanceConfig[]>();
  for (const instance of instances) {
    const attributes = Object.values(instance.contactDetails ?? {}).sort();
    if (attributes.length === 0) continue;
    const set = JSON.stringify([...new Set(attributes)]);
    sets.set(set, [...(sets.get(set) ?? []), instance]);
  }
  return [...sets].map(([attributes, members], n) =>
    allow(
      `ReadContactDetails${n === 0 ? "" : n + 1}`,
      ["dynamodb:GetItem"],
      resourcesOf(members).tables,
      onlyAttributes([...(JSON.parse(attributes) as string[]), ...tableKeys]),
    ),
  );
}

/** IAM cannot limit UpdateTable to the index: the command sends one request, which adds the index. */
export function indexStatements(instances: readonly InstanceConfig[]): Statement[] {
  return [allow("AddIndex", ["dynamodb:DescribeTable", "dynamodb:UpdateTable"], resourcesOf(instances).tables)];
}

/** IAM cannot limit UpdateContactFlowContent to inbound flows; the command refuses other types. */
export function wireStatements(instances: readonly InstanceConfig[]): Statement[] {
  const { connectInstances, modules } = resourcesOf(instances);
  const flows = connectInstances.map((arn) => `${arn}/contact-flow/*`);
  return [
    allow("FindFlowAndModule", ["connect:ListContactFlowModules", "connect:ListContactFlows"], connectInstances),
    allow("DescribeModule", ["connect:DescribeContactFlowModule"], modules),
    allow("UpdateFlow", ["connect:DescribeContactFlow", "connect:UpdateContactFlowContent"], flows),
  ];
}

/** Covers all regions: `discover` searches for tables and instances. */
export function discoverStatements(instances: readonly InstanceConfig[]): Statement[] {
  const inAllRegions = (service: string, resource: string): string[] =>
    unique(instances, ({ partition, account }) => `arn:${partition}:${service}:*:${account}:${resource}`);
  return [
    // These list operations have no resource ARN.
    allow("ListTablesAndInstances", ["connect:ListInstances", "dynamodb:ListTables"], ["*"]),
    allow("DescribeTables", ["dynamodb:DescribeTable"], inAllRegions("dynamodb", "table/dextr-*")),
    allow("ListModules", ["connect:ListContactFlowModules"], inAllRegions("connect", "instance/*")),
    allow(
      "ReadGuideFunction",
      ["lambda:GetFunctionConfiguration"],
      inAllRegions("lambda", `function:${guideFunctionName}`),
    ),
  ];
}
