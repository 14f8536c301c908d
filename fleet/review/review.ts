/** The review of the plans of all selected stacks: the verdict, the refusals, and every change. */
import type { Allowance, InstanceConfig } from "../../config/types";
import type { GuardResult, Violation } from "../guard/guard";
import { isTouched, type PlanJson } from "../terraform/plan-json";
import { boundedLines, maxName, oneLine } from "../output/foreign-text";
import { redactNumbers } from "../output/redact";
import { changesByOthers } from "./changes-by-others";
import type { ChangeByOthers } from "./changes-by-others";
import { countsOf } from "./counts";
import type { Counts } from "./counts";
import { diffOfPlan } from "./diff";
import type { ResourceDiff } from "./diff";
import type { DiffLine } from "./diff-line";
import { groupEqual, withoutInstanceNames } from "./groups";
import type { Shared } from "./groups";

/** Title above the verdict. */
export const reviewTitle = "Call blocking";

/** One stack, and the result of planning it. */
export interface PlannedStack {
  readonly instance: InstanceConfig;
  readonly plan?: PlanJson;
  readonly guard?: GuardResult;
  /** Checks that failed, with the cause. */
  readonly warnings?: readonly string[];
  /** Why planning failed: one or more lines. */
  readonly failure?: string;
  /** Whether the stack was not planned because its synthesized output equals the output of the base ref. */
  readonly unchanged?: boolean;
}

export interface Verdict {
  /** 0: no changes; 1: planning failed; 2: changes that the guard allows; 3: refused. */
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly sentence: string;
}

/** One stack in the table. */
export interface Row {
  readonly stack: string;
  readonly counts?: Counts;
  readonly guard: "passed" | "allowed" | "refused" | "failed";
  /** Number of violations, or of allowed violations. */
  readonly violationCount: number;
}

/** The content of a review, in reading order. */
export interface Review {
  readonly verdict: Verdict;
  readonly rows: readonly Row[];
  /** Number of stacks whose synthesized output did not change. */
  readonly unchanged: number;
  readonly violations: readonly Shared<Violation>[];
  readonly failures: readonly Shared<string>[];
  readonly warnings: readonly Shared<string>[];
  readonly allowed: readonly Shared<{ readonly violation: Violation; readonly allowance: Allowance }>[];
  readonly expired: readonly Shared<Allowance>[];
  readonly unused: readonly Shared<Allowance>[];
  /** The most common change first. Each stack with changes is in one group. */
  readonly changes: readonly Shared<readonly ResourceDiff[]>[];
  readonly changesByOthers: readonly Shared<readonly ChangeByOthers[]>[];
}

/** The verdict on all stacks. A refusal has precedence over a failure, because a refused plan must not be applied. */
export function verdictOf(stacks: readonly PlannedStack[]): Verdict {
  const refused = stacks.filter(({ guard }) => guard !== undefined && guard.violations.length > 0).length;
  const failed = stacks.filter(isFailed).length;
  const changing = stacks.filter(({ plan }) => plan !== undefined && hasChanges(plan)).length;
  const all = `${stacks.length} ${stacks.length === 1 ? "instance" : "instances"}`;
  const failures = failed === 0 ? "" : ` ${failed} of ${all} could not be planned.`;
  if (refused > 0) {
    return {
      exitCode: 3,
      sentence: `Refused: ${refused === 1 ? "the plan" : "the plans"} of ${refused} of ${all} must not be applied.${failures}`,
    };
  }
  if (failed > 0) return { exitCode: 1, sentence: `Failed:${failures}` };
  if (changing > 0)
    return { exitCode: 2, sentence: `${changing} of ${all} would change. The guard allows all changes.` };
  const unchanged = stacks.length === 1 ? "the instance would not change" : `none of ${all} would change`;
  return { exitCode: 0, sentence: `Nothing to do: ${unchanged}.` };
}

/** Whether planning failed. A plan that the guard has not checked counts as a failure. */
function isFailed({ unchanged, plan, guard, failure }: PlannedStack): boolean {
  return failure !== undefined || (unchanged !== true && (plan === undefined || guard === undefined));
}

/** Whether an apply would do anything: change, import or move a resource, or change an output. */
export function hasChanges(plan: PlanJson): boolean {
  return (
    plan.resource_changes.some(isTouched) ||
    Object.values(plan.output_changes).some(({ actions }) => actions.join() !== "no-op")
  );
}

export function reviewOf(stacks: readonly PlannedStack[]): Review {
  const grouped = <T>(values: (stack: PlannedStack) => readonly T[]): Shared<T>[] =>
    groupEqual(stacks.flatMap((stack) => values(stack).map((value) => ({ instance: stack.instance, value }))));
  const rows = stacks
    .filter((stack) => stack.unchanged !== true || isFailed(stack) || stack.plan !== undefined)
    .map(rowOf);
  return {
    verdict: verdictOf(stacks),
    rows: [...rows].sort((a, b) => urgency(a) - urgency(b)),
    unchanged: stacks.length - rows.length,
    violations: grouped(({ guard }) => (guard?.violations ?? []).map(redacted)),
    failures: grouped((stack) =>
      isFailed(stack)
        ? [
            boundedLines(
              redactNumbers(stack.failure ?? "The guard has not checked a plan of this stack. Plan the stack again."),
            ),
          ]
        : [],
    ),
    warnings: grouped(({ warnings = [] }) => warnings.map((warning) => boundedLines(redactNumbers(warning)))),
    allowed: grouped(({ guard }) => (guard?.allowed ?? []).map(redacted)),
    expired: grouped(({ guard }) => (guard?.expired ?? []).map(shownAllowance)),
    unused: grouped(({ guard }) => (guard?.unused ?? []).map(shownAllowance)),
    changes: groupedPlans(stacks, diffOfPlan).map(shownGroup),
    changesByOthers: groupedPlans(stacks, changesByOthers).map(shownGroup),
  };
}

/** Groups the stacks whose plans have equal differences. */
function groupedPlans<T>(
  stacks: readonly PlannedStack[],
  differencesOf: (plan: PlanJson) => readonly T[],
): Shared<readonly T[]>[] {
  const compared = stacks.flatMap(({ instance, plan }) => {
    const value = plan === undefined ? [] : differencesOf(plan);
    return plan === undefined || value.length === 0 ? [] : [{ instance, plan, value }];
  });
  // One stack has no group, so it needs no placeholders.
  if (compared.length < 2) return groupEqual(compared);
  return groupEqual(
    compared.map(({ instance, plan, value }) => {
      const { resource_changes, resource_drift, output_changes } = plan;
      const changes = { resource_changes: resource_changes.filter(isTouched), resource_drift, output_changes };
      return { instance, value, generic: differencesOf({ ...plan, ...withoutInstanceNames(changes, instance) }) };
    }),
  );
}

/** Characters of a line in the review. */
const maxLine = 1000;

/** A line of a review, without unprintable characters. */
export const shownLine = ({ sign, text }: DiffLine): DiffLine => ({ sign, text: oneLine(text, maxLine) });

/**
 * Shortens names and values, and puts each on one line. This is the last step, after the comparison: two long values can differ only in
 * the part that is cut.
 */
function shownGroup<T extends ResourceDiff | ChangeByOthers>({
  stacks,
  value,
}: Shared<readonly T[]>): Shared<readonly T[]> {
  const shown = value.map((change) => ({
    ...change,
    address: oneLine(change.address, maxName),
    lines: change.lines.map(shownLine),
    iam: change.iam.map(shownLine),
    ...(change.flow === undefined ? {} : { flow: { ...change.flow, title: oneLine(change.flow.title, maxName) } }),
  }));
  return { stacks, value: shown };
}

const shownAllowance = ({ resource, rule, reason, until }: Allowance): Allowance => ({
  resource: oneLine(resource, maxName),
  rule,
  reason: oneLine(reason),
  until,
});

const redacted = <T>(value: T): T => JSON.parse(redactNumbers(JSON.stringify(value))) as T;

function rowOf(stack: PlannedStack): Row {
  const { instance, plan, guard } = stack;
  const refused = guard?.violations.length ?? 0;
  const allowed = guard?.allowed.length ?? 0;
  return {
    stack: instance.stackName,
    ...(plan === undefined ? {} : { counts: countsOf(plan) }),
    ...(refused > 0
      ? { guard: "refused", violationCount: refused }
      : isFailed(stack)
        ? { guard: "failed", violationCount: 0 }
        : { guard: allowed > 0 ? "allowed" : "passed", violationCount: allowed }),
  };
}

/** Position in the table: refusals first, stacks without changes last. */
function urgency({ guard, counts }: Row): number {
  if (guard !== "passed") return ["refused", "failed", "allowed"].indexOf(guard);
  return counts !== undefined && Object.values(counts).some((count: number) => count > 0) ? 3 : 4;
}

/** The guard's result, for a cell of the table. */
export function guardText({ guard, violationCount }: Row): string {
  if (guard === "refused") return `refused (${violationCount})`;
  return guard === "allowed" ? `passed, ${violationCount} by allowance` : guard;
}

/** `a`, `a and b`, or `a, b and 12 more`. */
export function stackList(stacks: readonly string[], maxNames = 6): string {
  if (stacks.length === 1) return stacks[0] ?? "";
  const shown = stacks.length > maxNames ? stacks.slice(0, maxNames - 1) : stacks.slice(0, -1);
  const last = stacks.length > maxNames ? `${stacks.length - shown.length} more` : (stacks.at(-1) ?? "");
  return `${shown.join(", ")} and ${last}`;
}
