/** The review of a fleet's plans: what one person must see before they say yes, the verdict first. */
import type { Allowance, InstanceConfig } from "../../config/types";
import type { GuardResult, Violation } from "../guard/guard";
import type { PlanJson } from "../terraform/plan-json";
import { redactNumbers } from "../output/redact";
import type { ChangeByOthers, Counts, ResourceDiff } from "./diff";
import { changesByOthers, countsOf, diffOfPlan } from "./diff";
import { inGroups } from "./groups";
import type { Shared } from "./groups";

/** One stack of the fleet and what became of its plan. */
export interface PlannedStack {
  readonly instance: InstanceConfig;
  readonly plan?: PlanJson;
  readonly guard?: GuardResult;
  /** Why there is no plan: one or more lines. */
  readonly failure?: string;
  /** Its synthesized output is the same as that of the base, so it was not planned. */
  readonly unchanged?: boolean;
}

export interface ReviewOptions {
  /** Above the verdict. @default "Call blocking" */
  readonly title?: string;
}

export interface Verdict {
  /** 0: nothing to do; 1: failed; 2: changes, all allowed; 3: refused. */
  readonly exitCode: 0 | 1 | 2 | 3;
  readonly sentence: string;
}

/** A stack that was planned, or should have been. */
export interface Row {
  readonly stack: string;
  readonly counts?: Counts;
  readonly guard: "passed" | "allowed" | "refused" | "failed";
  /** Violations, or what was allowed. */
  readonly number: number;
}

/** A review, in the order in which it is read. */
export interface Review {
  readonly title: string;
  readonly verdict: Verdict;
  readonly rows: readonly Row[];
  /** Stacks whose synthesized output did not change. */
  readonly unchanged: number;
  readonly violations: readonly Shared<Violation>[];
  readonly failures: readonly Shared<string>[];
  readonly allowed: readonly Shared<{ readonly violation: Violation; readonly allowance: Allowance }>[];
  readonly expired: readonly Shared<Allowance>[];
  readonly unused: readonly Shared<Allowance>[];
  /** The most common change first; each stack is in one of them, or changes nothing. */
  readonly changes: readonly Shared<readonly ResourceDiff[]>[];
  readonly byOthers: readonly Shared<readonly ChangeByOthers[]>[];
}

/** What the whole fleet comes to. A refusal counts for more than a failure: it says that something must not be applied. */
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
    return { exitCode: 2, sentence: `${changing} of ${all} would change, and the guard has no objection.` };
  return { exitCode: 0, sentence: `Nothing to do: none of ${all} would change.` };
}

/** A plan that nobody judged is as good as none. */
function isFailed({ unchanged, plan, guard, failure }: PlannedStack): boolean {
  return failure !== undefined || (unchanged !== true && (plan === undefined || guard === undefined));
}

/** Whether an apply would do anything at all: to resources, imports and moves included, or to outputs. */
export function hasChanges(plan: PlanJson): boolean {
  return (
    diffOfPlan(plan).length > 0 || Object.values(plan.output_changes).some(({ actions }) => actions.join() !== "no-op")
  );
}

/** Everything that is shown, of all stacks together. */
export function reviewOf(stacks: readonly PlannedStack[], { title = "Call blocking" }: ReviewOptions = {}): Review {
  const each = <T>(values: (stack: PlannedStack) => readonly T[]): Shared<T>[] =>
    inGroups(stacks.flatMap((stack) => values(stack).map((value) => ({ instance: stack.instance, value }))));
  const rows = stacks
    .filter((stack) => stack.unchanged !== true || isFailed(stack) || stack.plan !== undefined)
    .map(rowOf);
  return {
    title,
    verdict: verdictOf(stacks),
    rows: [...rows].sort((a, b) => urgency(a) - urgency(b)),
    unchanged: stacks.length - rows.length,
    violations: each(({ guard }) => (guard?.violations ?? []).map(masked)),
    failures: each((stack) =>
      isFailed(stack)
        ? [redactNumbers(stack.failure ?? "There is no plan that the guard has judged. Plan it again.")]
        : [],
    ),
    allowed: each(({ guard }) => (guard?.allowed ?? []).map(masked)),
    expired: each(({ guard }) => guard?.expired ?? []),
    unused: each(({ guard }) => guard?.unused ?? []),
    changes: each(({ plan }) => nonEmpty(plan === undefined ? [] : diffOfPlan(plan))),
    byOthers: each(({ plan }) => nonEmpty(plan === undefined ? [] : changesByOthers(plan))),
  };
}

const nonEmpty = <T>(list: readonly T[]): readonly (readonly T[])[] => (list.length === 0 ? [] : [list]);

const masked = <T>(value: T): T => JSON.parse(redactNumbers(JSON.stringify(value))) as T;

function rowOf(stack: PlannedStack): Row {
  const { instance, plan, guard } = stack;
  const refused = guard?.violations.length ?? 0;
  const allowed = guard?.allowed.length ?? 0;
  return {
    stack: instance.stackName,
    ...(plan === undefined ? {} : { counts: countsOf(plan) }),
    ...(refused > 0
      ? { guard: "refused", number: refused }
      : isFailed(stack)
        ? { guard: "failed", number: 0 }
        : { guard: allowed > 0 ? "allowed" : "passed", number: allowed }),
  };
}

/** What must be looked at stands on top; what changes nothing, at the end. */
function urgency({ guard, counts }: Row): number {
  if (guard !== "passed") return ["refused", "failed", "allowed"].indexOf(guard);
  return counts !== undefined && Object.values(counts).some((count: number) => count > 0) ? 3 : 4;
}

/** The guard's word on a stack, in a cell of the table. */
export function guardWord({ guard, number }: Row): string {
  if (guard === "refused") return `refused (${number})`;
  return guard === "allowed" ? `passed, ${number} by allowance` : guard;
}

/** `a`, `a and b`, or `a, b and 12 more`. */
export function stacksWord(stacks: readonly string[], most = 6): string {
  if (stacks.length === 1) return stacks[0] ?? "";
  const shown = stacks.length > most ? stacks.slice(0, most - 1) : stacks.slice(0, -1);
  const last = stacks.length > most ? `${stacks.length - shown.length} more` : (stacks.at(-1) ?? "");
  return `${shown.join(", ")} and ${last}`;
}
