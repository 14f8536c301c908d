/** The report of `recover` as text: the resources found, the differences from the configuration, and the next steps. */
import { maxName, oneLine } from "../output/foreign-text";
import { textTable } from "../output/text-table";
import { diffOfPlan } from "../review/diff";
import { shownLine } from "../review/review";
import type { PlannedStack } from "../review/review";
import { summary } from "../review/summary";
import type { RecoveryResult } from "./recover-stacks";

export function recoveryReport(results: readonly RecoveryResult[]): string {
  const planned = plannedStacksOf(results);
  const withStatus = (status: RecoveryResult["status"]): readonly string[] =>
    results.filter((result) => result.status === status).map(({ instance }) => instance.stackName);
  const written = withStatus("written");
  const writable = withStatus("can be written");
  const stopped = withStatus("stopped");
  return [
    ...results.flatMap(stackReport),
    ...(planned.length === 0 ? [] : ["A plan with the rebuilt states would make these changes:", summary(planned), ""]),
    ...(writable.length === 0
      ? []
      : [`Nothing was written. Run the same command with --yes to write the state of: ${writable.join(", ")}.`]),
    ...(written.length === 0
      ? []
      : [
          `State written: ${written.join(", ")}. Nothing in AWS was changed.\n` +
            `  Continue with: npm run fleet -- plan stack=${written.join(",")}`,
        ]),
    ...results.flatMap(({ replaced }) =>
      replaced === undefined ? [] : [`The written state replaces the state of an interrupted deployment: ${replaced}.`],
    ),
    ...(stopped.length === 0
      ? []
      : [`Stopped before the state was written: ${stopped.join(", ")}. Run the same command to start again.`]),
  ].join("\n");
}

/** The stacks for which there is a plan on the rebuilt state. */
export const plannedStacksOf = (results: readonly RecoveryResult[]): readonly PlannedStack[] =>
  results.flatMap(({ recovery }) => (recovery === undefined ? [] : [recovery.planned]));

function stackReport({ instance: { stackName }, recovery, problem }: RecoveryResult): readonly string[] {
  if (problem !== undefined) return [`${stackName}: ${problem}\n`];
  if (recovery === undefined) return [];
  const rows = recovery.resources.map(({ address, id, exists }) => [exists ? "found" : "not found", address, id ?? ""]);
  const found = rows.filter(([status]) => status === "found").length;
  const differences = differencesOf(recovery.planned);
  return [
    `${stackName}: ${found} of ${rows.length} resources found\n`,
    textTable(["", "resource", "import id"], rows),
    "",
    ...(differences.length === 0 ? [] : ["Differences from the configuration:", ...differences, ""]),
  ];
}

function differencesOf({ plan }: PlannedStack): readonly string[] {
  if (plan === undefined) return [];
  return diffOfPlan(plan).flatMap(({ address, verb, lines }) => [
    `  ${verb} ${oneLine(address, maxName)}`,
    ...(verb === "create" ? [] : lines.map(shownLine).map(({ sign, text }) => `    ${sign} ${text}`)),
  ]);
}
