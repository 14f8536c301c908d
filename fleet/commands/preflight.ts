/** The command `preflight`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { progressDirectory } from "../checks/preflight/scan-progress";
import { reportOf, summaryOf } from "../checks/preflight/report";
import { JsonDocument } from "../output/foreign-text";
import { terminalColumns } from "../output/terminal";
import { stopExitCodes } from "../output/interrupted";
import type { Command } from "./command-line";
import { warnOfEndOfSupport } from "./end-of-support";
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
      description: "Reads N contacts from all segments of the table.",
      wholeNumber: { min: 1, max: 999_999_999, default: defaultSample },
      excludes: "full",
    },
    full: {
      description:
        "Reads all contacts. Only a full scan proves that DynamoDB rejects no contact after the index is created.",
    },
    rate: {
      value: "UNITS",
      description:
        "Reads at most this many read capacity units per second. Default: 25, or 10% of a provisioned table's capacity.",
      wholeNumber: { min: 1, max: 999_999_999 },
    },
    attributes: {
      description:
        "Lists the attributes that blocked contacts have, for contactDetails. Needs the policy contact-attributes.",
    },
    resume: { description: "Continues the stopped scans of the previous run, and does not repeat its finished scans." },
    json,
  },
  details: `After the index is created, DynamoDB rejects a contact if its Disposition or CustomerEndpoint is empty, is not a string, or is too long
(more than 2,048 bytes for Disposition, more than 1,024 bytes for CustomerEndpoint). A contact without these attributes is accepted.
A plan cannot show the rejected contacts. Therefore preflight reads both attributes of the contacts in the table, counts the contacts
that DynamoDB would reject, and shows a few of them with redacted keys. One read capacity unit reads 8 kB.

preflight also checks:
  the table: indexes, keys, owner, replicas, encryption, capacity
  the time and the cost of building the index
  the Connect instance: id, quotas, names of modules and flows, associated functions
  the names of the functions, roles and log groups of the stack: free, managed by this stack, or to be adopted
  resources that were created by hand with the vendor's guide

With --attributes, the command reads up to five of the contacts with a blocked Disposition completely, and prints only the names and the
types of their attributes.

After Ctrl-C, a scan finishes the page that it is reading and saves its position in ${progressDirectory}. The position is also saved if
the process is killed. --resume continues at this position. The command deletes the saved positions when the scans of all selected
instances have finished, because the positions contain keys of contacts.

Exit codes: 0 no check failed (there may be warnings), 1 a check failed, 130 stopped by Ctrl-C, 143 by SIGTERM.

${selectionSyntax}`,
  async run({ selection, numbers, switches }, print) {
    const { preflightInstances } = await import("../checks/preflight/preflight-instances");
    const instances = selectFrom(readEnvironments(), selection);
    warnOfEndOfSupport(instances);
    const isJson = switches.has("json");
    const { stacks, stoppedBy } = await preflightInstances(
      instances,
      {
        extent: switches.has("full") ? { full: true } : { full: false, items: numbers.get("sample") ?? defaultSample },
        rate: numbers.get("rate"),
        resume: switches.has("resume"),
        attributes: switches.has("attributes"),
      },
      (stack) => {
        if (!isJson) print(`${reportOf(stack, terminalColumns() ?? 140)}\n`);
      },
    );
    print(isJson ? new JsonDocument(stacks) : summaryOf(stacks));
    if (stoppedBy !== undefined) return stopExitCodes[stoppedBy];
    return stacks.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
};
