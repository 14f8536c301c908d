/** The coverage of phone numbers as text and as JSON. */
import { textTable } from "../../output/text-table";
import { type Check, type InstanceReport, stacksWithOutcome } from "../finding";
import { type NumberCoverage, outcomeOf, verdictText } from "./coverage";
import type { CoveredInstance } from "./cover-instances";

/** Most blocks of a path in the terminal. */
const maxSteps = 12;

/** One table per instance, followed by the reason and the path of each number that is not protected. */
export function coverageReport({ stack, numbers, failure, outcome }: CoveredInstance): string {
  if (failure !== undefined) return `${stack}: not answered\n  ${failure.detail}\n  ${failure.fix ?? ""}`;
  if (numbers.length === 0) {
    return outcome === "ok" ? `${stack}: decommissioned, not checked` : `${stack}: the instance has no phone number`;
  }
  const rows = numbers.map(({ coverage }) => [
    coverage.number,
    coverage.description === "" ? "-" : coverage.description,
    coverage.flow?.name ?? "-",
    verdictText(coverage),
  ]);
  const details = numbers.flatMap(({ coverage }) => (outcomeOf(coverage) === "ok" ? [] : [detailOf(coverage)]));
  const table = textTable(["number", "description", "flow", "verdict"], rows);
  return [stack, ...indented([table, ...details].join("\n\n"))].join("\n");
}

const indented = (text: string): string[] => text.split("\n").map((line) => (line === "" ? "" : `  ${line}`));

function detailOf({ number, verdict, reason, path }: NumberCoverage): string {
  return [`${number}: ${verdict}: ${reason ?? ""}.`, ...(path === undefined ? [] : [`  ${pathText(path)}`])].join("\n");
}

/** `Main inbound: "Menu" (Equals 1) → "To queue" (success)`. The flow is named where it changes. */
export function pathText(path: NonNullable<NumberCoverage["path"]>): string {
  const steps = path.map(({ flow, block, branch }, n) => {
    const name = flow === path[n - 1]?.flow ? "" : `${flow}: `;
    return `${name}"${block}"${branch === "success" || branch === "end" ? "" : ` (${branch})`}`;
  });
  const half = maxSteps / 2;
  const shown =
    steps.length <= maxSteps
      ? steps
      : [...steps.slice(0, half), `… ${steps.length - maxSteps} blocks …`, ...steps.slice(-half)];
  return shown.join(" → ");
}

/** One check per phone number, for `verify --coverage`. */
export function coverageChecks({ stack, numbers, failure }: CoveredInstance): readonly Check<"unproven">[] {
  const name = "coverage";
  if (failure !== undefined) return [{ ...failure, name }];
  if (numbers.length === 0) return [{ name, outcome: "unproven", detail: "The instance has no phone number." }];
  return numbers.map(({ coverage }) => {
    const { number, description, flow, verdict, reason, path } = coverage;
    const subject = [number, description, flow?.name ?? "no flow"].filter((part) => part !== "").join(", ");
    const outcome = outcomeOf(coverage);
    if (outcome === "ok") return { name, outcome, detail: `${subject}: ${verdictText(coverage)}.` };
    const detail = `${subject}: ${verdict}: ${reason ?? ""}.${path === undefined ? "" : ` Path: ${pathText(path)}.`}`;
    return { name, outcome, detail, fix: `Show the flow: npm run fleet -- coverage ${stack} --html coverage.html` };
  });
}

export function coverageSummary(instances: readonly CoveredInstance[]): string {
  const numbers = instances.flatMap((instance) => instance.numbers);
  const count = (verdict: string): number => numbers.filter(({ coverage }) => verdictText(coverage) === verdict).length;
  const [safe, unknown, deliberate] = [count("protected"), count("unknown"), count("deliberately unprotected")];
  const reports = instances.map(({ stack, outcome }): InstanceReport<"unproven"> => ({ stack, outcome, checks: [] }));
  const failed = stacksWithOutcome("failed", reports);
  return [
    `${numbers.length} phone ${numbers.length === 1 ? "number" : "numbers"}: ${safe} protected, ` +
      (deliberate === 0 ? "" : `${deliberate} deliberately unprotected, `) +
      `${unknown} unknown, ${numbers.length - safe - unknown - deliberate} not protected.`,
    ...(failed.length === 0 ? [] : [`Failed: ${failed.join(", ")}.`]),
  ].join("\n");
}

/** The document of `--json`: one object per instance. */
export const coverageJson = (instances: readonly CoveredInstance[]): readonly object[] =>
  instances.map(({ stack, outcome, numbers, failure }) => ({
    stack,
    outcome,
    numbers: numbers.map(({ coverage }) => coverage),
    ...(failure === undefined ? {} : { failure: { detail: failure.detail, fix: failure.fix } }),
  }));
