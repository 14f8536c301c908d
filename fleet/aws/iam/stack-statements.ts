/** Permissions of Terraform's AWS provider to plan and deploy a stack. */
import type { InstanceConfig } from "../../../config/types";
import {
  ALIAS,
  ASSOCIATION,
  FLOW,
  FUNCTION,
  LOG_GROUP,
  MODULE,
  PERMISSION,
  resourceType,
  ROLE,
  ROLE_POLICY,
  TABLE,
} from "../../../stacks/resource-types";
import { adoptedRoles, monitoringResources, resourcesOf } from "./resources";
import { allow, allowIfAny } from "./statement";
import type { Statement } from "./statement";

/** Actions of the provider to read resources of these types. */
const read = (...types: readonly string[]): readonly string[] =>
  types.flatMap((type) => resourceType(type)?.iamActions?.read ?? []);

/** Actions of the provider to read, create, change and delete resources of these types. */
const manage = (...types: readonly string[]): readonly string[] => [
  ...read(...types),
  ...types.flatMap((type) => resourceType(type)?.iamActions?.write ?? []),
];

const ruleTypes = ["aws_cloudwatch_event_rule", "aws_cloudwatch_event_target"];

export function planStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const monitoring = monitoringResources(instances);
  return [
    allow("ReadTable", read(TABLE), stack.tables),
    describeTableKey(stack.allKeys),
    allow("ReadRole", read(ROLE, ROLE_POLICY), stack.roles),
    allow(
      "ReadFunction",
      [...read(FUNCTION, ALIAS, PERMISSION), "lambda:GetFunctionConfiguration"],
      stack.functionsAndVersions,
    ),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    allow("ReadLogGroupTags", read(LOG_GROUP), stack.logGroups),
    allow("ReadAssociation", read(ASSOCIATION), stack.connectInstances),
    allow("ReadModule", read(MODULE), stack.modules),
    ...allowIfAny("ReadInboundFlow", read(FLOW), stack.flows),
    allow("ReadCanaryRole", read(ROLE, ROLE_POLICY), monitoring.roles),
    allow("ReadCanary", read(FUNCTION, PERMISSION), monitoring.functions),
    allow("ReadCanaryLogGroupTags", read(LOG_GROUP), monitoring.logGroups),
    allow("ReadSchedule", read(...ruleTypes), monitoring.rules),
    allow("ReadTopic", read("aws_sns_topic"), monitoring.topics),
    allow("ReadAlarms", read("aws_cloudwatch_metric_alarm"), monitoring.alarms),
    allow("ReadDashboard", read("aws_cloudwatch_dashboard"), monitoring.dashboards),
  ];
}

export function deployStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const tableActions = manage(TABLE);
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
    allow("ManageRole", manage(ROLE, ROLE_POLICY), stack.roles),
    // The stack replaces the trust policy of an adopted role, and detaches policies that call blocking does not need.
    ...allowIfAny("AdoptRole", ["iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"], adoptedRoles(instances)),
    passRoleToLambda("PassRoleToFunction", stack.roles),
    allow(
      "ManageFunction",
      [...manage(FUNCTION, ALIAS, PERMISSION), "lambda:GetFunctionConfiguration", "lambda:PublishVersion"],
      stack.functionsAndVersions,
    ),
    letInvoke("LetConnectInvoke", "connect.amazonaws.com", stack.functionsAndVersions),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    allow("ManageLogGroup", manage(LOG_GROUP), stack.logGroups),
    allow("ManageAssociation", manage(ASSOCIATION), stack.connectInstances),
    allow(
      "ManageModule",
      manage(MODULE),
      // CreateContactFlowModule is authorized on the Connect instance too. A module's id is unknown before it exists.
      [...stack.connectInstances, ...stack.modules],
    ),
    ...allowIfAny("ManageInboundFlow", manage(FLOW), stack.flows),
  ];
}

export function deployWatchStatements(instances: readonly InstanceConfig[]): Statement[] {
  const monitoring = monitoringResources(instances);
  return [
    allow("ManageCanaryRole", manage(ROLE, ROLE_POLICY), monitoring.roles),
    passRoleToLambda("PassRoleToCanary", monitoring.roles),
    allow("ManageCanary", manage(FUNCTION, PERMISSION), monitoring.functions),
    letInvoke("LetScheduleInvoke", "events.amazonaws.com", monitoring.functions),
    allow("ManageCanaryLogGroup", manage(LOG_GROUP), monitoring.logGroups),
    allow("ManageSchedule", manage(...ruleTypes), monitoring.rules),
    allow("ManageTopic", manage("aws_sns_topic"), monitoring.topics),
    allow("ManageAlarms", manage("aws_cloudwatch_metric_alarm"), monitoring.alarms),
    allow("ManageDashboard", manage("aws_cloudwatch_dashboard"), monitoring.dashboards),
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
