/** The answers for a list of numbers as a table, as CSV and as JSON, with redacted phone numbers. */
import { printable } from "../../../config/printable";
import { JsonDocument } from "../../output/foreign-text";
import type { BlockedNumber } from "./blocked-numbers";
import { csvHeader, csvLine, csvRow, jsonRow, type Shown, tableHeader, tableRow } from "./report";

/** The answer for one line and one instance. */
export type LineAnswer =
  | {
      readonly line: number;
      readonly stack: string;
      readonly number: BlockedNumber;
      /** How the spelling was read. */
      readonly reading: string | undefined;
    }
  /** The line is not a number, or AWS did not answer. */
  | {
      readonly line: number;
      readonly stack?: string;
      readonly status: "unreadable" | "unknown";
      readonly problem: string;
    };

/** Writes the header and the answers in one format. */
export interface LineFormat {
  /** Undefined if the format has no header. */
  readonly header: string | undefined;
  row(answer: LineAnswer): string | JsonDocument;
}

const lineWidth = 6;

/** @param stackWidth length of the longest name of a stack */
export const lineTable = (shown: Shown, stackWidth: number): LineFormat => {
  const prefix = (line: string, stack: string): string => `${line.padStart(lineWidth)}  ${stack.padEnd(stackWidth)}  `;
  const [names = "", dashes = ""] = tableHeader().split("\n");
  return {
    header: [
      `${prefix("line", "stack")}${names}`,
      `${prefix("-".repeat(lineWidth), "-".repeat(stackWidth))}${dashes}`,
    ].join("\n"),
    row: (answer) =>
      "number" in answer
        ? `${prefix(String(answer.line), answer.stack)}${tableRow(answer.number, shown)}${answer.reading === undefined ? "" : ` (${answer.reading})`}`
        : `${prefix(String(answer.line), answer.stack ?? "-")}${answer.status}: ${printable(answer.problem)}`,
  };
};

/** The columns of `fleet blocked --csv`, after the number of the line and before a note. */
export const lineCsv = (shown: Shown): LineFormat => ({
  header: `line,${csvHeader(false)},note`,
  row: (answer) =>
    "number" in answer
      ? `${answer.line},${csvRow(answer.stack, answer.number, shown)},${csvLine([answer.reading ?? ""])}`
      : csvLine([String(answer.line), answer.stack ?? "", "", answer.status, "", "", "", printable(answer.problem)]),
});

export const lineJson = (shown: Shown): LineFormat => ({
  header: undefined,
  row: (answer) => {
    const { line } = answer;
    if ("number" in answer) {
      const note = answer.reading === undefined ? {} : { note: answer.reading };
      return new JsonDocument({ line, ...jsonRow(answer.stack, answer.number, shown), ...note }, 0);
    }
    const stack = answer.stack === undefined ? {} : { stack: answer.stack };
    return new JsonDocument({ line, ...stack, status: answer.status, note: printable(answer.problem) }, 0);
  },
});
