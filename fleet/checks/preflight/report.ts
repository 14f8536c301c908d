/** What preflight found on the instances, as text. */
import { stacksThatAre, type Looked } from "../finding";

export type Preflight = Looked<"warning">;

const words = { ok: "ok", warning: "warning", failed: "FAILED" } as const;
const wordWidth = Math.max(...Object.values(words).map((word) => word.length));

/** A table: result, what was looked at, what was found, and below it what to do. */
export function reportOf({ stack, checks }: Preflight, columns: number): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = 2 + wordWidth + 2 + nameWidth + 2;
  // In a narrow terminal the text is left to wrap by itself.
  const width = Math.max(columns - indent, 40);
  const lines = checks.flatMap(({ name, outcome, detail, fix }) => {
    const text = [...wrapped(detail, width), ...(fix === undefined ? [] : wrapped(fix, width - 2).map(underneath))];
    return text.map((line, n) => {
      const head = n === 0 ? `  ${words[outcome].padEnd(wordWidth)}  ${name.padEnd(nameWidth)}  ` : " ".repeat(indent);
      return `${head}${line}`.trimEnd();
    });
  });
  return [stack, "", ...lines].join("\n");
}

const underneath = (line: string, n: number): string => `${n === 0 ? "→" : " "} ${line}`;

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

/** One sentence about them all, and the names of those that must not be deployed. */
export function summaryOf(all: readonly Preflight[]): string {
  const ready = stacksThatAre("ok", all);
  const warned = stacksThatAre("warning", all);
  const failed = stacksThatAre("failed", all);
  return [
    `${all.length} ${all.length === 1 ? "instance" : "instances"}: ${ready.length + warned.length} can be deployed (${warned.length} with warnings), ${failed.length} not yet.`,
    ...(failed.length === 0 ? [] : [`Not yet: ${failed.join(", ")}.`]),
  ].join("\n");
}
