/** Permissions that a change adds or removes: one line for each action and resource of a policy. */
import { isKnownAfterApply, PERMISSION, resourceType } from "../../stacks/resource-types";
import { redactNumbers } from "../output/redact";
import { canonicalJson, fieldsOf, isEqual, isMarked, itemsOf, textAt, valueAt } from "../terraform/json-values";
import type { ResourceChange } from "../terraform/plan-json";
import type { DiffLine } from "./diff-line";
import { compareValues, displayed } from "./value-diff";

/** Attributes of a role that grant or limit permissions but are not policy documents. */
const permissionLabels: Readonly<Record<string, string>> = {
  inline_policy: "inline policy",
  managed_policy_arns: "attached policy",
  permissions_boundary: "permissions boundary",
};

/** Whether an attribute contains a policy document, or another permission. */
export const isPolicy = (key: string): boolean =>
  // The number of attempts of a schedule is no permission.
  ((key === "policy" || key.endsWith("_policy")) && key !== "retry_policy") || Object.hasOwn(permissionLabels, key);

/** Lines for the permissions that the policies of a resource gain or lose; empty if the resource has no policies. */
export function policyLines({ type, change }: ResourceChange): DiffLine[] {
  const isRemoved = change.actions.join() === "delete" || change.actions.join() === "forget";
  const after = isRemoved ? null : change.after;
  const keys = [...new Set([...Object.keys(fieldsOf(change.before)), ...Object.keys(fieldsOf(after))])].filter(
    isPolicy,
  );
  const documents = keys.sort().flatMap((key): DiffLine[] => {
    const [before, planned] = [valueAt(change.before, key), valueAt(after, key)];
    if (isEqual(before, planned)) return [];
    // The provider derives an unknown policy from the other resources of the stack, so an unknown value is not a change.
    if (isMarked(valueAt(change.after_unknown, key)) && !isRemoved) return [];
    if (isMarked(valueAt(change.before_sensitive, key)) || isMarked(valueAt(change.after_sensitive, key))) {
      return [{ sign: "~", text: `${key}: (sensitive)` }];
    }
    const lines = addedAndRemoved(permissionLines(key, before), permissionLines(key, planned));
    // Without a changed permission, the change is in a part that grants nothing, such as the name of a statement.
    return lines.length > 0
      ? lines
      : compareValues(key, before ?? null, planned ?? null, { isNew: change.before === null, itemLabels: {} });
  });
  const isNew = change.before === null || change.actions.length > 1;
  const unknown = isRemoved
    ? []
    : Object.entries(fieldsOf(change.after_unknown)).filter(
        ([key, mask]) => isPolicy(key) && isMarked(mask) && !(isNew && isKnownAfterApply(type, key)),
      );
  return [
    ...documents,
    ...unknown.map(([key]): DiffLine => ({ sign: "~", text: `${key}: known only after the apply` })),
    ...(isRemoved ? [] : exclusiveListLines(type, after)),
    ...(type === PERMISSION
      ? addedAndRemoved(invocationLines(change.before), invocationLines(after, isRemoved ? {} : change.after_unknown))
      : []),
  ];
}

/** The policies that a role keeps; the apply removes all others from the role. */
function exclusiveListLines(type: string, values: unknown): DiffLine[] {
  const list = resourceType(type)?.diff?.exclusiveList;
  if (list === undefined) return [];
  const names = itemsOf(valueAt(values, list.attribute)).map(asText);
  const kept = names.length === 0 ? "" : ` except ${names.join(", ")}`;
  return [
    { sign: "-", text: redactNumbers(`all ${list.label} of role ${asText(valueAt(values, "role_name"))}${kept}`) },
  ];
}

function addedAndRemoved(before: readonly string[], after: readonly string[]): DiffLine[] {
  return [
    ...before.filter((line) => !after.includes(line)).map((text): DiffLine => ({ sign: "-", text })),
    ...after.filter((line) => !before.includes(line)).map((text): DiffLine => ({ sign: "+", text })),
  ];
}

/** One line for each permission in the value of an attribute. */
function permissionLines(key: string, value: unknown): string[] {
  const label = Object.hasOwn(permissionLabels, key) ? permissionLabels[key] : undefined;
  if (label === undefined) return statementLines(value);
  const items = Array.isArray(value) ? itemsOf(value) : asList(value ?? undefined);
  return items.flatMap((item) => {
    const policy = textAt(item, "policy");
    if (policy === undefined) return item === "" ? [] : [redactNumbers(`${label} ${asText(item)}`)];
    return statementLines(policy).map((line) => redactNumbers(`${label} ${textAt(item, "name") ?? ""}: ${line}`));
  });
}

/** One line for each action and resource of a policy document. */
function statementLines(policy: unknown): string[] {
  if (policy === undefined || policy === null || policy === "") return [];
  if (typeof policy !== "string") return [`not a policy document: ${displayed(policy)}`];
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    return [`not a policy document: ${redactNumbers(policy.slice(0, 80))}`];
  }
  const lines = asList(valueAt(document, "Statement")).flatMap((statement) => {
    const effect = textAt(statement, "Effect") ?? "(no effect)";
    const actions = [
      ...asList(valueAt(statement, "Action")).map(asText),
      ...asList(valueAt(statement, "NotAction")).map((action) => `everything except ${asText(action)}`),
    ];
    const resources = [
      ...asList(valueAt(statement, "Resource")).map((resource) => ` on ${asText(resource)}`),
      ...asList(valueAt(statement, "NotResource")).map((resource) => ` on everything except ${asText(resource)}`),
    ];
    const notPrincipal = valueAt(statement, "NotPrincipal");
    const principal = valueAt(statement, "Principal") ?? notPrincipal;
    const who =
      principal === undefined
        ? ""
        : `${notPrincipal === undefined ? "" : "all principals except "}${asText(principal)} `;
    const condition = valueAt(statement, "Condition");
    const when = condition === undefined ? "" : `, if ${asText(condition)}`;
    const verb = effect === "Allow" ? "may" : effect === "Deny" ? "must not" : effect;
    return (actions.length === 0 ? ["(no action)"] : actions).flatMap((action) =>
      (resources.length === 0 ? [""] : resources).map((resource) =>
        redactNumbers(`${verb}: ${who}${action}${resource}${when}`),
      ),
    );
  });
  return [...new Set(lines)].sort();
}

/** The invocation that an `aws_lambda_permission` allows. */
function invocationLines(values: unknown, unknown: unknown = {}): string[] {
  const action = textAt(values, "action");
  if (action === undefined) return [];
  const { principal, source_arn, source_account, function_name, qualifier } = fieldsOf(values);
  const source = (value: unknown, key: string, any: string): string =>
    isMarked(valueAt(unknown, key)) ? `(${key} known after the apply)` : asText(value ?? any);
  return [
    redactNumbers(
      `may: ${asText(principal)} ${action} on ${asText(function_name)}:${asText(qualifier ?? "$LATEST")}, from ${source(source_arn, "source_arn", "any source")} in ${source(source_account, "source_account", "any account")}`,
    ),
  ];
}

const asList = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? itemsOf(value) : [value];

const asText = (value: unknown): string => (typeof value === "string" ? value : canonicalJson(value));
