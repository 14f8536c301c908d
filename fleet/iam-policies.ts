/** The IAM policies that a deployment needs and no more, made from the configuration of the instances they are for. */
import { guideFunctionName, watchName } from "../environments/model/aws-names";
import type { InstanceConfig } from "../environments/model/types";
import { contactIdAttributes } from "./check/contacts";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action?: readonly string[];
  /** Every action but these. */
  readonly NotAction?: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: {
    readonly StringEquals?: Readonly<Record<string, string | readonly string[]>>;
    /** Holds where each of the request's values is among these. */
    readonly "ForAllValues:StringEquals"?: Readonly<Record<string, readonly string[]>>;
  };
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

export interface Policy {
  /** `deploy-111122223333`: what for, and the account; numbered where one document would be too long. */
  readonly name: string;
  readonly document: PolicyDocument;
}

/** Characters of a managed policy, white space aside (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). */
const policyLimit = 6144;

/**
 * For each account of the instances:
 *
 * - `deploy`: what Terraform's AWS provider calls to create, change and remove the stack. Of the table it may change the indexes;
 *   all else is denied, so that no other policy of the role can allow it.
 * - `deploy-watch`, which goes with it: the same for canary, alarms, topic and dashboard. One document could not hold both.
 * - `plan`: the calls among them that read.
 * - `preflight`: what `fleet preflight` calls. Of contacts it may read the table's keys and those of our index, and nothing else.
 * - `operate`: what `fleet verify` and `fleet check` call. Of contacts it may read the index, and of an item the contact's id alone.
 * - `discover`: what `fleet discover` calls, in all regions.
 *
 * For each account of their state buckets, unless a store other than AWS holds the states:
 *
 * - `state`: what Terraform's S3 backend calls. A state can be written, but never deleted; its lock can.
 * - `state-read`: reading states, and nothing else: what only reads takes no lock, so that it cannot hold up a deployment.
 */
export function policiesFor(instances: readonly InstanceConfig[]): Policy[] {
  const withBucket = instances.filter(({ state }) => state.endpoint === undefined);
  return [
    ...named("deploy", instances, ({ account }) => account, deployStatements),
    ...named("deploy-watch", instances, ({ account }) => account, deployWatchStatements),
    ...named("plan", instances, ({ account }) => account, planStatements),
    ...named("preflight", instances, ({ account }) => account, preflightStatements),
    ...named("operate", instances, ({ account }) => account, operateStatements),
    ...named("discover", instances, ({ account }) => account, discoverStatements),
    ...named("state", withBucket, accountOfState("roleArn"), stateStatements),
    ...named("state-read", withBucket, accountOfState("planRoleArn"), stateReadStatements),
  ];
}

const accountOfState =
  (role: "roleArn" | "planRoleArn") =>
  ({ account, state }: InstanceConfig): string =>
    (state[role] ?? state.roleArn)?.split(":")[4] ?? account;

/** One policy for each account, or as many as keep below the limit. */
function named(
  name: string,
  instances: readonly InstanceConfig[],
  accountOf: (instance: InstanceConfig) => string,
  statements: (instances: readonly InstanceConfig[]) => Statement[],
): Policy[] {
  const document = (some: readonly InstanceConfig[]): PolicyDocument => ({
    Version: "2012-10-17",
    Statement: statements(some),
  });
  return [...new Set(instances.map(accountOf))].flatMap((account) => {
    const parts: InstanceConfig[][] = [];
    for (const instance of instances.filter((one) => accountOf(one) === account)) {
      const last = parts.at(-1);
      const fits = last !== undefined && JSON.stringify(document([...last, instance])).length <= policyLimit;
      if (fits) last.push(instance);
      else parts.push([instance]);
    }
    return parts.map((part, index) => ({
      name: parts.length === 1 ? `${name}-${account}` : `${name}-${account}-${index + 1}`,
      document: document(part),
    }));
  });
}

const tableReads = [
  "dynamodb:DescribeContinuousBackups",
  "dynamodb:DescribeTable",
  "dynamodb:DescribeTimeToLive",
  "dynamodb:ListTagsOfResource",
];
const roleReads = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
const canaryReads = [
  "lambda:GetFunction",
  "lambda:GetFunctionCodeSigningConfig",
  "lambda:GetPolicy",
  "lambda:ListVersionsByFunction",
];
const functionReads = [...canaryReads, "lambda:GetAlias", "lambda:GetFunctionConfiguration"];
const roleWrites = [
  "iam:CreateRole",
  "iam:DeleteRole",
  "iam:DeleteRolePolicy",
  "iam:ListInstanceProfilesForRole",
  "iam:PutRolePolicy",
  "iam:TagRole",
  "iam:UntagRole",
  "iam:UpdateRoleDescription",
];
const canaryWrites = [
  "lambda:AddPermission",
  "lambda:CreateFunction",
  "lambda:DeleteFunction",
  "lambda:RemovePermission",
  "lambda:TagResource",
  "lambda:UntagResource",
  "lambda:UpdateFunctionCode",
  "lambda:UpdateFunctionConfiguration",
];
const logActions = [
  "logs:CreateLogGroup",
  "logs:DeleteLogGroup",
  "logs:ListTagsForResource",
  "logs:PutRetentionPolicy",
  "logs:TagResource",
  "logs:UntagResource",
];
const ruleReads = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"];
const topicReads = ["sns:GetTopicAttributes", "sns:ListTagsForResource"];
const alarmReads = ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"];

function planStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = resourcesOf(instances);
  return [
    allow("ReadTheTable", tableReads, on.tables),
    ...findTheTablesKey(instances),
    allow("ReadTheRole", roleReads, on.roles),
    allow("ReadTheFunction", functionReads, on.functions),
    allow("FindTheLog", ["logs:DescribeLogGroups"], on.logs.regions),
    allow("ReadTheLogsTags", ["logs:ListTagsForResource"], on.logs.groups),
    allow("ReadTheAssociation", ["connect:ListLambdaFunctions"], on.connect.instances),
    allow("ReadTheModule", ["connect:DescribeContactFlowModule"], on.connect.modules),
    ...planWatchStatements(instances),
  ];
}

/** What a scan for preflight asks for: ConnectPath's own keys and those of our index. */
const scannedAttributes = ["CustomerEndpoint", "Disposition", "hash", "range"];

function preflightStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = resourcesOf(instances);
  const home = ({ partition, region, account }: InstanceConfig, service: string): string =>
    `arn:${partition}:${service}:${region}:${account}`;
  const keys = unique(instances, (one) => `${home(one, "kms")}:key/*`);
  const functions = [
    ...unique(instances, (one) => `${home(one, "lambda")}:function:${one.function.name}`),
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
    allow("LookAtTheRole", ["iam:GetRole"], on.roles),
    allow("AskWhatARoleMay", ["iam:SimulatePrincipalPolicy"], [...guideRoles, ...rolesByHand(instances)]),
    allow("FindTheLog", ["logs:DescribeLogGroups"], on.logs.regions),
  ];
}

/** ARNs of roles that were made by hand and are taken over under their names. */
function rolesByHand(instances: readonly InstanceConfig[]): readonly string[] {
  const made = instances.filter(({ adoptExisting }) => adoptExisting?.role === true);
  return made.length === 0 ? [] : resourcesOf(made).roles;
}

/** A role that was made by hand may be trusted by others, and may have what call blocking does not need. */
function takeOverRoles(instances: readonly InstanceConfig[]): Statement[] {
  const roles = rolesByHand(instances);
  const actions = ["iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"];
  return roles.length === 0 ? [] : [allow("TakeOverTheRole", actions, roles)];
}

function operateStatements(instances: readonly InstanceConfig[]): Statement[] {
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
function discoverStatements(instances: readonly InstanceConfig[]): Statement[] {
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

function deployStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = resourcesOf(instances);
  const tableActions = [...tableReads, "dynamodb:UpdateTable"];
  return [
    allow("AddTheIndex", tableActions, on.tables),
    {
      // Neither DeleteTable nor CreateTable nor anything that reads or writes items, settings, tags or backups; nor what
      // DynamoDB may learn to do tomorrow. IAM cannot tell one UpdateTable from another: the plan's guard does.
      Sid: "NothingElseOnTheTable",
      Effect: "Deny",
      NotAction: tableActions,
      Resource: on.tables.flatMap((table) => [table, `${table}/*`]),
    },
    ...findTheTablesKey(instances),
    allow("ManageTheRole", [...roleReads, ...roleWrites], on.roles),
    ...takeOverRoles(instances),
    giveToLambda("GiveTheRoleToTheFunction", on.roles),
    allow(
      "ManageTheFunction",
      [
        ...functionReads,
        ...canaryWrites,
        "lambda:CreateAlias",
        "lambda:DeleteAlias",
        "lambda:PublishVersion",
        "lambda:UpdateAlias",
      ],
      on.functions,
    ),
    allow("FindTheLog", ["logs:DescribeLogGroups"], on.logs.regions),
    allow("ManageTheLog", logActions, on.logs.groups),
    allow(
      "AssociateTheFunction",
      ["connect:AssociateLambdaFunction", "connect:DisassociateLambdaFunction", "connect:ListLambdaFunctions"],
      on.connect.instances,
    ),
    allow(
      "ManageTheModule",
      [
        "connect:CreateContactFlowModule",
        "connect:DeleteContactFlowModule",
        "connect:DescribeContactFlowModule",
        "connect:TagResource",
        "connect:UntagResource",
        "connect:UpdateContactFlowModuleContent",
        "connect:UpdateContactFlowModuleMetadata",
      ],
      // Creating one is asked of the instance too; a module's id is not known before.
      [...on.connect.instances, ...on.connect.modules],
    ),
  ];
}

function deployWatchStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = watchersOf(instances);
  return [
    allow("ManageTheCanarysRole", [...roleReads, ...roleWrites], on.roles),
    giveToLambda("GiveTheRoleToTheCanary", on.roles),
    allow("ManageTheCanary", [...canaryReads, ...canaryWrites], on.functions),
    allow("ManageTheCanarysLog", logActions, on.logGroups),
    allow(
      "ManageTheSchedule",
      [
        ...ruleReads,
        "events:DeleteRule",
        "events:PutRule",
        "events:PutTargets",
        "events:RemoveTargets",
        "events:TagResource",
        "events:UntagResource",
      ],
      on.rules,
    ),
    allow(
      "ManageTheTopic",
      [
        ...topicReads,
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:SetTopicAttributes",
        "sns:TagResource",
        "sns:UntagResource",
      ],
      on.topics,
    ),
    allow(
      "ManageTheAlarms",
      [
        ...alarmReads,
        "cloudwatch:DeleteAlarms",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
      ],
      on.alarms,
    ),
    allow(
      "ManageTheDashboard",
      ["cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:PutDashboard"],
      on.dashboards,
    ),
  ];
}

function planWatchStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = watchersOf(instances);
  return [
    allow("ReadTheCanarysRole", roleReads, on.roles),
    allow("ReadTheCanary", canaryReads, on.functions),
    allow("ReadTheCanarysLogsTags", ["logs:ListTagsForResource"], on.logGroups),
    allow("ReadTheSchedule", ruleReads, on.rules),
    allow("ReadTheTopic", topicReads, on.topics),
    allow("ReadTheAlarms", alarmReads, on.alarms),
    allow("ReadTheDashboard", ["cloudwatch:GetDashboard"], on.dashboards),
  ];
}

/** ARNs of what watches the stacks; also of what their environment files want none of any more, since that is deleted. */
function watchersOf(instances: readonly InstanceConfig[]) {
  const arn = ({ partition, region, account }: InstanceConfig, service: string, resource: string): string =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  return {
    roles: unique(instances, (one) => `arn:${one.partition}:iam::${one.account}:role/${one.canary.roleName}`),
    functions: unique(instances, ({ canary }) => canary.functionArn),
    logGroups: unique(instances, ({ canary }) => canary.logGroupArn).flatMap((group) => [group, `${group}:*`]),
    rules: unique(instances, (one) => arn(one, "events", `rule/${one.canary.name}`)),
    topics: unique(instances, (one) => arn(one, "sns", watchName(one.stackName))),
    alarms: unique(instances, (one) => arn(one, "cloudwatch", `alarm:${watchName(one.stackName)}-*`)),
    // A dashboard is of the account, and of no region.
    dashboards: unique(
      instances,
      (one) => `arn:${one.partition}:cloudwatch::${one.account}:dashboard/${watchName(one.stackName)}`,
    ),
  };
}

function giveToLambda(Sid: string, roles: readonly string[]): Statement {
  return {
    ...allow(Sid, ["iam:PassRole"], roles),
    Condition: { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } },
  };
}

/** For a table encrypted with KMS the provider compares the key with DynamoDB's own, by its alias and no other way. */
function findTheTablesKey(instances: readonly InstanceConfig[]): Statement[] {
  const keys = unique(instances, ({ partition, region, account }) => `arn:${partition}:kms:${region}:${account}:key/*`);
  const isOwn = { StringEquals: { "kms:RequestAlias": "alias/aws/dynamodb" } };
  return [{ ...allow("FindTheTablesKey", ["kms:DescribeKey"], keys), Condition: isOwn }];
}

function stateStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = statesOf(instances);
  return [
    findTheState(on.buckets),
    allow("ReadAndWriteTheState", ["s3:GetObject", "s3:PutObject"], on.objects),
    allow(
      "LockTheState",
      ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      on.objects.map((object) => `${object}.tflock`),
    ),
    ...(on.keys.length === 0 ? [] : [allow("UseTheStatesKey", ["kms:Decrypt", "kms:GenerateDataKey"], on.keys)]),
  ];
}

function stateReadStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = statesOf(instances);
  return [
    findTheState(on.buckets),
    allow("ReadTheState", ["s3:GetObject"], on.objects),
    ...(on.keys.length === 0 ? [] : [allow("UseTheStatesKey", ["kms:Decrypt"], on.keys)]),
  ];
}

/** Not bound to a prefix: without this right S3 answers 403 for a state that does not exist yet, instead of 404. */
const findTheState = (buckets: readonly string[]): Statement => allow("FindTheState", ["s3:ListBucket"], buckets);

/** ARNs of where the states are. */
function statesOf(instances: readonly InstanceConfig[]) {
  const bucket = ({ partition, state }: InstanceConfig): string => `arn:${partition}:s3:::${state.bucket}`;
  return {
    buckets: unique(instances, bucket),
    objects: unique(instances, (instance) => `${bucket(instance)}/${instance.state.key}`),
    keys: [...new Set(instances.flatMap(({ state: { kmsKeyArn } }) => kmsKeyArn ?? []))],
  };
}

/** ARNs of what the stacks consist of. */
function resourcesOf(instances: readonly InstanceConfig[]) {
  const of = (arn: (instance: InstanceConfig) => string): string[] => unique(instances, arn);
  const functions = of(({ function: { aliasArn } }) => aliasArn.slice(0, aliasArn.lastIndexOf(":")));
  const groups = of(({ function: { logGroupArn } }) => logGroupArn);
  const connectInstances = of(({ instanceArn }) => instanceArn);
  return {
    tables: of(({ table }) => table.arn),
    roles: of((one) => `arn:${one.partition}:iam::${one.account}:role/${one.function.roleName}`),
    // With `:*`, its versions and aliases.
    functions: functions.flatMap((arn) => [arn, `${arn}:*`]),
    logs: {
      // Some actions are asked of the group with `:*` at its end, some without.
      groups: groups.flatMap((arn) => [arn, `${arn}:*`]),
      // Finding a group is a search among all of the region.
      regions: of(({ partition, region, account }) => `arn:${partition}:logs:${region}:${account}:log-group:*`),
    },
    connect: { instances: connectInstances, modules: connectInstances.map((arn) => `${arn}/flow-module/*`) },
  };
}

function unique(instances: readonly InstanceConfig[], arn: (instance: InstanceConfig) => string): string[] {
  return [...new Set(instances.map(arn))];
}

function allow(Sid: string, Action: readonly string[], Resource: readonly string[]): Statement {
  return { Sid, Effect: "Allow", Action: [...Action].sort(), Resource };
}
