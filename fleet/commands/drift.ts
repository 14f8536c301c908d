/** `drift`: what is not as it was deployed, and who probably changed it; reads alone. */
import { rmSync } from "node:fs";
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import type { Command } from "./command-line";
import { driftFindings } from "../review/drift-findings";
import type { Finding } from "../review/drift-findings";
import { interruptedExitCode, GracefulShutdown } from "../rollout/graceful-shutdown";
import { planInstances } from "../plans/planning";
import { synthesizeInto } from "../plans/plans-directory";
import { openRunDirectory } from "../plans/run-directory";
import { parallelFrom } from "../plans/concurrency-limiter";
import { TerraformToolchain } from "../terraform/toolchain";
import { textTable } from "../output/text-table";

const directory = path.join("build", "drift");

/** Lines of a difference that are shown of each finding. */
const shownLines = 12;

interface Report {
  readonly instance: InstanceConfig;
  readonly findings: readonly Finding[];
  readonly failure?: string;
}

export const drift: Command = {
  name: "drift",
  summary: "Reports what is not as it was deployed, and who probably changed it; reads alone.",
  selection: "optional",
  options: {
    parallel: { value: "N", description: "At most so many stacks at once. Default: one for each core, 2 to 8." },
  },
  details: `Plans with planRole and without locks, and keeps no plan. What the owner of the table does to it, new indexes, tags and
capacity, is told and is no drift: plans follow it.

Exit codes: 0 as deployed, 2 drift, 1 something failed, 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run({ selection, values }, print) {
    const parallel = parallelFrom(values.get("parallel"));
    const instances = selectFrom(readEnvironments(), selection);
    const shutdown = new GracefulShutdown();
    const out = openRunDirectory(directory);
    try {
      const planned = await shutdown.during(async () => {
        const stacks = await synthesizeInto(out, instances);
        const toolchain = await TerraformToolchain.open(instances, shutdown);
        return planInstances(instances, { toolchain, stacks, parallel, readOnly: true });
      });
      const reports = planned.map(({ instance, plan, failure }): Report => ({
        instance,
        findings: plan === undefined ? [] : driftFindings(plan, instance),
        ...(failure === undefined ? {} : { failure: failureOf(failure, instance) }),
      }));
      print(reportText(reports));
      if (shutdown.isStopping) return interruptedExitCode;
      if (reports.some(({ failure }) => failure !== undefined)) return 1;
      return reports.some(({ findings }) => findings.some(({ whose }) => whose === "ours")) ? 2 : 0;
    } finally {
      // The plans hold values in clear.
      rmSync(out, { recursive: true, force: true });
    }
  },
};

/** The one failure that is itself what is looked for. */
function failureOf(failure: string, { table, region, account }: InstanceConfig): string {
  if (!failure.includes("data.aws_dynamodb_table.live") || !failure.includes("couldn't find resource")) return failure;
  return (
    `The table ${table.name} is gone from ${region} of account ${account}: no call is blocked.\n` +
    "  Its owner deleted it, or restored it under another name; in that case set tableName for this instance."
  );
}

function wordOf({ findings, failure }: Report): string {
  if (failure !== undefined) return "failed";
  if (findings.some(({ whose }) => whose === "ours")) return "drift";
  return findings.some(({ whose }) => whose === "pending") ? "as deployed; a newer configuration waits" : "as deployed";
}

/** A table with a row for each instance, then what is to be known of each. */
function reportText(reports: readonly Report[]): string {
  const rows = reports.map((report) => [report.instance.stackName, wordOf(report)]);
  const details = reports.flatMap(({ instance: { stackName }, findings, failure }) => [
    ...(failure === undefined ? [] : [`${stackName}: ${failure}`]),
    ...findings.map(({ what, who, then, diff }) => {
      const more = diff.length > shownLines ? [`… and ${diff.length - shownLines} more`] : [];
      const lines = [...diff.slice(0, shownLines), ...more].map((line) => `    ${line}`);
      return [
        `${stackName}: ${what}`,
        ...(who === undefined ? [] : [`  ${who}`]),
        ...(then === undefined ? [] : [`  ${then}`]),
        ...lines,
      ].join("\n");
    }),
  ]);
  return [textTable(["stack", "state"], rows), ...details.map((text) => `\n${text}`)].join("\n");
}
