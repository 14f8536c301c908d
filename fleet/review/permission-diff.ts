/** Who may do what: the difference between two policies, an action and a resource at a time. */
import type { ResourceChange } from "../terraform/plan-json";
import { PERMISSION } from "../guard/managed-types";
import { canonicalJson, fieldsOf, isMarked, itemsOf, textAt, valueAt } from "../terraform/json-values";
import { redactNumbers } from "../output/redact";
import type { DiffLine } from "./diff-line";

/** Keys of resources that hold a policy document. */
export const isPolicy = (key: string): boolean => /(^|_)policy$/.test(key);

/** What a resource's policies allow and deny, before and after; empty where it has none. */
export function policyLines({ type, change }: ResourceChange): DiffLine[] {
  const isGone = change.actions.join() === "delete" || change.actions.join() === "forget";
  const after = isGone ? null : change.after;
  const keys = [...new Set([...Object.keys(fieldsOf(change.before)), ...Object.keys(fieldsOf(after))])].filter(
    isPolicy,
  );
  const ofPolicies = keys.sort().flatMap((key): DiffLine[] => {
    if (isMarked(valueAt(change.before_sensitive, key)) || isMarked(valueAt(change.after_sensitive, key))) return [];
    return difference(granted(valueAt(change.before, key)), granted(valueAt(after, key)));
  });
  const unknown = Object.entries(fieldsOf(change.after_unknown)).filter(
    ([key, mask]) => isPolicy(key) && isMarked(mask),
  );
  return [
    ...ofPolicies,
    ...unknown.map(([key]): DiffLine => ({ sign: "~", text: `${key}: known only after the apply` })),
    ...(isGone ? [] : exclusive(type, after)),
    ...(type === PERMISSION ? difference(invocation(change.before), invocation(after)) : []),
  ];
}

/** What a role keeps, where everything else is taken from it. */
function exclusive(type: string, values: unknown): DiffLine[] {
  const kept: Readonly<Record<string, readonly [what: string, key: string]>> = {
    aws_iam_role_policies_exclusive: ["inline policies", "policy_names"],
    aws_iam_role_policy_attachments_exclusive: ["attached policies", "policy_arns"],
  };
  const [what, key] = kept[type] ?? [];
  if (what === undefined || key === undefined) return [];
  const names = itemsOf(valueAt(values, key)).map(told);
  return [
    {
      sign: "-",
      text: redactNumbers(
        `all ${what} of role ${told(valueAt(values, "role_name"))} but ${names.length === 0 ? "none" : names.join(", ")}`,
      ),
    },
  ];
}

function difference(before: readonly string[], after: readonly string[]): DiffLine[] {
  return [
    ...before.filter((one) => !after.includes(one)).map((text): DiffLine => ({ sign: "-", text })),
    ...after.filter((one) => !before.includes(one)).map((text): DiffLine => ({ sign: "+", text })),
  ];
}

/** One line for each action on each resource. */
function granted(policy: unknown): string[] {
  if (typeof policy !== "string" || policy === "") return [];
  let document: unknown;
  try {
    document = JSON.parse(policy);
  } catch {
    return [`something that is no policy: ${redactNumbers(policy.slice(0, 80))}`];
  }
  const statements = asList(valueAt(document, "Statement"));
  const lines = statements.flatMap((statement) => {
    const effect = textAt(statement, "Effect") ?? "(no effect)";
    const notActions = valueAt(statement, "NotAction");
    const actions = [
      ...asList(valueAt(statement, "Action")).map(told),
      ...asList(notActions).map((one) => `everything but ${told(one)}`),
    ];
    const resources = [
      ...asList(valueAt(statement, "Resource")).map((one) => ` on ${told(one)}`),
      ...asList(valueAt(statement, "NotResource")).map((one) => ` on everything but ${told(one)}`),
    ];
    const principal = valueAt(statement, "Principal") ?? valueAt(statement, "NotPrincipal");
    const who =
      principal === undefined
        ? ""
        : `${valueAt(statement, "NotPrincipal") === undefined ? "" : "everybody but "}${told(principal)} `;
    const condition = valueAt(statement, "Condition");
    const when = condition === undefined ? "" : `, where ${told(condition)}`;
    return (actions.length === 0 ? ["(no action)"] : actions).flatMap((action) =>
      (resources.length === 0 ? [""] : resources).map((resource) =>
        redactNumbers(
          `${effect === "Allow" ? "may" : effect === "Deny" ? "must not" : effect}: ${who}${action}${resource}${when}`,
        ),
      ),
    );
  });
  return [...new Set(lines)].sort();
}

/** What `aws_lambda_permission` lets somebody do. */
function invocation(values: unknown): string[] {
  const action = textAt(values, "action");
  if (action === undefined) return [];
  const { principal, source_arn, source_account, function_name, qualifier } = fieldsOf(values);
  return [
    redactNumbers(
      `may: ${told(principal)} ${action} on ${told(function_name)}:${told(qualifier ?? "$LATEST")}, from ${told(source_arn ?? "anywhere")} of ${told(source_account ?? "any account")}`,
    ),
  ];
}

const asList = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? itemsOf(value) : [value];

const told = (value: unknown): string => (typeof value === "string" ? value : canonicalJson(value));
