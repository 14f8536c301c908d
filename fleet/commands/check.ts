/** The command `check`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
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
    country: {
      value: "CODE",
      description: "Country of a number without country code, such as US or IT.",
    },
    json,
  },
  details: `NUMBER is the caller's number with country code, in quotes, for example '+1 (555) 555-0100', or the text that Connect sends instead
of a withheld number, for example Anonymous. If a spelling can stand for several numbers, each number is checked. Where a 0 after the
country code belongs to the number, as in Italy, the 0 is kept. The answer is the same for a call and for a message (SMS, WhatsApp), if the flow
of that contact invokes the module. The answer is based on the environment files, the live table and the rules of the
function. Use verify to check that the deployed function has the same settings.

Exit codes: 0 the answer is known for every instance, 1 the answer is unknown for an instance.

${selectionSyntax}`,
  async run({ argument, selection, switches, values }, print) {
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
