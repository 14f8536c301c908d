/** The command `check`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { CallerCheck } from "../checks/caller/check-caller";
import { callerJson, callerReport, redactionFor } from "../checks/caller/report";
import { CommandError } from "../output/command-error";
import { JsonDocument } from "../output/foreign-text";
import { type Print, printToStderr } from "../output/terminal";
import type { Arguments, Command } from "./command-line";
import { json, rate } from "./options";

export const check: Command = {
  name: "check",
  summary:
    "Shows whether a caller would be blocked, which contacts cause it, and how to unblock the number; changes nothing.",
  argument: "NUMBER",
  argumentOption: "numbers-from",
  selection: "optional",
  options: {
    "show-numbers": {
      description:
        "Prints whole phone numbers. By default they are redacted, because the output may be copied to a log or a ticket.",
    },
    country: {
      value: "CODE",
      description: "Country of a number without country code, such as US or IT.",
    },
    "numbers-from": {
      value: "FILE",
      description: "Checks the numbers of a file instead of NUMBER, one per line; - reads standard input.",
    },
    csv: { description: "Prints CSV with a header, with the columns of blocked --csv.", excludes: "json" },
    rate,
    json,
  },
  details: `NUMBER is the caller's number with country code, in quotes, for example '+1 (555) 555-0100', or the text that Connect sends instead
of a withheld number, for example Anonymous. If a spelling can stand for several numbers, each number is checked. Where a 0 after the
country code belongs to the number, as in Italy, the 0 is kept. The answer is the same for a call and for a message (SMS, WhatsApp), if the flow
of that contact invokes the module. The answer is based on the environment files, the live table and the rules of the
function. Use verify to check that the deployed function has the same settings.

With --numbers-from, each line that is not empty gets one answer for each instance, in the order of the lines, and --json prints one object
per line. A line that is not a number has the status unreadable and does not stop the command. The answer has the same status,
Dispositions and contacts as blocked. Near misses are shown only for a single number. The list may have any length.

Exit codes: 0 the answer is known for every number and instance, 1 an answer is unknown or a line is unreadable.

${selectionSyntax}`,
  async run(given, print) {
    const { argument, selection, switches, values } = given;
    if (values.has("numbers-from") || switches.has("csv")) return checkList(given, print);
    // The metadata of the countries is loaded only for this command.
    const { callersFrom } = await import("../checks/caller/caller");
    const { checkCaller } = await import("../checks/caller/check-caller");
    const instances = selectFrom(readEnvironments(), selection);
    const otherNumbers = instances.some(({ lookup }) => lookup.otherNumbers);
    const callers = callersFrom(argument, { country: values.get("country"), otherNumbers });
    const checks: CallerCheck[] = [];
    const documents: object[] = [];
    for (const instance of instances) {
      for (const caller of callers) {
        const redact = redactionFor(caller.address, switches.has("show-numbers"));
        const result = await checkCaller(instance, caller);
        if (!switches.has("json")) print(`${checks.length === 0 ? "" : "\n"}${callerReport(result, redact)}`);
        checks.push(result);
        documents.push(callerJson(result, redact));
      }
    }
    if (switches.has("json")) print(new JsonDocument(documents));
    return checks.some(({ answer }) => typeof answer === "string") ? 1 : 0;
  },
};

/** Answers every line of a list. @returns the exit code */
async function checkList({ argument, selection, switches, values, numbers }: Arguments, print: Print): Promise<number> {
  const { callersFrom } = await import("../checks/caller/caller");
  const { numberLines } = await import("../checks/caller/number-lines");
  const { NumberLookup } = await import("../checks/blocked/number-lookup");
  const { lineCsv, lineJson, lineTable } = await import("../checks/blocked/number-report");
  const { shownText } = await import("../checks/blocked/report");
  const instances = selectFrom(readEnvironments(), selection);
  const options = {
    country: values.get("country"),
    otherNumbers: instances.some(({ lookup }) => lookup.otherNumbers),
  };
  const shown = shownText(switches.has("show-numbers"));
  const stackWidth = Math.max(...instances.map(({ stackName }) => stackName.length));
  const isTable = !switches.has("csv") && !switches.has("json");
  const format = switches.has("csv")
    ? lineCsv(shown)
    : switches.has("json")
      ? lineJson(shown)
      : lineTable(shown, stackWidth);
  const source = values.get("numbers-from");
  const lines = source === undefined ? [{ line: 1, text: argument }] : numberLines(source);
  const pace = { unitsPerSecond: numbers.get("rate") ?? 1, signal: new AbortController().signal };
  const lookups = instances.map((instance) => new NumberLookup(instance, pace));
  const counts = { lines: 0, blocked: 0, unreadable: 0, unknown: 0 };
  try {
    if (format.header !== undefined) print(format.header);
    for await (const one of lines) {
      const { line } = one;
      counts.lines++;
      const callers = "problem" in one ? one.problem : readOrProblem(() => callersFrom(one.text, options));
      if (typeof callers === "string") {
        counts.unreadable++;
        print(format.row({ line, status: "unreadable", problem: callers }));
        // The table shows the problem already. CSV and JSON usually go to a file.
        if (!isTable) printToStderr(`Line ${line}: ${callers}`);
        continue;
      }
      for (const lookup of lookups) {
        const { stackName: stack } = lookup.instance;
        for (const { address, reading } of callers) {
          const isFirstFailure = lookup.failure === undefined;
          const number = await lookup.find(address);
          if (number === undefined) {
            const problem = lookup.failure ?? "";
            counts.unknown++;
            print(format.row({ line, stack, status: "unknown", problem }));
            if (isFirstFailure) printToStderr(`${stack}: not answered from line ${line}. ${problem}`);
          } else {
            if (number.status === "blocked" || number.status === "anonymous_blocked") counts.blocked++;
            print(format.row({ line, stack, number, reading }));
          }
        }
      }
    }
  } finally {
    for (const lookup of lookups) lookup.close();
  }
  printToStderr(
    `Lines: ${counts.lines}. Answers "blocked": ${counts.blocked}. Unreadable lines: ${counts.unreadable}. Unknown answers: ${counts.unknown}.`,
  );
  return counts.unreadable + counts.unknown === 0 ? 0 : 1;
}

function readOrProblem<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}
