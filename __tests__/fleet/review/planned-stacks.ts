/** Planned stacks for tests of the review, from recorded plans. */
import { guard } from "../../../fleet/guard/guard";
import { parsePlan } from "../../../fleet/terraform/plan-json";
import type { PlannedStack } from "../../../fleet/review/review";
import { recordedInstance, recordedJson, recordedSettings } from "../guard/recorded-plan";

/** The day on which the guard judges the plans. */
export const today = "2026-06-30";

/** The recorded plan, with another instance name. */
export function planned(recorded: string, name = "recorded", more = recordedSettings[recorded] ?? ""): PlannedStack {
  const instance = recordedInstance(more, name);
  const plan = parsePlan(recordedJson(recorded).replaceAll("recorded", name));
  return { instance, plan, guard: guard(plan, instance, today) };
}

/** A stack without a plan. */
export const without = (name: string, rest: Partial<PlannedStack>): PlannedStack => ({
  instance: recordedInstance("", name),
  ...rest,
});

const allowed = `allowances:
      - { resource: aws_cloudwatch_log_group.blocked_calls, rule: deletion, reason: The log moves to the shared group., until: 2026-12-31 }
      - { resource: aws_iam_role.old, rule: deletion, reason: The old role goes., until: 2026-01-31 }`;

/** Stacks that together use every part of a review. */
export const everything: readonly PlannedStack[] = [
  ...["north", "south", "east"].map((name) => planned("module-edit", name)),
  planned("adoption", "fresh"),
  planned("foreign-index-deleted", "support"),
  planned("association-gap", "sales"),
  planned("log-group-deleted", "archive", allowed),
  planned("module-edited-in-console", "helpdesk"),
  planned("vendor-index-added", "calm"),
  planned("lambda-edit", "exempt"),
  without("broken", {
    failure: "Error: No valid credential sources found\n\n  with provider aws\n\nCaller +15555550123 `x`",
  }),
  without("same", { unchanged: true }),
];
