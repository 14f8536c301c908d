/** Types and small builders for IAM policy documents. */
import type { InstanceConfig } from "../../../config/types";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action?: readonly string[];
  /** Every action except these. */
  readonly NotAction?: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Condition;
}

export interface Condition {
  readonly StringEquals?: Readonly<Record<string, string | readonly string[]>>;
  /** Holds if every value of the request is in the list. */
  readonly "ForAllValues:StringEquals"?: Readonly<Record<string, readonly string[]>>;
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** @param Sid says what the statement allows */
export function allow(
  Sid: string,
  actions: readonly string[],
  Resource: readonly string[],
  Condition?: Condition,
): Statement {
  const statement: Statement = { Sid, Effect: "Allow", Action: [...actions].sort(), Resource };
  return Condition === undefined ? statement : { ...statement, Condition };
}

/** A list with the statement; an empty list if there are no resources. */
export const allowIfAny = (Sid: string, actions: readonly string[], resources: readonly string[]): Statement[] =>
  resources.length === 0 ? [] : [allow(Sid, actions, resources)];

/** Limits reads of items to these attributes. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html */
export const onlyAttributes = (attributes: readonly string[]): Condition => ({
  // Without this line, a request that names no attribute would read all attributes.
  StringEquals: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
  "ForAllValues:StringEquals": { "dynamodb:Attributes": attributes },
});

/** The ARNs of the instances, without duplicates. */
export function unique(instances: readonly InstanceConfig[], arn: (instance: InstanceConfig) => string): string[] {
  return [...new Set(instances.map(arn))];
}
