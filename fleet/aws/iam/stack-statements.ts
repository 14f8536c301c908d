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
const readActions = (...types: readonly string[]): readonly string[] =>
  types.flatMap((type) => resourceType(type)?.iamActions?.read ?? []);

/** Actions of the provider to read, create, change and delete resources of these types. */
const manageActions = (...types: readonly string[]): readonly string[] => [
  ...readActions(...types),
  ...types.flatMap((type) => resourceType(type)?.iamActions?.write ?? []),
];

const ruleTypes = ["aws_cloudwatch_event_rule", "aws_cloudwatch_event_target"];

export function planStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const monitoring = monitoringResources(instances);
  return [
    allow("ReadTable", readActions(TABLE), stack.tables),
    describeTableKey(stack.allKeys),
    allow("ReadRole", readActions(ROLE, ROLE_POLICY), stack.roles),
    allow(
      "ReadFunction",
      [...readActions(FUNCTION, ALIAS, PERMISSION), "lambda:GetFunctionConfiguration"],
      stack.functionsAndVersions,
    ),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    allow("ReadLogGroupTags", readActions(LOG_GROUP), stack.logGroups),
    allow("ReadAssociation", readActions(ASSOCIATION), stack.connectInstances),
    allow("ReadModule", readActions(MODULE), stack.modules),
    ...allowIfAny("ReadInboundFlow", readActions(FLOW), stack.flows),
    ...findByName(instances),
    allow("ReadCanaryRole", readActions(ROLE, ROLE_POLICY), monitoring.roles),
    allow(
      "ReadCanary",
      [...readActions(FUNCTION, PERMISSION), "lambda:GetFunctionConfiguration"],
      monitoring.functions,
    ),
    allow("ReadCanaryLogGroupTags", readActions(LOG_GROUP), monitoring.logGroups),
    allow("ReadSchedule", readActions(...ruleTypes), monitoring.rules),
    allow("ReadTopic", readActions("aws_sns_topic"), monitoring.topics),
    allow("ReadAlarms", readActions("aws_cloudwatch_metric_alarm"), monitoring.alarms),
    allow("ReadDashboard", readActions("aws_cloudwatch_dashboard"), monitoring.dashboards),
  ];
}

export function deployStatements(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const tableActions = manageActions(TABLE);
  return [
    allow("UpdateTable", tableActions, stack.tables),
    {
      // Also denies actions that DynamoDB may add later. IAM cannot limit UpdateTable to the index; the guard checks this in each plan.
      Sid: "DenyOtherTableActions",
      Effect: "Deny",
      NotAction: tableActions,
      Resource: stack.tables.flatMap((table) => [table, `${table}/*`]),
    },
    describeTableKey(stack.allKeys),
    allow("ManageRole", manageActions(ROLE, ROLE_POLICY), stack.roles),
    // The stack replaces the trust policy of an adopted role, and detaches policies that call blocking does not need.
    ...allowIfAny("AdoptRole", ["iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"], adoptedRoles(instances)),
    passRoleToLambda("PassRoleToFunction", stack.roles),
    allow(
      "ManageFunction",
      [...manageActions(FUNCTION, ALIAS, PERMISSION), "lambda:GetFunctionConfiguration", "lambda:PublishVersion"],
      stack.functionsAndVersions,
    ),
    letInvoke("LetConnectInvoke", "connect.amazonaws.com", stack.functionsAndVersions),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    allow("ManageLogGroup", manageActions(LOG_GROUP), stack.logGroups),
    allow("ManageAssociation", manageActions(ASSOCIATION), stack.connectInstances),
    allow(
      "ManageModule",
      manageActions(MODULE),
      // CreateContactFlowModule is authorized on the Connect instance too. The id of a module is unknown before the module exists.
      [...stack.connectInstances, ...stack.modules],
    ),
    ...allowIfAny("ManageInboundFlow", manageActions(FLOW), stack.flows),
    ...findByName(instances),
  ];
}

export function deployWatchStatements(instances: readonly InstanceConfig[]): Statement[] {
  const monitoring = monitoringResources(instances);
  return [
    allow("ManageCanaryRole", manageActions(ROLE, ROLE_POLICY), monitoring.roles),
    passRoleToLambda("PassRoleToCanary", monitoring.roles),
    allow(
      "ManageCanary",
      [...manageActions(FUNCTION, PERMISSION), "lambda:GetFunctionConfiguration"],
      monitoring.functions,
    ),
    letInvoke("LetScheduleInvoke", "events.amazonaws.com", monitoring.functions),
    allow("ManageCanaryLogGroup", manageActions(LOG_GROUP), monitoring.logGroups),
    allow("ManageSchedule", manageActions(...ruleTypes), monitoring.rules),
    allow("ManageTopic", manageActions("aws_sns_topic"), monitoring.topics),
    allow("ManageAlarms", manageActions("aws_cloudwatch_metric_alarm"), monitoring.alarms),
    allow("ManageDashboard", manageActions("aws_cloudwatch_dashboard"), monitoring.dashboards),
  ];
}

/** Allows the comparison of a plan with AWS: finds existing resources by name, and the users of an index that a release deletes. */
function findByName(instances: readonly InstanceConfig[]): Statement[] {
  const stack = resourcesOf(instances);
  const flows = stack.flows.length === 0 ? [] : ["connect:ListContactFlows"];
  const isIndexRemoved = instances.some(({ release }) => release === "remove-index");
  return [
    allow("FindModules", ["connect:ListContactFlowModules", ...flows], stack.connectInstances),
    // Allowed only for the release that needs it: ListFunctions has no resource ARN, and returns the environment variables of all functions.
    ...allowIfAny("FindIndexUsers", ["lambda:ListFunctions"], isIndexRemoved ? ["*"] : []),
  ];
}

/** Allows adding only this service to the function's resource policy. */
const letInvoke = (Sid: string, principal: string, functions: readonly string[]): Statement =>
  allow(Sid, ["lambda:AddPermission"], functions, { StringEquals: { "lambda:Principal": principal } });

const passRoleToLambda = (Sid: string, roles: readonly string[]): Statement =>
  allow(Sid, ["iam:PassRole"], roles, { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } });

/** For a table that KMS encrypts, the provider looks up DynamoDB's own key by alias, and compares both keys. */
const describeTableKey = (keys: readonly string[]): Statement =>
  allow("DescribeTableKey", ["kms:DescribeKey"], keys, {
    StringEquals: { "kms:RequestAlias": "alias/aws/dynamodb" },
  });
