/** The deployment of one stack: the plan to apply, or the reasons why the stack is rejected. */
import type { InstanceConfig } from "../../config/types";
import type { GuardResult } from "../guard/guard";
import type { PlanRejection } from "../plans/saved-plan";
import type { TableFingerprint } from "../plans/table-fingerprint";
import { hasChanges } from "../review/review";
import type { PlanJson } from "../terraform/plan-json";
import type { TerraformStack } from "../terraform/terraform-stack";
import type { GracefulShutdown } from "./graceful-shutdown";

/** The options of one deployment. */
export interface DeploymentRequest {
  readonly instances: readonly InstanceConfig[];
  /** Absolute path of the plans directory. */
  readonly plans: string;
  readonly parallel: number;
  /** How long Terraform waits for a state lock, in seconds. */
  readonly lockTimeout: number;
  readonly shutdown: GracefulShutdown;
  readonly print: (text: string) => void;
}

/** A plan file, and the values to compare immediately before the apply. */
export interface ApplicablePlan {
  /** Name of the plan file in the stack's directory. */
  readonly file: string;
  /** SHA-256 of the plan file. */
  readonly checksum: string;
  /** The table before the plan; null if the plan does not change the table. */
  readonly table: TableFingerprint | null;
}

/** The deployment of one stack: an apply, a verification, or both. */
export interface StackDeployment {
  readonly instance: InstanceConfig;
  readonly stack: TerraformStack;
  /** The plan to apply; undefined if nothing is left to apply. */
  readonly plan?: ApplicablePlan;
  /** Addresses of the resources that the plan creates. */
  readonly creates: readonly string[];
  /** Whether the deployed instance must still be verified. */
  readonly needsVerification: boolean;
}

/** The deployment of one stack, or the reasons why the stack is rejected. */
export type PreparedDeployment = StackDeployment | readonly PlanRejection[];

/** All stacks; or, if any stack is rejected, all rejections by stack name. */
export type PreparedDeployments =
  { readonly ready: readonly StackDeployment[] } | { readonly refused: ReadonlyMap<string, readonly PlanRejection[]> };

export const isRejected = (prepared: PreparedDeployment): prepared is readonly PlanRejection[] =>
  Array.isArray(prepared);

/** @param prepared each stack with its name */
export function combineDeployments(prepared: readonly (readonly [string, PreparedDeployment])[]): PreparedDeployments {
  const refused = new Map(
    prepared.flatMap(([name, deployment]) => (isRejected(deployment) ? [[name, deployment] as const] : [])),
  );
  if (refused.size > 0) return { refused };
  return { ready: prepared.flatMap(([, deployment]) => (isRejected(deployment) ? [] : [deployment])) };
}

/** The deployment of a plan, or the violations that the guard found. */
export function deploymentOf(
  instance: InstanceConfig,
  stack: TerraformStack,
  plan: PlanJson,
  result: GuardResult,
  applicable: ApplicablePlan,
): PreparedDeployment {
  if (result.violations.length > 0) {
    return result.violations.map(({ rule, address, what, fix }) => ({
      reason: `The guard rule "${rule}" refuses ${address === "" ? "the plan" : address}. ${what}`,
      fix,
    }));
  }
  // An empty plan does not prove that the instance works.
  if (!hasChanges(plan)) return { instance, stack, creates: [], needsVerification: true };
  const creates = plan.resource_changes.filter(({ change }) => change.actions.includes("create"));
  return { instance, stack, plan: applicable, creates: creates.map(({ address }) => address), needsVerification: true };
}
