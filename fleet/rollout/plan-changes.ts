/** Synthesizes and plans the selected instances, or only the instances that differ from another commit. */
import { printable } from "../../config/printable";
import type { InstanceConfig } from "../../config/types";
import { staleModuleWarnings } from "../checks/stale-modules";
import { synthesizeBase } from "../plans/base-ref";
import type { Base } from "../plans/base-ref";
import { printToStderr } from "../output/terminal";
import { openToolchain } from "../plans/instance-terraform";
import { planInstances } from "../plans/planning";
import type { PlanningResult } from "../plans/planning";
import { synthesizeInto } from "../plans/plans-directory";
import type { SynthesizedStack } from "../plans/synthesis";
import type { LeftDeployed } from "../review/left-deployed";
import type { GracefulShutdown } from "./graceful-shutdown";
import { discardJournal } from "./journal";

export interface PlanChangesOptions {
  /** The selected instances. */
  readonly instances: readonly InstanceConfig[];
  /** All instances of the environment files. */
  readonly allInstances: readonly InstanceConfig[];
  /** Absolute path of the plans directory. */
  readonly plans: string;
  /** Plans only the stacks that synthesize differently at this git ref. @default plans every stack */
  readonly changedSince: string | undefined;
  /** Whether to plan with `planRole` and without locks. */
  readonly readOnly: boolean;
  /** Stacks planned at the same time. */
  readonly parallel: number;
  /** How long to wait for a state lock, in seconds. */
  readonly lockTimeout: number;
  readonly shutdown: GracefulShutdown;
}

/** What a change does: the plans, and the instances that it leaves deployed without a plan. */
export interface PlannedChange {
  /** One result per selected instance, in the order of `instances`. */
  readonly results: readonly PlanningResult[];
  readonly leftDeployed: readonly LeftDeployed[];
}

/**
 * @throws CommandError if a deployment of these plans is unfinished, or synthesis or Terraform's setup fails
 */
export async function planChanges(options: PlanChangesOptions): Promise<PlannedChange> {
  const { instances, plans, changedSince, readOnly, parallel, lockTimeout, shutdown } = options;
  discardJournal(plans);
  const stacks = await synthesizeInto(plans, instances);
  const { changed, leftDeployed } =
    changedSince === undefined
      ? { changed: instances, leftDeployed: [] }
      : await changesSince(changedSince, options, stacks);
  // Terraform does not have to be installed if no stack changed.
  if (changed.length === 0)
    return { results: instances.map((instance) => ({ instance, unchanged: true })), leftDeployed };
  const toolchain = await openToolchain(changed, shutdown, lockTimeout);
  const [results, stale] = await Promise.all([
    planInstances(changed, { toolchain, stacks, parallel, readOnly }),
    staleModuleWarnings(changed, shutdown),
  ]);
  const resultOf = new Map(results.map((result) => [result.instance, withWarnings(result, stale)]));
  return {
    results: instances.map((instance): PlanningResult => resultOf.get(instance) ?? { instance, unchanged: true }),
    leftDeployed,
  };
}

function withWarnings(
  result: PlanningResult,
  warningsOf: ReadonlyMap<InstanceConfig, readonly string[]>,
): PlanningResult {
  const more = warningsOf.get(result.instance) ?? [];
  return more.length === 0 ? result : { ...result, warnings: [...(result.warnings ?? []), ...more] };
}

async function changesSince(
  ref: string,
  { instances, allInstances }: PlanChangesOptions,
  stacks: ReadonlyMap<string, SynthesizedStack>,
): Promise<{ readonly changed: readonly InstanceConfig[]; readonly leftDeployed: readonly LeftDeployed[] }> {
  const base = await synthesizeBase(ref, printToStderr);
  const differing = instances.filter(({ stackName }) => base.digests.get(stackName) !== stacks.get(stackName)?.digest);
  printToStderr(`${base.description} ${differing.length} of ${instances.length} stacks differ from the base.`);
  if (base.planSource !== undefined)
    printToStderr(`${printable(base.planSource)} changed and can change every plan, so all stacks are planned.`);
  return {
    changed: base.planSource === undefined ? differing : instances,
    leftDeployed: leftDeployedSince(base, allInstances),
  };
}

/** The instances that the base has, and that no longer have a plan. */
export function leftDeployedSince(
  { digests, suspended }: Pick<Base, "digests" | "suspended">,
  allInstances: readonly InstanceConfig[],
): readonly LeftDeployed[] {
  const current = new Set(allInstances.map(({ stackName }) => stackName));
  const removed = [...digests.keys()].filter((name) => !current.has(name));
  const newlySuspended = allInstances.filter(
    (instance) => instance.suspended && digests.has(instance.stackName) && suspended?.has(instance.stackName) === false,
  );
  return [
    ...removed.map((stackName) => ({ stackName, reason: "removed" as const })),
    ...newlySuspended.map(({ stackName }) => ({ stackName, reason: "suspended" as const })),
  ];
}
