/** The review for a terminal: a row for each instance, what is wrong, and the verdict. */
import type { PlanJson } from "../terraform/plan-json";
import { textTable } from "../output/text-table";
import { countsOf } from "./diff";
import { hasChanges, verdictOf } from "./review";
import type { PlannedStack } from "./review";

/** A table with a row for each instance, everything that is wrong, and the verdict. */
export function summary(planned: readonly PlannedStack[]): string {
  const rows = planned.map((one) => {
    const { instance, unchanged, plan: json } = one;
    const counts =
      json === undefined ? ["", "", "", "", ""] : Object.values(countsOf(json)).map((n) => (n === 0 ? "-" : `${n}`));
    return [instance.stackName, ...counts, unchanged === true ? "unchanged" : wordOf(one)];
  });
  const header = ["stack", "import", "add", "change", "destroy", "forget", "guard"];
  const troubles = planned.flatMap(({ instance, failure, guard }) => [
    ...(failure === undefined ? [] : [`${instance.stackName}: ${failure}`]),
    ...(guard?.violations ?? []).map(
      ({ rule, address, what, fix }) =>
        `${instance.stackName}: refused by "${rule}"${address === "" ? "" : `, ${address}`}\n  ${what}\n  ${fix}`,
    ),
    ...(guard?.allowed ?? []).map(
      ({ violation, allowance }) =>
        `${instance.stackName}: "${violation.rule}" is allowed until ${allowance.until} for ${violation.address}: ${allowance.reason}`,
    ),
  ]);
  return [textTable(header, rows), ...troubles.map((text) => `\n${text}`), `\n${verdictOf(planned).sentence}`].join(
    "\n",
  );
}

function wordOf(one: PlannedStack): string {
  if (one.failure !== undefined) return "failed";
  const outcome = outcomeOf(one);
  return outcome.startsWith("refused") || outcome === "nothing to do" ? outcome : "allowed";
}

/** A few words on what became of a stack. */
export function outcomeOf({ plan, guard: judged, failure }: PlannedStack): string {
  if (failure !== undefined) return failure.split("\n")[0] ?? "failed";
  if (judged !== undefined && judged.violations.length > 0) return `refused (${judged.violations.length})`;
  return plan === undefined || !hasChanges(plan) ? "nothing to do" : countsText(plan);
}

/** `1 to import, 8 to add`, without what is not done. */
function countsText(plan: PlanJson): string {
  const told = Object.entries(countsOf(plan)).filter(([, count]) => count > 0);
  return told.map(([what, count]) => `${count} to ${what}`).join(", ") || "outputs alone";
}
