/** The command `preflight`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { progressDirectory } from "../checks/preflight/scan-progress";
import { reportOf, summaryOf } from "../checks/preflight/report";
import { JsonDocument } from "../output/foreign-text";
import { terminalColumns } from "../output/terminal";
import { interruptedExitCode } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";
import { json } from "./options";

/** Enough contacts to find values that occur often. */
const defaultSample = 2000;

export const preflight: Command = {
  name: "preflight",
  summary: "Checks before the first deployment whether the selected instances can be deployed; changes nothing.",
  selection: "optional",
  options: {
    sample: {
      value: "N",
      description: "Reads N contacts from all parts of the table.",
      wholeNumber: { min: 1, max: 999_999_999, default: defaultSample },
      excludes: "full",
    },
    full: { description: "Reads all contacts. A sample cannot prove that no contact violates the index." },
    rate: {
      value: "UNITS",
      description:
        "Reads at most this many read capacity units per second. Default: 25, or 10% of a provisioned table's capacity.",
      wholeNumber: { min: 1, max: 999_999_999 },
    },
    resume: { description: "Continues scans that were stopped. Scans that finished in the same run are not repeated." },
    json,
  },
  details: `Once the index exists, DynamoDB rejects every write of a contact whose Disposition or CustomerEndpoint is not a non-empty string of
at most 2,048 or 1,024 bytes. A plan cannot show such contacts, so preflight reads the two attributes of contacts and counts
violations. The report shows a few violations with redacted keys. A sample covers segments of the whole table. One read capacity unit reads 8 kB.

preflight also checks the table (indexes, keys, owner, replicas, encryption, capacity), the cost of the index backfill, Connect's
instance, quotas and names, the names of the function, canary, roles and log groups, and resources from the vendor's guide.

Ctrl-C stops after the current page. The position is saved in ${progressDirectory}, even if the process is killed. --resume continues at
this position. When the scans of all selected instances have finished, the files are deleted, because they contain keys of contacts.

Exit codes: 0 no check failed (there may be warnings), 1 a check failed, 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run({ selection, numbers, switches }, print) {
    const { preflightInstances } = await import("../checks/preflight/preflight-instances");
    const instances = selectFrom(readEnvironments(), selection);
    const isJson = switches.has("json");
    const { stacks, isStopped } = await preflightInstances(
      instances,
      {
        extent: switches.has("full") ? { full: true } : { full: false, items: numbers.get("sample") ?? defaultSample },
        rate: numbers.get("rate"),
        resume: switches.has("resume"),
      },
      (stack) => {
        if (!isJson) print(`${reportOf(stack, terminalColumns() ?? 140)}\n`);
      },
    );
    print(isJson ? new JsonDocument(stacks) : summaryOf(stacks));
    if (isStopped) return interruptedExitCode;
    return stacks.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
};
