/** Rule about the content of our resources: a plan may give them only the values from the environment file. */
import { monitoringName } from "../../config/aws-names";
import { isFromStackOf } from "../../config/descriptions";
import type { InstanceConfig } from "../../config/types";
import { expectedResources, isExpected, Pattern } from "../../stacks/expected-resources";
import {
  derivedAttributes,
  FUNCTION,
  isKnownAfterApply,
  isManagedType,
  MODULE,
  resourceType,
  TABLE,
} from "../../stacks/resource-types";
import type { AttributeValues } from "../../stacks/resource-types";
import { fieldsOf, isEqual, isMarked, joinWords, shortJson, textAt, valueAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { isRemoved, managedChanges } from "./planned-changes";
import { renames } from "./resource-rules";
import type { Rule, Violation } from "./rule";

const synthesizeAgain =
  "Do not apply this plan. Find out whether stacks/ or the synthesized directory was edited, or whether the plan is for another version " +
  "of the environment file. Then synthesize and plan again.";

/** Refuses other names, contents and permissions of our resources than the environment file sets, and resources that no stack contains. */
export const content: Rule = (plan, instance) => {
  const expected =
    instance.release === undefined
      ? expectedResources(instance, {
          moduleId: plannedText(plan, `${MODULE}.blocked_status`, "contact_flow_module_id"),
          functionVersion: plannedText(plan, `${FUNCTION}.blocked_calls`, "version"),
        })
      : {};
  // The rule "rename" reports these changes.
  const renamed = new Set(renames(plan, instance).map(({ address }) => address.split(".")[0]));
  return managedChanges(plan).flatMap((resource): Violation[] => {
    if (!isTouched(resource) || !isManagedType(resource.type) || resource.type === TABLE) return [];
    if (renamed.has(resource.type)) return [];
    const refuse = (what: string): Violation => ({
      rule: "content",
      address: resource.address,
      what,
      fix: synthesizeAgain,
    });
    if (isGone(resource)) {
      return isRemovable(resource, instance)
        ? []
        : [
            refuse(
              `${resource.address} is not a resource of instance ${instance.name}: another team may use this resource.`,
            ),
          ];
    }
    const attributes = expected[`${resource.type}.${resource.name}`];
    if (attributes === undefined) {
      return [
        refuse(
          `The environment file does not configure the resource ${resource.address} for instance ${instance.name}: the resource may belong to another team.`,
        ),
      ];
    }
    const problems = differences(resource, attributes, instance);
    if (problems.length === 0) return [];
    return [
      refuse(
        `${resource.address} would differ from the environment file for instance ${instance.name}: ${joinWords(problems)}.`,
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

/** Logical ids of the resources that this or an earlier version of the stack contains, except alarms. */
const logicalIds: readonly string[] = [
  "blocked_calls",
  "blocked_status",
  "inbound",
  "live",
  "connect",
  "lookup",
  "decrypt",
  "vpc",
  "canary",
  "canary_decrypt",
  "alarms",
  "environment",
];

/** Whether the resource to remove was created by this stack, possibly under an earlier name. */
function isRemovable({ type, name, change: { before } }: ResourceChange, instance: InstanceConfig): boolean {
  if (type === "aws_cloudwatch_metric_alarm") return isOwnAlarm(name, textAt(before, "alarm_name"), instance);
  if (!logicalIds.includes(name)) return false;
  return resourceType(type)?.hasOwnerInDescription !== true || isFromStackOf(instance, textAt(before, "description"));
}

const isOwnAlarm = (logicalId: string, alarmName: string | undefined, { stackName }: InstanceConfig): boolean =>
  alarmName === `${monitoringName(stackName)}-${logicalId.replaceAll("_", "-")}`;

/** Attributes that the environment file does not set and that AWS does not derive. A review shows each change of these attributes. */
const shownInReview: readonly string[] = [
  "tags",
  "version",
  "contact_flow_id",
  "contact_flow_module_id",
  "dashboard_arn",
];

/** Attributes that AWS derives unless the configuration sets them. */
const settable: readonly string[] = ["content_hash", "filename"];

/** The longest value that a message shows. */
const maxLength = 120;

/** One text for each attribute that would be wrong after the apply. */
function differences(
  { type, change }: ResourceChange,
  expected: AttributeValues,
  { region, alarms, tags }: InstanceConfig,
): string[] {
  const ignored = [...shownInReview, ...derivedAttributes(type).filter((key) => !settable.includes(key))];
  const providerDefaults = resourceType(type)?.providerDefaults ?? {};
  const keys = new Set([...Object.keys(expected), ...Object.keys(fieldsOf(change.after))]);
  return [...keys].sort().flatMap((key) => {
    const value = valueAt(change.after, key);
    if (Object.hasOwn(expected, key)) {
      const wanted = expected[key];
      if (isMarked(valueAt(change.after_unknown, key)) && isNothing(value)) {
        // Without tags in the environment file, the provider does not know the tags of a new resource before the apply.
        if (key === "tags_all" && Object.keys(tags).length === 0) return [];
        const isOwnTopic = !key.endsWith("_actions") || alarms.topicArn === undefined;
        const mayBeUnknown = !(wanted instanceof Pattern) || wanted.mayBeUnknown;
        return isOwnTopic && mayBeUnknown && isKnownAfterApply(type, key)
          ? []
          : [`${key} is known only after the apply`];
      }
      if (isExpected(value, wanted)) return [];
      if (wanted instanceof Pattern) return [`${key} is ${shortJson(value)} instead of ${wanted.description}`];
      return [
        JSON.stringify(value ?? null).length > maxLength
          ? `${key} differs (the review shows its planned value)`
          : `${key} is ${shortJson(value)} instead of ${shortJson(wanted)}`,
      ];
    }
    if (ignored.includes(key) || (isNothing(value) && !(value === false && providerDefaults[key] === true))) return [];
    if (Object.hasOwn(providerDefaults, key) && isEqual(value, providerDefaults[key])) return [];
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
