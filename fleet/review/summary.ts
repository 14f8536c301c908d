/** The review for a terminal: a row for each stack, the changes, all refusals and failures, and the verdict. */
import { boundedLines, maxName, oneLine } from "../output/foreign-text";
import { textTable } from "../output/text-table";
import type { PlanJson } from "../terraform/plan-json";
import { countsOf } from "./counts";
import { newAlarmsText, partsOf } from "./diff";
import type { ResourceDiff } from "./diff";
import type { DiffLine } from "./diff-line";
import type { Shared } from "./groups";
import { leftDeployedTexts } from "./left-deployed";
import type { LeftDeployed } from "./left-deployed";
import { hasChanges, reviewOf, stackList, verdictOf } from "./review";
import type { PlannedStack } from "./review";

export function summary(
  stacks: readonly PlannedStack[],
  leftDeployed: readonly LeftDeployed[] = [],
  supportWarnings: readonly string[] = [],
): string {
  const rows = stacks.map((stack) => {
    const { instance, unchanged, plan } = stack;
    const counts =
      plan === undefined
        ? ["", "", "", "", ""]
        : Object.values(countsOf(plan)).map((count) => (count === 0 ? "-" : `${count}`));
    return [instance.stackName, ...counts, unchanged === true ? "unchanged" : guardCell(stack)];
  });
  const header = ["stack", "import", "add", "change", "destroy", "forget", "guard"];
  const details = stacks.flatMap(({ instance, failure, guard, warnings = [] }) => [
    ...(failure === undefined ? [] : [`${instance.stackName}: ${boundedLines(failure)}`]),
    ...(guard?.violations ?? []).map(
      ({ rule, address, what, fix }) =>
        `${instance.stackName}: refused by "${rule}"${address === "" ? "" : `, ${address}`}\n  ${what}\n  ${fix}`,
    ),
    ...warnings.map((warning) => `${instance.stackName}: warning: ${boundedLines(warning)}`),
    ...(guard?.allowed ?? []).map(
      ({ violation, allowance }) =>
        `${instance.stackName}: "${violation.rule}" is allowed until ${allowance.until} for ${violation.address}: ${oneLine(allowance.reason)}`,
    ),
  ]);
  const changes = reviewOf(stacks).changes.map(changesText);
  return [
    textTable(header, rows),
    ...[...changes, ...details, ...leftDeployedTexts(leftDeployed)].map((text) => `\n${text}`),
    ...supportWarnings.map((warning) => `\nWarning: ${warning}`),
    `\n${verdictOf(stacks).sentence}`,
  ].join("\n");
}

/** Lines of one group of equal changes. Longer groups are cut; the Markdown and HTML reviews show all. */
const maxChangeLines = 100;

/**
 * The changes of stacks with equal changes: first the table, then permissions, then the other resources. A new resource has one line, and
 * all new alarms together have one line.
 */
function changesText({ stacks, value }: Shared<readonly ResourceDiff[]>): string {
  const { table, newAlarms, others } = partsOf(value);
  const resource = ({ address, verb, lines }: ResourceDiff): readonly string[] => [
    `  ${verb} ${address}`,
    ...(verb === "create" ? [] : lines.map(diffLine)),
  ];
  const lines = [
    ...table.flatMap(resource),
    ...value.flatMap(({ address, iam }) =>
      iam.map(({ sign, text }) => diffLine({ sign, text: `${address}: ${text}` })),
    ),
    ...others.flatMap(resource),
    ...(newAlarms.length === 0 ? [] : [`  create ${newAlarmsText(newAlarms)}`]),
  ];
  const omitted = lines.length - maxChangeLines;
  const shown =
    omitted <= 0
      ? lines
      : [...lines.slice(0, maxChangeLines), `  … ${omitted} more lines: use --review-md or --review-html`];
  return [`${stackList(stacks)}:`, ...shown].join("\n");
}

const diffLine = ({ sign, text }: DiffLine): string => `    ${sign} ${text}`;

function guardCell(stack: PlannedStack): string {
  if (stack.failure !== undefined) return "failed";
  const outcome = outcomeOf(stack);
  return outcome.startsWith("refused") || outcome === "nothing to do" ? outcome : "allowed";
}

/** The result for one stack, such as `refused (2)` or `1 to import, 8 to add`. */
export function outcomeOf({ plan, guard, failure }: PlannedStack): string {
  if (failure !== undefined) return oneLine(failure.split("\n")[0] ?? "failed", maxName);
  if (guard !== undefined && guard.violations.length > 0) return `refused (${guard.violations.length})`;
  return plan === undefined || !hasChanges(plan) ? "nothing to do" : countsText(plan);
}

/** `1 to import, 8 to add`, without zeros. */
function countsText(plan: PlanJson): string {
  const counts = Object.entries(countsOf(plan)).filter(([, count]) => count > 0);
  return counts.map(([action, count]) => `${count} to ${action}`).join(", ") || "outputs only";
}
