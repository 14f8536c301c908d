/** What call blocking is made of: the resource types that its plans may change, and by what each is the same real thing. */
import type { InstanceConfig } from "../../config/types";
import type { ResourceChange } from "../terraform/plan-json";
import { textAt } from "../terraform/json-values";

export const TABLE = "aws_dynamodb_table";
export const FUNCTION = "aws_lambda_function";
export const ALIAS = "aws_lambda_alias";
export const PERMISSION = "aws_lambda_permission";
export const ASSOCIATION = "aws_connect_lambda_function_association";
export const MODULE = "aws_connect_contact_flow_module";
export const FLOW = "aws_connect_contact_flow";
export const LOG_GROUP = "aws_cloudwatch_log_group";

interface ManagedType {
  /** What people call it. */
  readonly what: string;
  /** Arguments that together name one real thing; two addresses that agree in all of them are one. */
  readonly identity: readonly string[];
}

/** Every type that `CallBlockingStack` may contain. A test holds the stack against it. */
export const managedTypes: Readonly<Record<string, ManagedType>> = {
  [TABLE]: { what: "the contact table", identity: ["name"] },
  [FUNCTION]: { what: "the Lambda function", identity: ["function_name"] },
  [ALIAS]: { what: "the function's alias", identity: ["function_name", "name"] },
  [PERMISSION]: {
    what: "a permission to invoke the function",
    identity: ["function_name", "qualifier", "statement_id"],
  },
  [ASSOCIATION]: { what: "the association of the function with Connect", identity: ["instance_id", "function_arn"] },
  [MODULE]: { what: "the flow module", identity: ["instance_id", "name"] },
  [FLOW]: { what: "the inbound flow", identity: ["instance_id", "name"] },
  aws_iam_role: { what: "a role", identity: ["name"] },
  aws_iam_role_policy: { what: "a permission of a role", identity: ["role", "name"] },
  aws_iam_role_policies_exclusive: { what: "the list of a role's permissions", identity: ["role_name"] },
  aws_iam_role_policy_attachments_exclusive: { what: "the list of a role's policies", identity: ["role_name"] },
  [LOG_GROUP]: { what: "a log group", identity: ["name"] },
  aws_cloudwatch_metric_alarm: { what: "an alarm", identity: ["alarm_name"] },
  aws_cloudwatch_dashboard: { what: "a dashboard", identity: ["dashboard_name"] },
  aws_cloudwatch_event_rule: { what: "a schedule", identity: ["event_bus_name", "name"] },
  aws_cloudwatch_event_target: { what: "what a schedule starts", identity: ["rule", "target_id"] },
  aws_sns_topic: { what: "a topic for alarms", identity: ["name"] },
};

/** Types without which a call is not answered: each must be there before what it replaces goes. */
export const callPathTypes: readonly string[] = [FUNCTION, ALIAS, PERMISSION, ASSOCIATION, MODULE, FLOW];

/** Types of which the canary has its own, beside those of the function that calls ask. */
const canaryTypes: readonly string[] = [
  FUNCTION,
  PERMISSION,
  "aws_iam_role",
  "aws_iam_role_policy",
  "aws_cloudwatch_log_group",
  "aws_cloudwatch_event_rule",
  "aws_cloudwatch_event_target",
];

/** Whether it is a part of the canary. By its logical id, which never changes: what it is called is for the environment file to say. */
export function isOfCanary({ type, name }: Pick<ResourceChange, "type" | "name">): boolean {
  return canaryTypes.includes(type) && /^canary(_|$)/.test(name);
}

/** Whether a call needs it: the canary is a function too, and no call does. */
export function isOnCallPath(resource: ResourceChange): boolean {
  return callPathTypes.includes(resource.type) && !isOfCanary(resource);
}

/**
 * Which real thing some values are of, as text to compare; undefined while a part of its name is not known.
 *
 * @param values `before` or `after` of a change
 */
export function identityOf(type: string, values: unknown): string | undefined {
  const parts = (managedTypes[type]?.identity ?? ["id"]).map((key) => textAt(values, key));
  return parts.includes(undefined) ? undefined : JSON.stringify([type, ...parts]);
}

/** Whether an import takes over what is the instance's own: its table, or what its environment file says was made by hand. */
export function mayImport(
  type: string,
  id: string,
  { table, function: own, instanceId, adoptExisting }: InstanceConfig,
): boolean {
  const expected: Readonly<Record<string, string | false | undefined>> = {
    [TABLE]: table.name,
    [FUNCTION]: adoptExisting?.function === true && own.name,
    [MODULE]: adoptExisting?.moduleId !== undefined && `${instanceId}:${adoptExisting.moduleId}`,
    aws_iam_role: adoptExisting?.role === true && own.roleName,
    [LOG_GROUP]: adoptExisting?.logGroup === true && own.logGroupName,
  };
  return Object.hasOwn(expected, type) && expected[type] === id;
}
