/** The rules by which a plan is judged before it is applied: their names, which allowances use, and what each demands. */

interface GuardRule {
  /** What the rule demands, as a sentence without its full stop. */
  readonly demands: string;
  /** Why no allowance can lift it; absent where one can. */
  readonly never?: string;
}

const theirs = "the table is its owner's live data, and what is done to it cannot be undone";

export const guardRules = {
  "whole-plan": {
    demands: "The plan is complete, without errors, and says nothing that the guard does not know",
    never: "what a plan leaves out is done all the same",
  },
  "table-kept": { demands: "The contact table is never created, replaced or deleted", never: theirs },
  "table-identity": { demands: "The adopted table is the instance's own", never: "any other table is somebody else's" },
  "table-settings": { demands: "No setting of the table changes", never: theirs },
  "table-attributes": { demands: "No key of the table and no existing attribute definition changes", never: theirs },
  "table-indexes": { demands: "No index of the table changes but the one of call blocking", never: theirs },
  "other-dynamodb": {
    demands: "Nothing else of DynamoDB and its scaling changes",
    never: "call blocking needs nothing there but its index",
  },
  rename: {
    demands: "A resource that gets another address is moved, not deleted",
    never: "a moved block does the same without a deletion",
  },
  "own-types": { demands: "Nothing changes but what call blocking is made of" },
  imports: { demands: "Nothing is imported but what belongs to this instance" },
  deletion: { demands: "Nothing is deleted or let go" },
  "call-path": { demands: "No running flow loses its module or its function" },
} as const satisfies Readonly<Record<string, GuardRule>>;

export type GuardRuleId = keyof typeof guardRules;

export const guardRuleIds = Object.keys(guardRules) as readonly GuardRuleId[];

/** Why no allowance can lift a rule; undefined where one can. */
export const neverAllowed = (rule: GuardRuleId): string | undefined => (guardRules[rule] as GuardRule).never;
