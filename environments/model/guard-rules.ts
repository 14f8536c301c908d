/** The rules by which a plan is judged before it is applied: their names, which allowances use, and what each protects. */

interface GuardRule {
  /** One line: what the rule demands. */
  readonly demands: string;
  /** Why no allowance can lift it; absent where one can. */
  readonly never?: string;
}

const tableIsTheirs = "the table is its owner's live data, and what happens to it cannot be undone";

export const guardRules = {
  "whole-plan": {
    demands: "the plan is complete, without errors, and of a format that the guard knows",
    never: "a plan that is not whole says nothing of the rest",
  },
  "table-kept": { demands: "the contact table is never created, replaced or deleted", never: tableIsTheirs },
  "table-identity": { demands: "the table is the instance's own", never: "it would be somebody else's table" },
  "table-settings": { demands: "nothing of the table changes but its indexes and the attributes they need" },
  "table-attributes": { demands: "no key and no attribute definition changes", never: tableIsTheirs },
  "table-indexes": { demands: "no index changes but the one of call blocking", never: tableIsTheirs },
  "other-dynamodb": {
    demands: "nothing else of DynamoDB and its scaling changes",
    never: "this project has no business there",
  },
  "own-types": { demands: "only what this project makes changes" },
  imports: { demands: "only the instance's own table, function, role and module are imported" },
  deletion: { demands: "nothing is deleted" },
  "call-path": { demands: "no running flow is left without its module or its function" },
  rename: {
    demands: "a resource that gets another address is moved, not deleted",
    never: "a moved block does it without a deletion",
  },
} as const satisfies Readonly<Record<string, GuardRule>>;

export type GuardRuleId = keyof typeof guardRules;

export const guardRuleIds = Object.keys(guardRules) as readonly GuardRuleId[];
