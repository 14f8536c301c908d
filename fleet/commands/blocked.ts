/** The command `blocked`. */
import { readEnvironments, selectFrom } from "../../config/project";
import type { InstanceConfig } from "../../config/types";
import { selectionSyntax } from "../../config/selection";
import { Position } from "../checks/blocked/position";
import { csvHeader, csvRow, jsonRow, shownText, summaryText, tableHeader, tableRow } from "../checks/blocked/report";
import { CommandError } from "../output/command-error";
import { JsonDocument } from "../output/foreign-text";
import { Interrupted, stopExitCodes } from "../output/interrupted";
import type { StopSignal } from "../output/interrupted";
import { Progress } from "../output/progress";
import { printToStderr, progressOutput } from "../output/terminal";
import type { Command } from "./command-line";
import { rate } from "./options";

/** The position is saved and the progress is shown after this number of contacts. */
const contactsPerStep = 1000;

export const blocked: Command = {
  name: "blocked",
  summary: "Lists the blocked numbers of each instance with their Dispositions and contacts; changes nothing.",
  selection: "required",
  options: {
    numbers: {
      description:
        "Prints whole phone numbers. By default they are redacted, because the output may be copied to a log or a ticket.",
    },
    csv: { description: "Prints CSV with a header instead of a table.", excludes: "json" },
    json: { description: "Prints one JSON object per line instead of a table." },
    details: {
      description:
        "Also shows the attributes of the first 20 contacts of each number that the environment file names in contactDetails.",
    },
    rate,
    resume: { description: "Continues an interrupted list after its last line, without a header." },
  },
  details: `Each line is one address in the index with all its contacts that have a blocked Disposition. The status "blocked" means that the
function blocks this number because of these contacts. Any other status is the rule that decides instead, such as exempt or not_e164.
The summary also counts the contacts whose Disposition is similar to a blocked one: another case, other spaces, or another level. With
--csv or --json the summary is printed to standard error. --details sends one more request for each contact.

build/blocked/position.json contains the last number until the list is complete. Only you can read the file.

Exit codes: 0 the lists are complete, 1 a list is incomplete, 130 stopped with Ctrl-C, 143 with SIGTERM.

${selectionSyntax}`,
  async run({ selection, switches, numbers }, print) {
    const { listBlocked } = await import("../checks/blocked/list-blocked");
    const instances = selectFrom(readEnvironments(), selection);
    const hasDetails = switches.has("details");
    if (hasDetails) requireDetails(instances);
    const format = ["csv", "json"].find((name) => switches.has(name)) ?? "table";
    const shown = shownText(switches.has("numbers"));
    const request = JSON.stringify([
      instances.map(({ stackName }) => stackName),
      format,
      switches.has("numbers"),
      ...(hasDetails ? ["details"] : []),
    ]);
    const position = new Position(request, switches.has("resume"));
    if (format === "csv" && !switches.has("resume")) print(csvHeader(hasDetails));
    const stop = new AbortController();
    let stoppedBy: StopSignal = "SIGINT";
    const onSignal = (signal: StopSignal): void => {
      stoppedBy = signal;
      stop.abort();
    };
    process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
    const progress = new Progress(progressOutput, instances.length);
    let failed = 0;
    try {
      for (const { stackName, contactDetails, ...rest } of instances) {
        const from = position.of(stackName);
        if (from === "complete") continue;
        if (format === "table")
          print(`${stackName}${from.after === undefined ? "" : " (continued)"}\n${tableHeader()}`);
        let saved = 0;
        let last: string | undefined;
        try {
          const details = hasDetails ? { details: contactDetails } : {};
          const options = { unitsPerSecond: numbers.get("rate") ?? 1, signal: stop.signal, ...from, ...details };
          const summary = await listBlocked({ stackName, ...rest }, options, (number, contactsRead) => {
            stop.signal.throwIfAborted();
            if (format === "csv") print(csvRow(stackName, number, shown));
            else if (format === "json") print(new JsonDocument(jsonRow(stackName, number, shown), 0));
            else print(tableRow(number, shown));
            last = number.address;
            if (contactsRead < saved + contactsPerStep) return;
            saved = contactsRead;
            position.save(stackName, last);
            progress.step(stackName, `${contactsRead} contacts`);
          });
          position.save(stackName, null);
          progress.done(stackName, `${summary.contacts} contacts`);
          const text = summaryText(stackName, summary, shown, from.after !== undefined);
          if (format === "table") print(`\n${text}\n`);
          else printToStderr(text);
        } catch (error) {
          if (last !== undefined) position.save(stackName, last);
          if (stop.signal.aborted) throw new Interrupted(stopExitCodes[stoppedBy]);
          if (!(error instanceof CommandError)) throw error;
          failed++;
          progress.done(stackName, "incomplete");
          printToStderr(`${stackName}: the list is incomplete. ${error.message}`);
        }
      }
    } catch (error) {
      if (error instanceof Interrupted) printToStderr(continueText);
      throw error;
    } finally {
      progress.end();
      process.removeListener("SIGINT", onSignal).removeListener("SIGTERM", onSignal);
    }
    if (failed === 0) position.remove();
    else printToStderr(continueText);
    return failed === 0 ? 0 : 1;
  },
};

function requireDetails(instances: readonly InstanceConfig[]): void {
  const without = instances.filter(({ contactDetails }) => Object.keys(contactDetails ?? {}).length === 0);
  if (without.length === 0) return;
  throw new CommandError(
    `--details: the environment file has no contactDetails for ${without.map(({ stackName }) => stackName).join(", ")}. ` +
      "Name the attributes of the contacts, for example contactDetails: { agent: AgentName, time: EndTime, queue: QueueName }.",
  );
}

const continueText =
  "To continue after the last line, repeat the command with --resume. Append its output to the output that you have.";
