/** Plans deployed stacks read-only and reports drift: what changed outside Terraform, and the likely cause. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { findInvisibleDrift } from "../checks/invisible-drift";
import type { InvisibleDrift } from "../checks/invisible-drift";
import { savedDrift } from "../checks/saved-drift";
import { oneLine } from "../output/foreign-text";
import { textTable } from "../output/text-table";
import { openToolchain } from "../plans/instance-terraform";
import { planInstances } from "../plans/planning";
import type { PlanningResult } from "../plans/planning";
import { synthesizeInto } from "../plans/plans-directory";
import { openRunDirectory } from "../plans/run-directory";
import { differencesIn, invisibleDifference } from "../review/differences";
import type { Difference } from "../review/differences";
import type { GracefulShutdown } from "./graceful-shutdown";

const directory = path.join("build", "drift");

/** Maximum number of diff lines shown per difference. */
const shownLines = 12;

/** Characters shown of a diff line. */
const maxLine = 1000;

export interface StackDrift {
  readonly instance: InstanceConfig;
  readonly differences: readonly Difference[];
  /** Checks that failed, and facts that can explain differences. */
  readonly warnings: readonly string[];
  /** Why the stack could not be compared. */
  readonly failure?: string;
}

export interface DriftOptions {
  /** Stacks compared at the same time. */
  readonly parallel: number;
  /** How long to wait for the release of a state lock, in seconds. */
  readonly lockTimeout: number;
  readonly shutdown: GracefulShutdown;
}

/** Compares each instance with its configuration. Changes nothing in AWS, and deletes the plans at the end. */
export async function findDrift(
  instances: readonly InstanceConfig[],
  { parallel, lockTimeout, shutdown }: DriftOptions,
): Promise<readonly StackDrift[]> {
  const plans = openRunDirectory(directory, "drift");
  try {
    const { planned, invisible } = await shutdown.during(async () => {
      const stacks = await synthesizeInto(plans, instances);
      const toolchain = await openToolchain(instances, shutdown, lockTimeout);
      const results = await planInstances(instances, { toolchain, stacks, parallel, readOnly: true });
      const readable = results.filter(({ plan }) => plan !== undefined).map(({ instance }) => instance);
      return { planned: results, invisible: await findInvisibleDrift(readable, shutdown) };
    });
    return planned.map((result) => {
      const drift = driftOf(result, invisible.get(result.instance));
      if (!shutdown.isStopping) savedDrift.save(result.instance, { state: stateOf(drift) });
      return drift;
    });
  } finally {
    // Plans contain plaintext values.
    rmSync(plans, { recursive: true, force: true });
  }
}

function driftOf(
  { instance, plan, unfinished = [], warnings = [], failure }: PlanningResult,
  invisible: InvisibleDrift | undefined,
): StackDrift {
  // `unfinished` is also in the warnings.
  const drift = { instance, warnings: warnings.filter((warning) => !unfinished.includes(warning)) };
  if (plan === undefined || failure !== undefined)
    return { ...drift, differences: [], failure: explainedFailure(failure ?? "There is no plan.", instance) };
  if (invisible === undefined || "failure" in invisible) {
    const reason = invisible?.failure ?? "Not checked: the command was stopped.";
    return { ...drift, differences: differencesIn(plan, instance), failure: reason };
  }
  const differences = [
    ...unfinished.map((what) => invisibleDifference(what)),
    ...invisible.findings.map(({ detail, fix }) => invisibleDifference(detail, fix)),
  ];
  return { ...drift, differences: differencesIn(plan, instance, differences) };
}

/** Explains a plan that failed because the table is missing. Other failures are returned unchanged. */
function explainedFailure(failure: string, { table, region, account }: InstanceConfig): string {
  const isTableMissing = failure.includes("data.aws_dynamodb_table.live") && failure.includes("couldn't find resource");
  if (!isTableMissing) return failure;
  return (
    `The table ${table.name} does not exist in ${region} of account ${account}: no call is blocked.\n` +
    "  Its owner deleted it or restored it under another name. If it has another name, set tableName for this instance."
  );
}

/** Whether our resources differ from the configuration. */
export const isDrifted = ({ differences }: StackDrift): boolean => differences.some(({ kind }) => kind === "drift");

function stateOf(stack: StackDrift) {
  if (stack.failure !== undefined) return "failed";
  if (isDrifted(stack)) return "drift";
  return stack.differences.some(({ kind }) => kind === "pending") ? "pending" : "as-deployed";
}

/** The states as text, for people. */
const driftTexts = {
  failed: "failed",
  drift: "drift",
  pending: "as deployed; a newer configuration is not deployed yet",
  "as-deployed": "as deployed",
} as const;

/** One table row per instance, then the differences of each instance. */
export function driftReport(stacks: readonly StackDrift[]): string {
  const rows = stacks.map((stack) => [stack.instance.stackName, driftTexts[stateOf(stack)]]);
  const details = stacks.flatMap(({ instance: { stackName }, differences, failure, warnings }) => [
    ...warnings.map((warning) => `${stackName}: warning: ${warning}`),
    ...(failure === undefined ? [] : [`${stackName}: ${failure}`]),
    ...differences.map(({ what, author, remediation, diff }) => {
      const more = diff.length > shownLines ? [`… and ${diff.length - shownLines} more`] : [];
      const lines = [...diff.slice(0, shownLines), ...more].map((line) => `    ${oneLine(line, maxLine)}`);
      return [
        `${stackName}: ${oneLine(what)}`,
        ...(author === undefined ? [] : [`  ${oneLine(author)}`]),
        ...(remediation === undefined ? [] : [`  ${oneLine(remediation)}`]),
        ...lines,
      ].join("\n");
    }),
  ]);
  return [textTable(["stack", "state"], rows), ...details.map((text) => `\n${text}`)].join("\n");
}
