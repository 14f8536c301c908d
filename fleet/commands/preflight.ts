/** `preflight`: what to know, and what stands in the way, before the first deployment of an instance. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { Arguments, Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { lookedAt } from "../checks/finding";
import { instanceClients } from "../aws/instance-clients";
import { interruptedExitCode } from "../rollout/graceful-shutdown";
import { systemClock } from "../checks/preflight/clock";
import { preflightInstance } from "../checks/preflight/preflight";
import type { PreflightOptions } from "../checks/preflight/preflight";
import { reportOf, summaryOf } from "../checks/preflight/report";
import type { Preflight } from "../checks/preflight/report";
import { ProgressFiles } from "../checks/preflight/scan-progress";

/** Items that are read where nothing else is said: enough to show a habit, not a rarity. */
const defaultSample = 2000;
/** Where scans keep where they are, from the project's root; git ignores it. */
const progressDirectory = path.join(".fleet", "preflight");

export const preflight: Command = {
  name: "preflight",
  summary: "Tells what stands in the way of deploying the selected instances; it only reads.",
  selection: "optional",
  options: {
    sample: { value: "N", description: `Reads so many contacts, from all over the table. Default: ${defaultSample}.` },
    full: { description: "Reads all contacts: the only proof that none of them violates the index." },
    rate: {
      value: "UNITS",
      description:
        "Read capacity units a second that are never exceeded. Default: 25; on a provisioned table a tenth of its own.",
    },
    resume: { description: "Goes on with scans that were stopped, and does not repeat those that were not." },
    json: { description: "Prints a JSON array instead of tables." },
  },
  details: `Once our index exists, DynamoDB rejects every write of an item whose Disposition or CustomerEndpoint is not a non-empty
string of up to 2,048 or 1,024 bytes. No plan shows that, so the two attributes are read, below the rate, and counted; of items
that violate the index a few are shown, their keys masked. A sample is taken from segments that are spread over the whole table.
A unit is 8 kB read; a million units cost some $0.13. Ctrl-C stops after the page that is being read; where a scan was is kept
in ${progressDirectory}, also when it is killed, and --resume goes on from there.

Also looked at: the table, its indexes, keys, owner, replicas, encryption and capacity; what filling the index takes; Connect's
instance, quotas and names; the names of function, canary, roles and log groups; and what was made by hand after the vendor's guide.

Exit code 0: nothing failed, though there may be warnings; 1: something failed; 130: stopped by Ctrl-C.

${selectionSyntax}`,
  async run(given, print) {
    const options = optionsOf(given);
    const instances = selectFrom(readEnvironments(), given.selection);
    const stream = process.stderr;
    const stop = new AbortController();
    // Once: a second Ctrl-C ends the process at once, as it does by default.
    const onSignal = (): void => {
      stream.write("\nStopping after the page that is being read. Press Ctrl-C again to end at once.\n");
      stop.abort();
    };
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const signal of signals) process.once(signal, onSignal);
    const around = {
      clock: systemClock,
      stop: stop.signal,
      files: new ProgressFiles(path.resolve(progressDirectory)),
      stream,
    };
    const all: Preflight[] = [];
    try {
      for (const instance of instances) {
        if (stop.signal.aborted) break;
        const clients = instanceClients(instance);
        try {
          const one = lookedAt(instance.stackName, await preflightInstance(instance, clients, options, around));
          if (!given.switches.has("json")) print(`${reportOf(one, process.stdout.columns || 140)}\n`);
          all.push(one);
        } finally {
          clients.destroy();
        }
      }
    } finally {
      for (const signal of signals) process.removeListener(signal, onSignal);
    }
    print(given.switches.has("json") ? JSON.stringify(all, null, 2) : summaryOf(all));
    if (stop.signal.aborted) return interruptedExitCode;
    return all.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
};

/** @throws CommandError with every mistake */
function optionsOf({ values, switches }: Arguments): PreflightOptions {
  const mistakes: string[] = [];
  const wholeNumber = (name: string, unit: string): number | undefined => {
    const text = values.get(name);
    if (text === undefined) return undefined;
    // Nine digits: what is larger is a slip of the pen.
    if (!/^[1-9]\d{0,8}$/.test(text)) {
      mistakes.push(`--${name} ${JSON.stringify(text)} is not a whole number of ${unit} from 1 to 999999999.`);
    }
    return Number(text);
  };
  const sample = wholeNumber("sample", "items");
  const rate = wholeNumber("rate", "read capacity units a second");
  if (sample !== undefined && switches.has("full")) mistakes.push("--sample and --full exclude each other. Give one.");
  if (mistakes.length > 0) throw new CommandError(mistakes.join("\n"));
  return {
    extent: switches.has("full") ? { full: true } : { full: false, items: sample ?? defaultSample },
    rate,
    resume: switches.has("resume"),
  };
}
