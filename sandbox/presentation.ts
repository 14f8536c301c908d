/** The terminal output of the sandbox: a heading, the stack, and for each call a row, its path and what the caller experiences. */
import colors from "picocolors";
import { printable } from "../config/printable";
import { experienceOf, type PlayedCall, reasonOf } from "../emulators/play-call";
import { redactNumbers } from "../fleet/output/redact";

export function heading(text: string): void {
  print(`\n${colors.bold(text)}\n`);
}

/** Prints names and values, aligned. */
export function lines(entries: Readonly<Record<string, string>>): void {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  for (const [name, text] of Object.entries(entries)) print(`  ${colors.dim(name.padEnd(width))}  ${text}`);
}

/** Widths of the columns after the call and the number, in characters. */
const columns = { blockedStatus: 15, reason: 18, time: 8 };

/** Prints a row per call, and a summary at the end. */
export class CallTable {
  private readonly played: PlayedCall[] = [];
  private readonly width: { readonly call: number; readonly number: number };

  /** @param calls the calls that will be added, for the widths of the columns */
  constructor(calls: readonly { readonly title: string; readonly from: string }[]) {
    this.width = {
      call: 2 + Math.max(...calls.map(({ title }) => printable(title).length)),
      number: 2 + Math.max(...calls.map(({ from }) => redactNumbers(from).length)),
    };
    const { blockedStatus, reason, time } = columns;
    const header =
      "call".padEnd(this.width.call) +
      "number".padEnd(this.width.number) +
      "blockedStatus".padEnd(blockedStatus) +
      "reason".padEnd(reason) +
      "lookup".padStart(time);
    print(`\n  ${colors.dim(header)}\n  ${colors.dim("─".repeat(header.length))}`);
  }

  add(title: string, from: string, call: PlayedCall): void {
    this.played.push(call);
    const status = call.attributes["blockedStatus"] ?? "unset";
    const paint = status === "match" ? colors.red : failed(call) ? colors.yellow : colors.green;
    const time = call.lookupMs === undefined ? "–" : `${call.lookupMs.toFixed(1)} ms`;
    print(
      `  ${printable(title).padEnd(this.width.call)}${redactNumbers(from).padEnd(this.width.number)}` +
        `${colors.bold(paint(status.padEnd(columns.blockedStatus)))}${paint(reasonOf(call).padEnd(columns.reason))}` +
        time.padStart(columns.time),
    );
    const experience = experienceOf(call);
    const details = [
      call.path.map(({ identifier }) => identifier).join(" → "),
      ...(experience === undefined ? [] : [redactNumbers(printable(experience))]),
    ];
    for (const detail of details) print(`  ${colors.dim(`└ ${detail}`)}`);
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

/** Whether the metric line in the log counts the call as a failed lookup. */
function failed({ log }: PlayedCall): boolean {
  return log.some((line) => line.startsWith("{") && (JSON.parse(line) as { LookupError?: number }).LookupError === 1);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
