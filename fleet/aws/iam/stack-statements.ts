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
import { adoptedResources, monitoringResources, resourcesOf } from "./resources";
import { settingActions } from "./setting-statements";
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
    allow("FindModules", findActions, stack.connectInstances),
    ...readCallers(instances),
    ...findOtherUsers(instances),
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
  const adopting = instances.filter(({ table }) => table.adopt);
  const reading = instances.filter(({ table }) => !table.adopt);
  return [
    ...tableStatements("UpdateTable", "DenyOtherTableActions", manageActions(TABLE), adopting),
    ...tableStatements("ReadTable", "DenyTableChanges", readActions(TABLE), reading),
    describeTableKey(stack.allKeys),
    ...manageRoles("Role", instances, (members) => resourcesOf(members).roles),
    // The stack replaces the trust policy of an adopted role, and detaches policies that call blocking does not need.
    ...allowIfAny(
      "AdoptRole",
      ["iam:DetachRolePolicy", "iam:UpdateAssumeRolePolicy"],
      adoptedResources(instances).roles,
    ),
    passRoleToLambda("PassRoleToFunction", stack.roles),
    allow(
      "ManageFunction",
      [...manageActions(FUNCTION, ALIAS, PERMISSION), "lambda:GetFunctionConfiguration", "lambda:PublishVersion"],
      stack.functionsAndVersions,
    ),
    letInvoke("LetConnectInvoke", "connect.amazonaws.com", stack.functionsAndVersions),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], stack.allLogGroups),
    allow("ManageLogGroup", manageActions(LOG_GROUP), stack.logGroups),
    allow("ManageAssociation", [...manageActions(ASSOCIATION), ...findActions], stack.connectInstances),
    allow(
      "ManageModule",
      manageActions(MODULE),
      // CreateContactFlowModule is authorized on the Connect instance too. The id of a module is unknown before the module exists.
      [...stack.connectInstances, ...stack.modules],
    ),
    ...allowIfAny("ManageInboundFlow", manageActions(FLOW), stack.flows),
    ...readCallers(instances),
    ...findOtherUsers(instances),
  ];
}

/** @param Sid of the statement that allows, and of the statement that denies everything else */
function tableStatements(
  Sid: string,
  denySid: string,
  actions: readonly string[],
  instances: readonly InstanceConfig[],
): Statement[] {
  const { tables } = resourcesOf(instances);
  if (tables.length === 0) return [];
  return [
    allow(Sid, actions, tables),
    {
      // Also denies actions that DynamoDB may add later. IAM cannot limit UpdateTable to the index; the guard checks this in each plan.
      Sid: denySid,
      Effect: "Deny",
      NotAction: actions,
      Resource: tables.flatMap((table) => [table, `${table}/*`]),
    },
  ];
}

export function deployWatchStatements(instances: readonly InstanceConfig[]): Statement[] {
  const monitoring = monitoringResources(instances);
  return [
    ...manageRoles("CanaryRole", instances, (members) => monitoringResources(members).roles),
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

/** Actions that give a role permissions. With a permissions boundary, they are allowed only on a role that has this boundary. */
const grantActions = ["iam:CreateRole", "iam:PutRolePolicy"];

/** @param noun distinguishes the Sids */
function manageRoles(
  noun: string,
  instances: readonly InstanceConfig[],
  rolesOf: (instances: readonly InstanceConfig[]) => readonly string[],
): Statement[] {
  const within = (boundary: string | undefined): readonly string[] =>
    rolesOf(instances.filter(({ permissionsBoundary }) => permissionsBoundary === boundary));
  const boundaries = [...new Set(instances.flatMap(({ permissionsBoundary }) => permissionsBoundary ?? []))];
  const actions = manageActions(ROLE, ROLE_POLICY);
  return [
    ...allowIfAny(`Manage${noun}`, actions, within(undefined)),
    ...allowIfAny(
      `ManageBounded${noun}`,
      actions.filter((action) => !grantActions.includes(action)),
      boundaries.flatMap(within),
    ),
    ...boundaries.map((boundary, n) =>
      allow(
        `GrantBounded${noun}${n === 0 ? "" : n + 1}`,
        [...grantActions, ...settingActions(ROLE, "setActions")],
        within(boundary),
        { StringEquals: { "iam:PermissionsBoundary": boundary } },
      ),
    ),
  ];
}

/** For the comparison of a plan with AWS: whether a module or a flow of this name exists, and which flows there are. */
const findActions = ["connect:ListContactFlowModules", "connect:ListContactFlows"];

/**
 * For the comparison of a plan with AWS: which flows call a module that no longer exists. The statement for an inbound flow includes all
 * flows of its instance.
 */
function readCallers(instances: readonly InstanceConfig[]): Statement[] {
  const { allFlows, flows } = resourcesOf(instances);
  const others = allFlows.filter((arn) => !flows.includes(arn));
  return allowIfAny("ReadCallers", ["connect:DescribeContactFlow"], others);
}

/** For the comparison of a plan with AWS: what uses the index that a release deletes, or the role that the stack adopts. */
function findOtherUsers(instances: readonly InstanceConfig[]): Statement[] {
  const isNeeded = instances.some(
    ({ release, adoptExisting }) => release === "remove-index" || adoptExisting?.role === true,
  );
  // The action has no resource ARN, and its answer contains the environment variables of all functions.
  return allowIfAny("FindOtherUsers", ["lambda:ListFunctions"], isNeeded ? ["*"] : []);
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
