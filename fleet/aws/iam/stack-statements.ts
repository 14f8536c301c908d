/** What is allowed to Terraform's AWS provider when it plans and deploys a stack. */
import type { InstanceConfig } from "../../../config/types";
import { resourcesOf, rolesByHand, watchersOf } from "./resources";
import { allow, unique } from "./statement";
import type { Statement } from "./statement";

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

export function planStatements(instances: readonly InstanceConfig[]): Statement[] {
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
    ...where(on.connect.flows, "ReadTheInboundFlow", ["connect:DescribeContactFlow"]),
    ...planWatchStatements(instances),
  ];
}

/** The statement, where there is something that it is about. */
function where(resources: readonly string[], Sid: string, actions: readonly string[]): Statement[] {
  return resources.length === 0 ? [] : [allow(Sid, actions, resources)];
}

export function deployStatements(instances: readonly InstanceConfig[]): Statement[] {
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
    // One that was made by hand may be trusted by others, and may have what call blocking does not need.
    ...where(rolesByHand(instances), "TakeOverTheRole", ["iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"]),
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
    ...where(on.connect.flows, "ManageTheInboundFlow", [
      "connect:CreateContactFlow",
      "connect:DeleteContactFlow",
      "connect:DescribeContactFlow",
      "connect:TagResource",
      "connect:UntagResource",
      "connect:UpdateContactFlowContent",
      "connect:UpdateContactFlowName",
    ]),
  ];
}

export function deployWatchStatements(instances: readonly InstanceConfig[]): Statement[] {
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
