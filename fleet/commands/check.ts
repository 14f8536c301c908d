/** The command `check`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { callerFrom } from "../checks/caller/caller";
import type { CallerCheck } from "../checks/caller/check-caller";
import { callerJson, callerReport, redactionFor } from "../checks/caller/report";
import { JsonDocument } from "../output/foreign-text";
import type { Command } from "./command-line";
import { json } from "./options";

export const check: Command = {
  name: "check",
  summary:
    "Shows whether a caller would be blocked, which contacts cause it, and how to unblock the number; changes nothing.",
  argument: "NUMBER",
  selection: "optional",
  options: {
    "show-numbers": {
      description:
        "Prints whole phone numbers. By default they are redacted, because the output may be copied to a log or a ticket.",
    },
    json,
  },
  details: `NUMBER is the caller's number with country code, in quotes, for example '+1 (555) 555-0100', or the text that Connect sends instead
of a withheld number, for example Anonymous. The answer is based on the environment files, the live table and the rules of the
function. Use verify to check that the deployed function has the same settings.

Exit codes: 0 the answer is known for every instance, 1 the answer is unknown for an instance.

${selectionSyntax}`,
  async run({ argument, selection, switches }, print) {
    const { checkCaller } = await import("../checks/caller/check-caller");
    const address = callerFrom(argument);
    const redact = redactionFor(address, switches.has("show-numbers"));
    const checks: CallerCheck[] = [];
    for (const instance of selectFrom(readEnvironments(), selection)) {
      const result = await checkCaller(instance, address);
      if (!switches.has("json")) print(`${checks.length === 0 ? "" : "\n"}${callerReport(result, address, redact)}`);
      checks.push(result);
    }
    if (switches.has("json")) print(new JsonDocument(checks.map((result) => callerJson(result, redact))));
    return checks.some(({ answer }) => typeof answer === "string") ? 1 : 0;
  },
};
