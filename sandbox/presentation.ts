/** The terminal output of the sandbox: a heading, the stack, and a row per call with its path through the module. */
import colors from "picocolors";
import { redactNumbers } from "../fleet/output/redact";
import type { PlayedCall } from "./play-call";

export function heading(text: string): void {
  print(`\n${colors.bold(text)}\n`);
}

/** Prints names and values, aligned. */
export function lines(entries: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  for (const [name, text] of Object.entries(entries)) print(`  ${colors.dim(name.padEnd(width))}  ${text}`);
}

/** Widths of the columns, in characters. */
const columns = { call: 53, number: 14, blockedStatus: 15, reason: 18, time: 8 };
const width = Object.values(columns).reduce((sum, column) => sum + column, 0);

/** Prints a row per call, and a summary at the end. */
export class CallTable {
  private readonly played: PlayedCall[] = [];

  constructor() {
    const { call, number, blockedStatus, reason, time } = columns;
    const header =
      "call".padEnd(call) +
      "number".padEnd(number) +
      "blockedStatus".padEnd(blockedStatus) +
      "reason".padEnd(reason) +
      "lookup".padStart(time);
    print(`\n  ${colors.dim(header)}\n  ${colors.dim("─".repeat(width))}`);
  }

  add(what: string, from: string, call: PlayedCall): void {
    this.played.push(call);
    const status = call.attributes["blockedStatus"] ?? "unset";
    const paint = status === "match" ? colors.red : failed(call) ? colors.yellow : colors.green;
    const time = call.lookupMs === undefined ? "–" : `${call.lookupMs.toFixed(1)} ms`;
    print(
      `  ${what.padEnd(columns.call)}${redactNumbers(from).padEnd(columns.number)}` +
        `${colors.bold(paint(status.padEnd(columns.blockedStatus)))}${paint(reason(call).padEnd(columns.reason))}` +
        time.padStart(columns.time),
    );
    print(`  ${colors.dim(`└ ${call.path.map(({ identifier }) => identifier).join(" → ")}`)}`);
  }

  close(): void {
    const blocked = this.played.filter(({ attributes }) => attributes["blockedStatus"] === "match").length;
    const errors = this.played.filter(failed).length;
    print(
      `\n  ${this.played.length} calls: ${colors.red(`${blocked} blocked`)}, ` +
        `${colors.green(`${this.played.length - blocked} let through`)} ` +
        `(${colors.yellow(`${errors} after a failed lookup`)}: metric LookupError; a failed lookup never blocks a caller).\n`,
    );
  }
}

/** The reason in the function's answer. */
function reason({ answer }: PlayedCall): string {
  if (typeof answer === "object" && answer !== null && "reason" in answer) return String(answer.reason);
  return "no answer";
}

/** Whether the metric line in the log counts the call as a failed lookup. */
function failed({ log }: PlayedCall): boolean {
  return log.some((line) => line.startsWith("{") && (JSON.parse(line) as { LookupError?: number }).LookupError === 1);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
