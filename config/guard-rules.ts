/** Ids of the guard rules, and the reason why some rules allow no exception. The guard checks each plan before the apply. */

const vendorData = "the table is the vendor's live data, and a change cannot be undone";

/** The reason why no allowance can disable the rule. Undefined: an allowance can disable the rule for one resource. */
const neverAllowedReasons = {
  "whole-plan": "an incomplete plan does not show everything that Terraform will change",
  "table-kept": vendorData,
  "table-identity": "the stack may adopt only the table of its own instance",
  "table-settings": vendorData,
  "table-attributes": vendorData,
  "table-indexes": vendorData,
  "other-dynamodb": "call blocking changes nothing in DynamoDB except its index",
  rename: "a moved block renames a resource without deleting it",
  "own-types": undefined,
  imports: undefined,
  deletion: undefined,
  "call-path": undefined,
  "security-settings": undefined,
  content: "the environment file is the only source for the attributes of the resources",
} as const satisfies Readonly<Record<string, string | undefined>>;

export type GuardRuleId = keyof typeof neverAllowedReasons;

export const guardRuleIds = Object.keys(neverAllowedReasons) as readonly GuardRuleId[];

/** The reason why no allowance can disable the rule; undefined if an allowance can disable it. */
export const neverAllowed = (rule: GuardRuleId): string | undefined => neverAllowedReasons[rule];
