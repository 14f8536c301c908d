/** Plans deployed stacks read-only and reports drift: what changed outside Terraform, and the likely cause. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { textTable } from "../output/text-table";
import { openToolchain } from "../plans/instance-terraform";
import { planInstances } from "../plans/planning";
import { synthesizeInto } from "../plans/plans-directory";
import { openRunDirectory } from "../plans/run-directory";
import { driftFindings } from "../review/drift-findings";
import type { DriftFinding } from "../review/drift-findings";
import type { GracefulShutdown } from "./graceful-shutdown";

const directory = path.join("build", "drift");

/** Diff lines shown per finding. */
const shownLines = 12;

export interface StackDrift {
  readonly instance: InstanceConfig;
  readonly findings: readonly DriftFinding[];
  /** Why the stack could not be compared. */
  readonly failure?: string;
}

/** Compares each instance with its configuration. Reads only; keeps no plan. */
export async function findDrift(
  instances: readonly InstanceConfig[],
  parallel: number,
  shutdown: GracefulShutdown,
): Promise<readonly StackDrift[]> {
  const plans = openRunDirectory(directory, "drift");
  try {
    const planned = await shutdown.during(async () => {
      const stacks = await synthesizeInto(plans, instances);
      const toolchain = await openToolchain(instances, shutdown);
      return planInstances(instances, { toolchain, stacks, parallel, readOnly: true });
    });
    return planned.map(({ instance, plan, failure }) => ({
      instance,
      findings: plan === undefined ? [] : driftFindings(plan, instance),
      ...(failure === undefined ? {} : { failure: explainedFailure(failure, instance) }),
    }));
  } finally {
    // Plans contain plaintext values.
    rmSync(plans, { recursive: true, force: true });
  }
}

/** A missing table is drift too, but it makes the plan fail. */
function explainedFailure(failure: string, { table, region, account }: InstanceConfig): string {
  const isTableMissing = failure.includes("data.aws_dynamodb_table.live") && failure.includes("couldn't find resource");
  if (!isTableMissing) return failure;
  return (
    `The table ${table.name} does not exist in ${region} of account ${account}: no call is blocked.\n` +
    "  Its owner deleted it or restored it under another name. If it has another name, set tableName for this instance."
  );
}

/** Whether our resources differ from the configuration. */
export const isDrifted = ({ findings }: StackDrift): boolean => findings.some(({ kind }) => kind === "drift");

function statusOf(stack: StackDrift): string {
  if (stack.failure !== undefined) return "failed";
  if (isDrifted(stack)) return "drift";
  return stack.findings.some(({ kind }) => kind === "pending")
    ? "as deployed; a newer configuration is not deployed yet"
    : "as deployed";
}

/** One table row per instance, then the findings of each instance. */
export function driftReport(stacks: readonly StackDrift[]): string {
  const rows = stacks.map((stack) => [stack.instance.stackName, statusOf(stack)]);
  const details = stacks.flatMap(({ instance: { stackName }, findings, failure }) => [
    ...(failure === undefined ? [] : [`${stackName}: ${failure}`]),
    ...findings.map(({ what, author, remediation, diff }) => {
      const more = diff.length > shownLines ? [`… and ${diff.length - shownLines} more`] : [];
      const lines = [...diff.slice(0, shownLines), ...more].map((line) => `    ${line}`);
      return [
        `${stackName}: ${what}`,
        ...(author === undefined ? [] : [`  ${author}`]),
        ...(remediation === undefined ? [] : [`  ${remediation}`]),
        ...lines,
      ].join("\n");
    }),
  ]);
  return [textTable(["stack", "state"], rows), ...details.map((text) => `\n${text}`)].join("\n");
}
