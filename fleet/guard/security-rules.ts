/** Rule about settings and tags that a security team or an organization added in AWS: a plan must not remove them. */
import { isCanaryResource, resourceType, TABLE } from "../../stacks/resource-types";
import type { SecuritySetting, TypeAndName } from "../../stacks/resource-types";
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
    const settings = Object.entries(resourceType(type)?.securitySettings ?? {}).flatMap(([key, setting]) => {
      const value = valueAt(change.before, key);
      if (isUnset(value) || !isUnset(valueAt(change.after, key))) return [];
      return [{ text: `${setting.label} (${shortJson(value)})`, key: keyFor(resource, setting) }];
    });
    const tags = foreignTags(resource, plan).map((key) => `the tag ${shortJson(key)}`);
    const removed = [...settings.map(({ text }) => text), ...tags];
    if (removed.length === 0) return [];
    const keys = settings.flatMap(({ key }) => key ?? []);
    return [
      {
        rule: "security-settings",
        address,
        what:
          `The apply would remove ${joinWords(removed)} from ${address} of instance ${instance.name}. ` +
          "A security team or the organization probably added this setting or tag.",
        fix: [
          "Ask the security team.",
          ...(keys.length === 0 ? [] : [`To keep the setting, set ${joinWords(keys)} in the environment file.`]),
          ...(tags.length === 0 ? [] : ["To keep a tag, add it to ignoreTags or to tags in the environment file."]),
          "To remove the setting or the tag, add an allowance to the environment file.",
        ].join(" "),
      },
    ];
  });

/** The key of the environment file that sets the setting of the resource; undefined if there is none. */
const keyFor = (resource: TypeAndName, { key, isForCanary = false }: SecuritySetting): string | undefined =>
  isCanaryResource(resource) && !isForCanary ? undefined : key;

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
