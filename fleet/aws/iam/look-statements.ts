/** What is allowed to the commands that look at what is there: `preflight`, `verify`, `check` and `discover`. */
import { guideFunctionName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { contactIdAttributes } from "../contact-id-attributes";
import { resourcesOf, rolesByHand, watchersOf } from "./resources";
import { allow, unique } from "./statement";
import type { Statement } from "./statement";

/** What a scan for preflight asks for: ConnectPath's own keys and those of our index. */
const scannedAttributes = ["CustomerEndpoint", "Disposition", "hash", "range"];

export function preflightStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = resourcesOf(instances);
  const watched = watchersOf(instances.filter(({ alarms }) => alarms.canaryMinutes !== false));
  const home = ({ partition, region, account }: InstanceConfig, service: string): string =>
    `arn:${partition}:${service}:${region}:${account}`;
  const keys = unique(instances, (one) => `${home(one, "kms")}:key/*`);
  const functions = [
    ...unique(instances, (one) => `${home(one, "lambda")}:function:${one.function.name}`),
    ...watched.functions,
    ...unique(instances, (one) => `${home(one, "lambda")}:function:${guideFunctionName}`),
  ];
  // Where the console puts the roles that it makes for functions.
  const guideRoles = unique(instances, (one) => `arn:${one.partition}:iam::${one.account}:role/service-role/*`);
  return [
    allow("LookAtTheTable", ["dynamodb:DescribeTable", "dynamodb:ListTagsOfResource"], on.tables),
    {
      ...allow("ReadTheIndexsKeys", ["dynamodb:Scan"], on.tables),
      // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
      Condition: {
        StringEquals: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
        "ForAllValues:StringEquals": { "dynamodb:Attributes": scannedAttributes },
      },
    },
    allow("LookAtTheTablesKey", ["kms:DescribeKey"], keys),
    allow("LookAtTheInstance", ["connect:DescribeInstance"], on.connect.instances),
    allow(
      "LookAtFlowsAndFunctions",
      ["connect:ListContactFlowModules", "connect:ListContactFlows", "connect:ListLambdaFunctions"],
      on.connect.instances,
    ),
    allow("LookAtTheModule", ["connect:DescribeContactFlowModule"], on.connect.modules),
    allow("LookAtFunctions", ["lambda:GetFunctionConfiguration"], functions),
    allow("LookAtTheRoles", ["iam:GetRole"], [...on.roles, ...watched.roles]),
    allow("AskWhatARoleMay", ["iam:SimulatePrincipalPolicy"], [...guideRoles, ...rolesByHand(instances)]),
    allow("FindTheLog", ["logs:DescribeLogGroups"], on.logs.regions),
  ];
}

export function operateStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = resourcesOf(instances);
  const services = unique(instances, ({ region, dnsSuffix }) => `dynamodb.${region}.${dnsSuffix}`);
  return [
    allow("LookAtTheTable", ["dynamodb:DescribeTable"], on.tables),
    allow(
      "AskTheIndex",
      ["dynamodb:Query"],
      unique(instances, ({ table }) => table.indexArn),
    ),
    {
      ...allow("ReadTheIdsOfContacts", ["dynamodb:GetItem"], on.tables),
      Condition: { "ForAllValues:StringEquals": { "dynamodb:Attributes": [...contactIdAttributes, "hash", "range"] } },
    },
    {
      // What DynamoDB asks in the name of the caller where the table has a key of its owner's.
      ...allow(
        "DecryptTheTable",
        ["kms:Decrypt"],
        unique(instances, (one) => `arn:${one.partition}:kms:${one.region}:${one.account}:key/*`),
      ),
      Condition: { StringEquals: { "kms:ViaService": services } },
    },
    // Of the region, since metrics have no ARN.
    allow("SeeHowFarTheIndexIs", ["cloudwatch:GetMetricData"], ["*"]),
    allow("AskWhatTheRoleMay", ["iam:SimulatePrincipalPolicy"], on.roles),
    allow(
      "LookAtTheFunction",
      ["lambda:GetAlias", "lambda:GetFunctionConfiguration", "lambda:GetPolicy"],
      on.functions,
    ),
    allow(
      "AskTheFunction",
      ["lambda:InvokeFunction"],
      unique(instances, ({ function: { aliasArn } }) => aliasArn),
    ),
    allow(
      "LookAtFlowsAndFunctions",
      ["connect:ListContactFlowModules", "connect:ListLambdaFunctions"],
      on.connect.instances,
    ),
    allow("LookAtTheModule", ["connect:DescribeContactFlowModule"], on.connect.modules),
  ];
}

/** Of all regions: where there is something to be found is what is asked. */
export function discoverStatements(instances: readonly InstanceConfig[]): Statement[] {
  const of = (service: string, resource: string): string[] =>
    unique(instances, ({ partition, account }) => `arn:${partition}:${service}:*:${account}:${resource}`);
  return [
    // Lists of all that there is have no ARN of their own.
    allow("FindTablesAndInstances", ["connect:ListInstances", "dynamodb:ListTables"], ["*"]),
    allow("LookAtTables", ["dynamodb:DescribeTable"], of("dynamodb", "table/dextr-*")),
    allow("LookAtModules", ["connect:ListContactFlowModules"], of("connect", "instance/*")),
    allow(
      "LookAtTheGuidesFunction",
      ["lambda:GetFunctionConfiguration"],
      of("lambda", `function:${guideFunctionName}`),
    ),
  ];
}
