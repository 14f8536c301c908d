/** The results of `preflight` as text. */
import { stacksWithOutcome, type InstanceReport } from "../finding";

export type Preflight = InstanceReport<"warning">;

const labels = { ok: "ok", warning: "warning", failed: "FAILED" } as const;
const labelWidth = Math.max(...Object.values(labels).map((word) => word.length));

/** A table with outcome, name and detail of each check, and the fix below the detail. */
export function reportOf({ stack, checks }: Preflight, columns: number): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = 2 + labelWidth + 2 + nameWidth + 2;
  // A narrow terminal wraps the text by itself.
  const width = Math.max(columns - indent, 40);
  const lines = checks.flatMap(({ name, outcome, detail, fix }) => {
    const text = [...wrapped(detail, width), ...(fix === undefined ? [] : wrapped(fix, width - 2).map(indentedFix))];
    return text.map((line, n) => {
      const head =
        n === 0 ? `  ${labels[outcome].padEnd(labelWidth)}  ${name.padEnd(nameWidth)}  ` : " ".repeat(indent);
      return `${head}${line}`.trimEnd();
    });
  });
  return [stack, "", ...lines].join("\n");
}

const indentedFix = (line: string, n: number): string => `${n === 0 ? "→" : " "} ${line}`;

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The totals, and the names of stacks that must not be deployed yet. */
export function summaryOf(all: readonly Preflight[]): string {
  const ready = stacksWithOutcome("ok", all);
  const warned = stacksWithOutcome("warning", all);
  const failed = stacksWithOutcome("failed", all);
  return [
    `${all.length} ${all.length === 1 ? "instance" : "instances"}: ${ready.length + warned.length} can be deployed (${warned.length} with warnings), ${failed.length} not yet.`,
    ...(failed.length === 0 ? [] : [`Not yet: ${failed.join(", ")}.`]),
  ].join("\n");
}
