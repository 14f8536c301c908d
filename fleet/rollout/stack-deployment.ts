/** What a deployment is to do with each instance, or why nothing is done with any. */
import type { InstanceConfig } from "../../config/types";
import type { GuardResult } from "../guard/guard";
import type { PlanJson } from "../terraform/plan-json";
import { hasChanges } from "../review/review";
import type { GracefulShutdown } from "./graceful-shutdown";
import type { Objection } from "../plans/saved-plan";
import type { TerraformStack } from "../terraform/terraform-stack";

/** What a deployment was asked for. */
export interface Asked {
  readonly instances: readonly InstanceConfig[];
  /** Directory of the plans. */
  readonly plans: string;
  readonly parallel: number;
  readonly shutdown: GracefulShutdown;
  readonly print: (text: string) => void;
}

/** What is to be done with one instance. */
export interface Job {
  readonly instance: InstanceConfig;
  readonly runs: TerraformStack;
  /** Plan file to apply; undefined where nothing is left to apply. */
  readonly file?: string;
  /** Addresses that it creates. */
  readonly creates: readonly string[];
  /** Whether the deployed instance is still to be proved. */
  readonly isUnproven: boolean;
}

/** The jobs of all instances; or, where there is an objection to any, all objections by stack. */
export type Jobs = { readonly ready: readonly Job[] } | { readonly refused: ReadonlyMap<string, readonly Objection[]> };

/** What is to be done with one, or what speaks against it. */
export type Outcome = Job | readonly Objection[];

export const isRefusal = (outcome: Outcome): outcome is readonly Objection[] => Array.isArray(outcome);

export function jobsOf(checked: readonly (readonly [string, Outcome])[]): Jobs {
  const refused = new Map(checked.flatMap(([name, outcome]) => (isRefusal(outcome) ? [[name, outcome] as const] : [])));
  if (refused.size > 0) return { refused };
  return { ready: checked.flatMap(([, outcome]) => (isRefusal(outcome) ? [] : [outcome])) };
}

/** The job of a plan that was judged. */
export function jobOf(
  instance: InstanceConfig,
  runs: TerraformStack,
  plan: PlanJson,
  judged: GuardResult,
  file: string,
): Outcome {
  if (judged.violations.length > 0) {
    return judged.violations.map(({ rule, address, what, fix }) => ({
      what: `The guard refuses it, by "${rule}"${address === "" ? "" : ` for ${address}`}. ${what}`,
      fix,
    }));
  }
  if (!hasChanges(plan)) return { instance, runs, creates: [], isUnproven: false };
  const creates = plan.resource_changes.filter(({ change }) => change.actions.includes("create"));
  return { instance, runs, file, creates: creates.map(({ address }) => address), isUnproven: true };
}
