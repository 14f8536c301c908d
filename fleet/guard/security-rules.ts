/** Rule about settings and tags that a security team or an organization added in AWS: a plan must not remove them. */
import { resourceType, TABLE } from "../../stacks/resource-types";
import { fieldsOf, isEqual, joinWords, shortJson, valueAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { managedChanges } from "./planned-changes";
import type { Rule, Violation } from "./rule";

/** Refuses to remove a permissions boundary, a KMS key, reserved concurrency, VPC settings, or tags that others added. */
export const securitySettings: Rule = (plan, instance) =>
  managedChanges(plan).flatMap((resource): Violation[] => {
    const { address, type, change } = resource;
    if (!isTouched(resource) || type === TABLE || change.before === null || change.after === null) return [];
    const removed = [
      ...Object.entries(resourceType(type)?.securitySettings ?? {}).flatMap(([key, label]) => {
        const value = valueAt(change.before, key);
        if (isUnset(value) || !isUnset(valueAt(change.after, key))) return [];
        return [`${label} (${shortJson(value)})`];
      }),
      ...foreignTags(resource, plan).map((key) => `the tag ${shortJson(key)}`),
    ];
    if (removed.length === 0) return [];
    return [
      {
        rule: "security-settings",
        address,
        what:
          `The apply would remove ${joinWords(removed)} from ${address} of instance ${instance.name}. ` +
          "A security team or the organization probably added this setting or tag.",
        fix:
          "Ask the security team. To keep a tag, add it to tags in the environment file. To remove the setting or the tag, add an allowance " +
          "to the environment file.",
      },
    ];
  });

/** Whether a setting has no value. For reserved concurrency, -1 means no reservation, and 0 is a value that stops the function. */
const isUnset = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  value === -1 ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** Tags that the apply would remove and that this stack did not add: they are on an imported resource, or drift reports them. */
function foreignTags({ address, change }: ResourceChange, plan: PlanJson): string[] {
  const tags = (values: unknown): Readonly<Record<string, unknown>> => ({
    ...fieldsOf(valueAt(values, "tags")),
    ...fieldsOf(valueAt(values, "tags_all")),
  });
  const planned = tags(change.after);
  const drift = plan.resource_drift.find((other) => other.address === address)?.change;
  return Object.entries(tags(change.before)).flatMap(([key, value]) => {
    if (Object.hasOwn(planned, key)) return [];
    const isOurs = change.importing === undefined && (drift === undefined || isEqual(tags(drift.before)[key], value));
    return isOurs ? [] : [key];
  });
}
