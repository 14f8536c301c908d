/** Rule about the content of our resources: a plan may give them only the values from the environment file. */
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
import { fieldsOf, isEqual, isMarked, itemsOf, joinWords, shortJson, textAt, valueAt } from "../terraform/json-values";
import { isTouched } from "../terraform/plan-json";
import type { PlanJson, ResourceChange } from "../terraform/plan-json";
import { identityProblems, isOwnAddress, isOwnResource } from "./ownership";
import { isRemoved, managedChanges, tableKey, tableValues } from "./planned-changes";
import { renames } from "./resource-rules";
import type { Rule, Violation } from "./rule";

const synthesizeAgain =
  "Do not apply this plan. Find out whether stacks/ or the synthesized directory was edited, or whether the plan is for another version " +
  "of the environment file. Then synthesize and plan again.";

/**
 * Refuses names, contents and permissions of our resources that differ from the environment file, resources of others, and missing
 * resources.
 */
export const content: Rule = (plan, instance) => {
  const expected =
    instance.release === undefined
      ? expectedResources(instance, {
          moduleId: plannedText(plan, `${MODULE}.blocked_status`, "contact_flow_module_id"),
          functionVersion: plannedText(plan, `${FUNCTION}.blocked_calls`, "version"),
          tableKeyArn: tableKey(plan),
        })
      : {};
  // The rule "rename" reports these changes.
  const renamed = new Set(renames(plan, instance).map(({ address }) => address.split(".")[0]));
  const refuse = (address: string, what: string, fix = synthesizeAgain): Violation => ({
    rule: "content",
    address,
    what,
    fix,
  });
  const wrong = managedChanges(plan).flatMap((resource): Violation[] => {
    const { address, type, name, change } = resource;
    if (!isTouched(resource) || !isManagedType(type) || type === TABLE) return [];
    if (renamed.has(type)) return [];
    const attributes = expected[`${type}.${name}`];
    const isForeign =
      change.before !== null &&
      change.importing === undefined &&
      !hasExpectedIdentity(resource, attributes, instance) &&
      !isOwnResource(resource, plan, instance);
    if (isForeign || !isOwnAddress(resource)) {
      return [
        refuse(
          address,
          `${address} is not a resource of instance ${instance.name}: another team may use this resource.`,
          notOurs(address),
        ),
      ];
    }
    if (isGone(resource)) return [];
    if (attributes === undefined) {
      return [
        refuse(
          address,
          `The environment file does not configure the resource ${address} for instance ${instance.name}: the resource may belong to another team.`,
        ),
      ];
    }
    const problems = differences(resource, attributes, plan, instance);
    if (problems.length === 0) return [];
    return [
      refuse(
        address,
        `${address} would differ from the environment file for instance ${instance.name}: ${joinWords(problems)}.`,
      ),
    ];
  });
  return [
    ...wrong,
    ...missing(plan, Object.keys(expected), instance).map((address) => refuse(address, missingText(address, instance))),
  ];
};

/** Whether a resource that is changed in place has the name that the environment file gives it. */
function hasExpectedIdentity(
  { type, change }: ResourceChange,
  expected: AttributeValues | undefined,
  instance: InstanceConfig,
): boolean {
  if (expected === undefined || change.actions.includes("delete") || change.actions.includes("forget")) return false;
  const wanted = { ...resourceType(type)?.providerDefaults, ...expected };
  const keys = resourceType(type)?.identity ?? [];
  return (
    keys.every((key) => isEqual(valueAt(change.before, key), wanted[key])) &&
    identityProblems(type, change.before, instance).length === 0
  );
}

const notOurs = (address: string): string =>
  `Do not apply this plan. If the state is wrong, remove the resource from the state (terraform state rm ${address}) and plan again. ` +
  "Otherwise check for edits in stacks/ and in the synthesized directory.";

/** The expected resources that would not exist after the apply. */
function missing(plan: PlanJson, expected: readonly string[], { adoptExisting }: InstanceConfig): readonly string[] {
  // Without a table, the plan belongs to another stack, and with errors or targets the plan is incomplete. Other rules report that.
  if (!plan.complete || plan.errored || tableValues(plan) === undefined) return [];
  const planned = new Set(managedChanges(plan).map(({ type, name }) => `${type}.${name}`));
  return expected.filter(
    (address) =>
      !planned.has(address) &&
      !(/_decrypt$|\.decrypt$/.test(address) && (tableKey(plan) ?? "") === "") &&
      !(address.includes("_exclusive.") && adoptExisting?.role !== true),
  );
}

const missingText = (address: string, { name }: InstanceConfig): string =>
  `The environment file configures the resource ${address} for instance ${name}, but the plan does not contain it.`;

/** A planned value; undefined if it is not known before the apply. */
function plannedText(plan: PlanJson, address: string, key: string): string | undefined {
  const resource = managedChanges(plan).find((other) => other.address === address && other.deposed === undefined);
  return resource === undefined ? undefined : textAt(resource.change.after ?? resource.change.before, key);
}

/** Whether the resource is removed and not replaced. */
const isGone = (resource: ResourceChange): boolean =>
  isRemoved(resource) && (resource.deposed !== undefined || !resource.change.actions.includes("create"));

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

/**
 * Attributes that AWS assigns and that a plan must not change. Only the version of a function may change: it is unknown before the apply.
 */
const assigned: readonly string[] = ["version", "contact_flow_id", "contact_flow_module_id", "dashboard_arn"];

/** One text for each attribute that would be wrong after the apply. */
function differences(
  resource: ResourceChange,
  expected: AttributeValues,
  plan: PlanJson,
  instance: InstanceConfig,
): readonly string[] {
  const { type, change } = resource;
  const ignored = [...shownInReview, ...derivedAttributes(type).filter((key) => !settable.includes(key))];
  const keys = new Set([
    ...Object.keys(expected),
    ...Object.keys(fieldsOf(change.after)),
    ...Object.keys(fieldsOf(change.after_unknown)),
  ]);
  const problems = [...keys].sort().flatMap((key): readonly string[] => {
    if (isMarked(withoutDerived(valueAt(change.after_unknown, key), expected[key]))) {
      return mayBeUnknown(resource, key, expected[key], plan, instance) ? [] : [`${key} is known only after the apply`];
    }
    if (Object.hasOwn(expected, key)) return wrongValue(key, valueAt(change.after, key), expected[key]);
    const before = valueAt(change.before, key);
    if (assigned.includes(key) && typeof before === "string" && !isReplaced(resource)) {
      return isEqual(before, valueAt(change.after, key))
        ? []
        : [`${key} is ${shortJson(valueAt(change.after, key))} instead of ${shortJson(before)}`];
    }
    return ignored.includes(key) ? [] : unsetProblem(resource, key, plan, instance);
  });
  const isAllUnknown = isMarked(change.after_unknown) && Object.keys(fieldsOf(change.after_unknown)).length === 0;
  return [
    ...(isAllUnknown ? ["every value is known only after the apply"] : []),
    ...identityProblems(type, change.after, instance),
    ...problems,
  ];
}

/** The marks of unknown values in an attribute, without those that AWS derives. */
function withoutDerived(mask: unknown, expected: unknown): unknown {
  if (!(expected instanceof Pattern) || !Array.isArray(mask)) return mask;
  return mask.map((block: unknown) =>
    typeof block === "object"
      ? Object.fromEntries(Object.entries(fieldsOf(block)).filter(([name]) => !expected.derived.includes(name)))
      : block,
  );
}

const isReplaced = ({ change }: ResourceChange): boolean => change.before === null || change.actions.length > 1;

/** Whether a plan that follows the environment file leaves the attribute unknown. */
function mayBeUnknown(
  resource: ResourceChange,
  key: string,
  expected: unknown,
  plan: PlanJson,
  { tags }: InstanceConfig,
): boolean {
  const { type, name, change } = resource;
  if (!isNothing(valueAt(change.after, key))) return false;
  // Without tags in the environment file, the provider does not know the tags of a new resource before the apply.
  if (key === "tags_all") return isReplaced(resource) && Object.keys(tags).length === 0;
  const reference = resourceType(type)?.references?.[key];
  if (reference !== undefined) {
    if (expected instanceof Pattern && !expected.mayBeUnknown) return false;
    const source = `${reference.type}.${reference.name ?? name}`;
    return managedChanges(plan).some(
      (other) =>
        other.address === source &&
        other.deposed === undefined &&
        isMarked(valueAt(other.change.after_unknown, reference.attribute)),
    );
  }
  if (expected !== undefined) return false;
  if (settable.includes(key)) return false;
  const known = isReplaced(resource)
    ? isKnownAfterApply(type, key)
    : [...derivedAttributes(type), "version"].includes(key);
  // A later provider may set attributes that the catalogue does not have.
  return known || isConfigured(resource, key, plan) === false;
}

/** Whether the configuration sets the attribute; undefined if the plan does not show the arguments of the resource. */
function isConfigured({ type, name }: ResourceChange, key: string, { configuration }: PlanJson): boolean | undefined {
  const resource = itemsOf(valueAt(valueAt(configuration, "root_module"), "resources")).find(
    (other) => textAt(other, "type") === type && textAt(other, "name") === name && textAt(other, "mode") === "managed",
  );
  const expressions = valueAt(resource, "expressions");
  return expressions === undefined ? undefined : Object.hasOwn(fieldsOf(expressions), key);
}

/** A text if the value of an attribute from the environment file is wrong. */
function wrongValue(key: string, value: unknown, expected: unknown): readonly string[] {
  if (isExpected(value, expected)) return [];
  if (expected instanceof Pattern) return [`${key} is ${shortJson(value)} instead of ${expected.description}`];
  return [
    JSON.stringify(value ?? null).length > maxLength
      ? `${key} differs (the review shows its planned value)`
      : `${key} is ${shortJson(value)} instead of ${shortJson(expected)}`,
  ];
}

/** A text if an attribute has a value, although the environment file does not set the attribute. */
function unsetProblem(
  resource: ResourceChange,
  key: string,
  plan: PlanJson,
  { region }: InstanceConfig,
): readonly string[] {
  const { type, change } = resource;
  const value = valueAt(change.after, key);
  const defaults = resourceType(type)?.providerDefaults ?? {};
  if (isNothing(value) && !(value === false && defaults[key] === true)) return [];
  if (Object.hasOwn(defaults, key) && isEqual(value, defaults[key])) return [];
  // The 6.x provider writes the region into each resource.
  if (key === "region" && value === region) return [];
  // AWS keeps a value that the configuration does not set.
  const isKept = change.before !== null && isEqual(value, valueAt(change.before, key));
  if (isKept && isConfigured(resource, key, plan) !== true) return [];
  return [`${key} is ${shortJson(value)}, which the environment file does not set`];
}

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);
