/** One statement of a policy, and the document that holds some. */
import type { InstanceConfig } from "../../../config/types";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action?: readonly string[];
  /** Every action but these. */
  readonly NotAction?: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: {
    readonly StringEquals?: Readonly<Record<string, string | readonly string[]>>;
    /** Holds where each of the request's values is among these. */
    readonly "ForAllValues:StringEquals"?: Readonly<Record<string, readonly string[]>>;
  };
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** @param Sid what it allows, as a name */
export function allow(Sid: string, Action: readonly string[], Resource: readonly string[]): Statement {
  return { Sid, Effect: "Allow", Action: [...Action].sort(), Resource };
}

/** The ARNs of what some instances have, each once. */
export function unique(instances: readonly InstanceConfig[], arn: (instance: InstanceConfig) => string): string[] {
  return [...new Set(instances.map(arn))];
}
