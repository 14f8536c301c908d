/** A fleet for tests of the review: plans of a real Terraform, one of them as several instances would have it. */
import { guard } from "../../../fleet/guard/guard";
import { parsePlan } from "../../../fleet/terraform/plan-json";
import type { PlannedStack } from "../../../fleet/review/review";
import { recordedInstance, recordedJson } from "../guard/recorded-plan";

/** The day on which they are judged. */
export const today = "2026-06-30";

/** The recorded plan as it would be for an instance of another name. */
export function planned(recorded: string, name = "recorded", more = ""): PlannedStack {
  const instance = recordedInstance(more, name);
  const plan = parsePlan(recordedJson(recorded).replaceAll("recorded", name));
  return { instance, plan, guard: guard(plan, instance, today) };
}

/** Without a plan. */
export const without = (name: string, rest: Partial<PlannedStack>): PlannedStack => ({
  instance: recordedInstance("", name),
  ...rest,
});

const allowed = `allowances:
      - { resource: aws_cloudwatch_log_group.blocked_calls, rule: deletion, reason: The log moves to the shared group., until: 2026-12-31 }
      - { resource: aws_iam_role.old, rule: deletion, reason: The old role goes., until: 2026-01-31 }`;

/** Everything that a review can show, at once. */
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
