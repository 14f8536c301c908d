/** Decides as IAM does whether policies allow a call, for the parts of the policy language that our policies use. */
import type { PolicyDocument, Statement } from "../../fleet/aws/iam/statement";

/** What IAM is asked: an action on a resource, with the condition keys of the request. */
export interface Question {
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

export type Decision = "allowed" | "denied explicitly" | "not allowed";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html */
export function decide(policies: readonly PolicyDocument[], question: Question): Decision {
  const applicable = policies.flatMap(({ Statement }) => Statement).filter((statement) => applies(statement, question));
  if (applicable.some(({ Effect }) => Effect === "Deny")) return "denied explicitly";
  return applicable.length > 0 ? "allowed" : "not allowed";
}

function applies(statement: Statement, { action, resource, context = {} }: Question): boolean {
  const named = (statement.Action ?? statement.NotAction ?? []).some((pattern) =>
    matches(pattern.toLowerCase(), action.toLowerCase()),
  );
  return (
    named === (statement.Action !== undefined) &&
    statement.Resource.some((pattern) => matches(pattern, resource)) &&
    Object.entries(statement.Condition?.StringEquals ?? {}).every(([key, values]) =>
      [values].flat().some((value) => context[key] === value),
    ) &&
    Object.entries(statement.Condition?.["ForAllValues:StringEquals"] ?? {}).every(([key, values]) =>
      [context[key] ?? []].flat().every((value) => values.includes(value)),
    )
  );
}

function matches(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\?]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${escaped}$`).test(text);
}
