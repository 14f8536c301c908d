/** Permissions of Terraform's AWS provider to plan and deploy a stack. */
import type { InstanceConfig } from "../../../config/types";
import { adoptedRoles, monitoringResources, resourcesOf } from "./resources";
import { allow, allowIfAny } from "./statement";
import type { Statement } from "./statement";

const tableReads = [
  "dynamodb:DescribeContinuousBackups",
  "dynamodb:DescribeTable",
  "dynamodb:DescribeTimeToLive",
  "dynamodb:ListTagsOfResource",
];
const roleReads = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
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
const canaryReads = [
  "lambda:GetFunction",
  "lambda:GetFunctionCodeSigningConfig",
  "lambda:GetPolicy",
  "lambda:ListVersionsByFunction",
];
const functionReads = [...canaryReads, "lambda:GetAlias", "lambda:GetFunctionConfiguration"];
const canaryWrites = [
  "lambda:CreateFunction",
  "lambda:DeleteFunction",
  "lambda:RemovePermission",
  "lambda:TagResource",
  "lambda:UntagResource",
  "lambda:UpdateFunctionCode",
  "lambda:UpdateFunctionConfiguration",
];
const functionWrites = [
  ...canaryWrites,
  "lambda:CreateAlias",
  "lambda:DeleteAlias",
  "lambda:PublishVersion",
  "lambda:UpdateAlias",
];
const logGroupActions = [
  "logs:CreateLogGroup",
  "logs:DeleteLogGroup",
  "logs:ListTagsForResource",
  "logs:PutRetentionPolicy",
  "logs:TagResource",
  "logs:UntagResource",
];
const moduleWrites = [
  "connect:CreateContactFlowModule",
  "connect:DeleteContactFlowModule",
  "connect:TagResource",
  "connect:UntagResource",
  "connect:UpdateContactFlowModuleContent",
  "connect:UpdateContactFlowModuleMetadata",
];
const flowWrites = [
  "connect:CreateContactFlow",
  "connect:DeleteContactFlow",
  "connect:TagResource",
  "connect:UntagResource",
  "connect:UpdateContactFlowContent",
  "connect:UpdateContactFlowName",
];
const ruleReads = ["events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule"];
const ruleWrites = [
  "events:DeleteRule",
  "events:PutRule",
  "events:PutTargets",
  "events:RemoveTargets",
  "events:TagResource",
  "events:UntagResource",
];
const topicReads = ["sns:GetTopicAttributes", "sns:ListTagsForResource"];
const topicWrites = [
  "sns:CreateTopic",
  "sns:DeleteTopic",
  "sns:SetTopicAttributes",
  "sns:TagResource",
  "sns:UntagResource",
];
const alarmReads = ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"];
const alarmWrites = [
  "cloudwatch:DeleteAlarms",
  "cloudwatch:PutMetricAlarm",
  "cloudwatch:TagResource",
  "cloudwatch:UntagResource",
];
const dashboardReads = ["cloudwatch:GetDashboard"];
const dashboardWrites = ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"];

export function planStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const monitoring = monitoringResources(instances);
  return [
    allow("ReadTable", tableReads, stack.tables),
    describeTableKey(stack.allKeys),
    allow("ReadRole", roleReads, stack.roles),
    allow("ReadFunction", functionReads, stack.functionsAndVersions),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    allow("ReadLogGroupTags", ["logs:ListTagsForResource"], stack.logGroups),
    allow("ReadAssociation", ["connect:ListLambdaFunctions"], stack.connectInstances),
    allow("ReadModule", ["connect:DescribeContactFlowModule"], stack.modules),
    ...allowIfAny("ReadInboundFlow", ["connect:DescribeContactFlow"], stack.flows),
    allow("ReadCanaryRole", roleReads, monitoring.roles),
    allow("ReadCanary", canaryReads, monitoring.functions),
    allow("ReadCanaryLogGroupTags", ["logs:ListTagsForResource"], monitoring.logGroups),
    allow("ReadSchedule", ruleReads, monitoring.rules),
    allow("ReadTopic", topicReads, monitoring.topics),
    allow("ReadAlarms", alarmReads, monitoring.alarms),
    allow("ReadDashboard", dashboardReads, monitoring.dashboards),
  ];
}

export function deployStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const tableActions = [...tableReads, "dynamodb:UpdateTable"];
  return [
    allow("UpdateTable", tableActions, stack.tables),
    {
      // Also denies actions that DynamoDB may add later. IAM cannot limit UpdateTable to the index; the guard does that for each plan.
      Sid: "DenyOtherTableActions",
      Effect: "Deny",
      NotAction: tableActions,
      Resource: stack.tables.flatMap((table) => [table, `${table}/*`]),
    },
    describeTableKey(stack.allKeys),
    allow("ManageRole", [...roleReads, ...roleWrites], stack.roles),
    // The stack replaces the trust policy of an adopted role, and detaches policies that call blocking does not need.
    ...allowIfAny("AdoptRole", ["iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"], adoptedRoles(instances)),
    passRoleToLambda("PassRoleToFunction", stack.roles),
    allow("ManageFunction", [...functionReads, ...functionWrites], stack.functionsAndVersions),
    letInvoke("LetConnectInvoke", "connect.amazonaws.com", stack.functionsAndVersions),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    allow("ManageLogGroup", logGroupActions, stack.logGroups),
    allow(
      "ManageAssociation",
      ["connect:AssociateLambdaFunction", "connect:DisassociateLambdaFunction", "connect:ListLambdaFunctions"],
      stack.connectInstances,
    ),
    allow(
      "ManageModule",
      ["connect:DescribeContactFlowModule", ...moduleWrites],
      // CreateContactFlowModule is authorized on the Connect instance too. A module's id is unknown before it exists.
      [...stack.connectInstances, ...stack.modules],
    ),
    ...allowIfAny("ManageInboundFlow", ["connect:DescribeContactFlow", ...flowWrites], stack.flows),
  ];
}

export function deployWatchStatements(instances: readonly InstanceConfig[]): Statement[] {
  const monitoring = monitoringResources(instances);
  return [
    allow("ManageCanaryRole", [...roleReads, ...roleWrites], monitoring.roles),
    passRoleToLambda("PassRoleToCanary", monitoring.roles),
    allow("ManageCanary", [...canaryReads, ...canaryWrites], monitoring.functions),
    letInvoke("LetScheduleInvoke", "events.amazonaws.com", monitoring.functions),
    allow("ManageCanaryLogGroup", logGroupActions, monitoring.logGroups),
    allow("ManageSchedule", [...ruleReads, ...ruleWrites], monitoring.rules),
    allow("ManageTopic", [...topicReads, ...topicWrites], monitoring.topics),
    allow("ManageAlarms", [...alarmReads, ...alarmWrites], monitoring.alarms),
    allow("ManageDashboard", [...dashboardReads, ...dashboardWrites], monitoring.dashboards),
  ];
}

/** Allows adding only this service to the function's resource policy. */
const letInvoke = (Sid: string, principal: string, functions: readonly string[]): Statement =>
  allow(Sid, ["lambda:AddPermission"], functions, { StringEquals: { "lambda:Principal": principal } });

const passRoleToLambda = (Sid: string, roles: readonly string[]): Statement =>
  allow(Sid, ["iam:PassRole"], roles, { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } });

/** If KMS encrypts the table, the provider compares the key with DynamoDB's own key, which it finds by its alias. */
const describeTableKey = (keys: readonly string[]): Statement =>
  allow("DescribeTableKey", ["kms:DescribeKey"], keys, {
    StringEquals: { "kms:RequestAlias": "alias/aws/dynamodb" },
  });
