/** The review of a fleet's plans: what one person must see before they say yes. */
import type { InstanceConfig } from "../../environments/model/types";
import type { GuardResult } from "../guard/guard";
import type { PlanJson } from "../guard/plan-json";

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

/** What the whole fleet comes to. A refusal counts for more than a failure: it says that something must not be applied. */
export function verdictOf(stacks: readonly PlannedStack[]): Verdict {
  const refused = stacks.filter(({ guard }) => guard !== undefined && guard.violations.length > 0).length;
  // A plan that nobody judged is as good as none.
  const failed = stacks.filter(
    ({ unchanged, plan, guard, failure }) =>
      failure !== undefined || (unchanged !== true && (plan === undefined || guard === undefined)),
  ).length;
  const changing = stacks.filter(({ plan }) => plan !== undefined && changes(plan)).length;
  const of = `of ${stacks.length} ${stacks.length === 1 ? "instance" : "instances"}`;
  const failures = failed === 0 ? "" : ` ${failed} could not be planned.`;
  if (refused > 0) return { exitCode: 3, sentence: `Refused: ${refused} ${of} must not be applied.${failures}` };
  if (failed > 0) return { exitCode: 1, sentence: `Failed: ${failed} ${of} could not be planned.` };
  if (changing > 0) return { exitCode: 2, sentence: `${changing} ${of} would change; the guard has no objection.` };
  return { exitCode: 0, sentence: `Nothing to do: none ${of} would change.` };
}

/** Whether an apply would do anything at all, imports included. */
export function changes(plan: PlanJson): boolean {
  return (
    plan.resource_changes.some(
      ({ mode, change }) => mode === "managed" && (change.actions.join() !== "no-op" || change.importing !== undefined),
    ) || Object.values(plan.output_changes).some(({ actions }) => actions.join() !== "no-op")
  );
}
