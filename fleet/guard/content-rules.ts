/** Rule about the content of our resources: a plan may only make them what the environment file says. */
import { monitoringName } from "../../config/aws-names";
import { isFromStackOf } from "../../config/descriptions";
import type { InstanceConfig } from "../../config/types";
import { expectedResources, isExpected, Pattern } from "../../stacks/expected-resources";
import { FUNCTION, isManagedType, MODULE, resourceType, TABLE } from "../../stacks/resource-types";
import type { AttributeValues } from "../../stacks/resource-types";
import { fieldsOf, isEqual, isMarked, joinWords, shortJson, textAt, valueAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { isRemoved, managedChanges } from "./planned-changes";
import { renames } from "./resource-rules";
import type { Rule, Violation } from "./rule";

const synthesizeAgain =
  "Do not apply this plan. Check for edits in stacks/ and in the synthesized directory, and whether the plan is of another version of the " +
  "environment file. Then synthesize and plan again.";

/** Refuses a resource of ours with another name, content or permission, and a resource that no stack contains. */
export const content: Rule = (plan, instance) => {
  const expected =
    instance.release === undefined
      ? expectedResources(instance, {
          moduleId: plannedText(plan, `${MODULE}.blocked_status`, "contact_flow_module_id"),
          functionVersion: plannedText(plan, `${FUNCTION}.blocked_calls`, "version"),
        })
      : {};
  // "rename" explains these.
  if (renames(plan, instance).length > 0) return [];
  return managedChanges(plan).flatMap((resource): Violation[] => {
    if (!isTouched(resource) || !isManagedType(resource.type) || resource.type === TABLE) return [];
    const refuse = (what: string): Violation => ({
      rule: "content",
      address: resource.address,
      what,
      fix: synthesizeAgain,
    });
    if (isGone(resource)) {
      return isRemovable(resource, instance)
        ? []
        : [refuse(`${resource.address} is not a resource of instance ${instance.name}: another team may use it.`)];
    }
    const attributes = expected[`${resource.type}.${resource.name}`] ?? watching(resource, instance);
    if (attributes === undefined) {
      return [
        refuse(
          `The environment file asks for no resource ${resource.address} for instance ${instance.name}: it may belong to another team.`,
        ),
      ];
    }
    const problems = differences(resource, attributes, instance);
    if (problems.length === 0) return [];
    return [
      refuse(
        `${resource.address} would not be what the environment file says for instance ${instance.name}: ${joinWords(problems)}.`,
      ),
    ];
  });
};

/** A planned value; undefined if it is not known before the apply. */
function plannedText(plan: PlanJson, address: string, key: string): string | undefined {
  const resource = managedChanges(plan).find((other) => other.address === address && other.deposed === undefined);
  return resource === undefined ? undefined : textAt(resource.change.after ?? resource.change.before, key);
}

/** Whether the resource is removed and not replaced. */
const isGone = (resource: ResourceChange): boolean =>
  isRemoved(resource) && (resource.deposed !== undefined || !resource.change.actions.includes("create"));

/** Logical ids of the resources that a stack contains or contained, besides alarms. */
const logicalIds: readonly string[] = [
  "blocked_calls",
  "blocked_status",
  "inbound",
  "live",
  "connect",
  "lookup",
  "decrypt",
  "canary",
  "canary_decrypt",
  "alarms",
  "environment",
];

/** Whether the resource to remove was created by this stack, also under an earlier name. */
function isRemovable({ type, name, change: { before } }: ResourceChange, instance: InstanceConfig): boolean {
  if (type === "aws_cloudwatch_metric_alarm") return isOwnAlarm(name, textAt(before, "alarm_name"), instance);
  if (!logicalIds.includes(name)) return false;
  return resourceType(type)?.hasOwnerInDescription !== true || isFromStackOf(instance, textAt(before, "description"));
}

const isOwnAlarm = (logicalId: string, alarmName: string | undefined, { stackName }: InstanceConfig): boolean =>
  alarmName === `${monitoringName(stackName)}-${logicalId.replaceAll("_", "-")}`;

/** Alarms and the dashboard. Their name and their actions are checked; the review shows the other attributes. */
function watching({ type, name }: ResourceChange, instance: InstanceConfig): AttributeValues | undefined {
  const { account, alarms, dashboard, partition, region, stackName } = instance;
  if (type === "aws_cloudwatch_dashboard") {
    return name === "environment" && dashboard !== undefined ? { dashboard_name: dashboard.name } : undefined;
  }
  if (type !== "aws_cloudwatch_metric_alarm") return undefined;
  const topic = alarms.topicArn ?? `arn:${partition}:sns:${region}:${account}:${monitoringName(stackName)}`;
  return {
    alarm_name: `${monitoringName(stackName)}-${name.replaceAll("_", "-")}`,
    alarm_actions: [topic],
    ok_actions: [topic],
    insufficient_data_actions: new Pattern(`none or ${topic}`, (value) => isNothing(value) || isEqual(value, [topic])),
  };
}

/** Attributes whose value does not matter: AWS or the provider sets them, or a review shows them. */
const harmless: readonly string[] = [
  "id",
  "arn",
  "description",
  "tags",
  "tags_all",
  "timeouts",
  // The code itself. The guard does not know the hash of the built zip.
  "filename",
  "source_code_hash",
  "version",
];

/** Attributes that AWS derives unless the configuration sets them. */
const settable: readonly string[] = ["content_hash", "inline_policy", "managed_policy_arns"];

/** Harmless attributes by type. */
const harmlessByType: Readonly<Record<string, readonly string[]>> = {
  aws_cloudwatch_metric_alarm: [
    "alarm_description",
    "comparison_operator",
    "datapoints_to_alarm",
    "evaluation_periods",
    "metric_query",
    "threshold",
    "treat_missing_data",
  ],
  aws_cloudwatch_dashboard: ["dashboard_arn", "dashboard_body"],
  aws_sns_topic: ["display_name", "owner", "beginning_archive_time"],
  [MODULE]: ["contact_flow_module_id"],
  aws_connect_contact_flow: ["contact_flow_id"],
};

/** The longest value that a message shows. */
const maxLength = 120;

/** What the provider sets if the configuration does not set the attribute, by type. */
const defaults: Readonly<Record<string, AttributeValues>> = {
  aws_lambda_function: {
    package_type: "Zip",
    reserved_concurrent_executions: -1,
    publish: false,
    ephemeral_storage: [{ size: 512 }],
    tracing_config: [{ mode: "PassThrough" }],
  },
  aws_iam_role: { path: "/", max_session_duration: 3600 },
  aws_cloudwatch_log_group: { log_group_class: "STANDARD" },
  aws_cloudwatch_metric_alarm: { actions_enabled: true },
  aws_cloudwatch_event_rule: { event_bus_name: "default", is_enabled: true, state: "ENABLED" },
  aws_cloudwatch_event_target: { event_bus_name: "default" },
};

/** One text for each attribute that would be wrong after the apply. */
function differences(
  { type, change }: ResourceChange,
  expected: AttributeValues,
  { region }: InstanceConfig,
): string[] {
  const derived = (resourceType(type)?.diff?.derived ?? []).filter((key) => !settable.includes(key));
  const ignored = [...harmless, ...derived, ...(harmlessByType[type] ?? [])];
  const keys = new Set([...Object.keys(expected), ...Object.keys(fieldsOf(change.after))]);
  return [...keys].sort().flatMap((key) => {
    const value = valueAt(change.after, key);
    if (Object.hasOwn(expected, key)) {
      if (isMarked(valueAt(change.after_unknown, key)) && isNothing(value)) return [];
      const wanted = expected[key];
      if (isExpected(value, wanted)) return [];
      if (wanted instanceof Pattern) return [`${key} is ${shortJson(value)} instead of ${wanted.description}`];
      return [
        JSON.stringify(value ?? null).length > maxLength
          ? `${key} differs (the review shows its planned value)`
          : `${key} is ${shortJson(value)} instead of ${shortJson(wanted)}`,
      ];
    }
    if (ignored.includes(key) || isNothing(value)) return [];
    const normal = defaults[type];
    if (normal !== undefined && Object.hasOwn(normal, key) && isEqual(value, normal[key])) return [];
    // The 6.x provider writes the region into each resource.
    if (key === "region" && value === region) return [];
    // AWS keeps a value that the configuration does not set.
    if (change.before !== null && isEqual(value, valueAt(change.before, key))) return [];
    return [`${key} is ${shortJson(value)}, which the environment file does not set`];
  });
}

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);
