/** The status of the fleet as text: one line per instance, worst first, and below the reasons. */
import { textTable } from "../../output/text-table";
import { ageText } from "./age";
import type { CallCounts } from "./calls";
import { type InstanceStatus, unreadable } from "./instance-status";
import { isUnreadable, type Reading, valueOf } from "./reading";

const order: readonly InstanceStatus["outcome"][] = ["failed", "unknown", "ok", "skipped"];

/** Failed instances with most problems first, then unknown ones. Instances of the same kind stay in their order. */
export function worstFirst(statuses: readonly InstanceStatus[]): readonly InstanceStatus[] {
  const errors = ({ calls }: InstanceStatus): number => {
    const day = valueOf(calls)?.day;
    return day === undefined ? 0 : day.lookupErrors + day.functionErrors;
  };
  return [...statuses].sort(
    (a, b) =>
      order.indexOf(a.outcome) - order.indexOf(b.outcome) ||
      b.problems.length - a.problems.length ||
      errors(b) - errors(a),
  );
}

const header = [
  "status",
  "instance",
  "live version",
  "index",
  "numbers",
  "canary",
  "alarms",
  "blocked 24 h / 7 d",
  "lookups 24 h / 7 d",
  "errors 24 h / 7 d",
  "configuration",
];

const labels: Readonly<Record<InstanceStatus["outcome"], string>> = {
  failed: "FAILED",
  unknown: "unknown",
  ok: "ok",
  skipped: "released",
};

/** @param now in milliseconds */
export function statusReport(statuses: readonly InstanceStatus[], now: number): string {
  const sorted = worstFirst(statuses);
  const details = sorted.flatMap((status) => detailsOf(status));
  return [
    textTable(
      header,
      sorted.map((status) => [labels[status.outcome], status.stack, ...Object.values(statusCells(status, now))]),
    ),
    ...(details.length === 0 ? [] : [details.join("\n")]),
    statusSummary(statuses),
  ].join("\n\n");
}

/** The texts of one line. An unknown value is the word `unknown`, never a number. */
export function statusCells(status: InstanceStatus, now: number) {
  const { live, index, numbers, canary, alarms, calls, differences } = status;
  const age = (at: string): string => `${ageText(now - Date.parse(at))} ago`;
  const counts = (count: (counts: CallCounts) => number): string =>
    cell(calls, ({ day, week }) => `${count(day)} / ${count(week)}`);
  return {
    live: cell(live, (found) =>
      found.state === "missing" ? "missing" : `${found.version}, ${found.modified.slice(0, 10)}`,
    ),
    index: cell(index, ({ state }) => state),
    numbers: cell(numbers, ({ protected: safe, notProtected, unknown: unclear, checkedAt }) =>
      [
        `${safe} of ${safe + notProtected + unclear} protected`,
        ...(unclear === 0 ? [] : [`${unclear} unknown`]),
        age(checkedAt),
      ].join(", "),
    ),
    canary: cell(canary, ({ answer, at }) =>
      at === undefined ? canaryTexts[answer] : `${canaryTexts[answer]}, ${age(at)}`,
    ),
    alarms: cell(alarms, ({ active, insufficientData }) =>
      [
        active.length === 0 ? "none" : active.join(", "),
        ...(insufficientData.length === 0 ? [] : [`${insufficientData.length} without data`]),
      ].join("; "),
    ),
    blocked: counts(({ blocked }) => blocked),
    lookups: counts(({ lookups }) => lookups),
    errors: counts(({ lookupErrors, functionErrors }) => lookupErrors + functionErrors),
    configuration: cell(differences, (found) =>
      found.length === 0 ? "as in the files" : `differs: ${found.map(({ code }) => code).join(", ")}`,
    ),
  };
}

const canaryTexts = { right: "right", wrong: "WRONG", failed: "FAILED", none: "no run in 3 h", off: "off" } as const;

function cell<T>(reading: Reading<T>, text: (value: T) => string): string {
  if ("value" in reading) return text(reading.value);
  if (isUnreadable(reading)) return "unknown";
  return reading.unknown.code === "no-data" ? "no data" : "not checked";
}

/** One line per problem and per reason why something is unknown. */
function detailsOf(status: InstanceStatus): readonly string[] {
  const problems = status.problems.map(({ code, detail, fix }) => `${status.stack}: ${code}: ${detail} ${fix}`);
  // One cause, such as an unreachable region, can make several values unknown.
  const byReason = new Map<string, string[]>();
  for (const { name, reason } of unreadable(status)) {
    const text = `${reason.code}: ${reason.detail} ${reason.fix ?? ""}`.trim();
    byReason.set(text, [...(byReason.get(text) ?? []), name]);
  }
  const unknowns = [...byReason].map(([text, names]) => `${status.stack}: ${names.join(", ")} unknown: ${text}`);
  return [...problems, ...unknowns];
}

export function statusSummary(statuses: readonly InstanceStatus[]): string {
  const count = (outcome: InstanceStatus["outcome"]): number =>
    statuses.filter((status) => status.outcome === outcome).length;
  const parts = [`${count("ok")} ok`, `${count("failed")} failed`, `${count("unknown")} unknown`];
  if (count("skipped") > 0) parts.push(`${count("skipped")} released`);
  return `${statuses.length} ${statuses.length === 1 ? "instance" : "instances"}: ${parts.join(", ")}.`;
}
