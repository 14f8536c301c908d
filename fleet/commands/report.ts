/** The command `report`. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { writeFiles } from "../output/write-files";
import type { Command } from "./command-line";

export const report: Command = {
  name: "report",
  summary: "Writes one HTML page about all instances, to share within the company; changes nothing.",
  selection: "optional",
  options: {
    html: { value: "FILE", required: true, description: "The file to write." },
    rate: {
      value: "N",
      description: "Consumes at most N read units of each index per second, on average.",
      wholeNumber: { min: 1, max: 10_000, default: 50 },
    },
    timeout: {
      value: "SECONDS",
      description: "Seconds after which a value of the status that AWS did not return is unknown.",
      wholeNumber: { min: 1, max: 300, default: 15 },
    },
  },
  details: `The page shows which instances need attention, and for each instance its status, the blocked calls per day for 30 days, the size of
the list of blocked numbers, and its phone numbers with pictures of their flows. Phone numbers are redacted, and the page contains no
secrets. It is one file: it loads nothing and sends nothing.

The command reads flows like coverage (two requests per second), the index like blocked, and the rest like status. It needs the policy
read-and-invoke. Drift is shown if the command drift ran on this machine, from its last result in build/results.

Exit codes: 0 the page is written, also if instances need attention; 1 the page could not be written. status has exit codes for the state.

${selectionSyntax}`,
  async run({ selection, values, numbers }, print) {
    const instances = selectFrom(readEnvironments(), selection);
    const { gatherReport } = await import("../checks/report/gather");
    const { reportHtml, stateOf, verdict } = await import("../checks/report/page");
    const reported = await gatherReport(instances, {
      timeoutMs: (numbers.get("timeout") ?? 15) * 1000,
      unitsPerSecond: numbers.get("rate") ?? 50,
    });
    const file = values.get("html") ?? "";
    const page = reportHtml(reported, Date.now());
    writeFiles(path.dirname(file), [[path.basename(file), page]], "The report");
    print(`${verdict(reported.map((one) => stateOf(one)))}\nThe report is in ${file}.`);
  },
};
