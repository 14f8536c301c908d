/** The command `coverage`. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { coverageHtml } from "../checks/coverage/html";
import { coverageJson, coverageReport, coverageSummary } from "../checks/coverage/report";
import { JsonDocument } from "../output/foreign-text";
import { writeFiles } from "../output/write-files";
import type { Command } from "./command-line";
import { json } from "./options";

export const coverage: Command = {
  name: "coverage",
  summary:
    "Shows for each phone number whether every path of its flow checks the caller and keeps a blocked caller away; changes nothing.",
  selection: "optional",
  options: {
    html: {
      value: "FILE",
      description: "Writes the result as one HTML file, with a picture of the flows of each number.",
    },
    "show-numbers": {
      description:
        "Prints whole phone numbers. By default they are redacted, because the output may be copied to a log or a ticket.",
    },
    json,
  },
  details: `The command reads the published flows of the instance, at two requests per second. It follows transfers to other flows, modules, loops
and customer queue flows. The simulator then plays a blocked and an unblocked caller, and must agree. The verdicts:

  protected                a blocked caller reaches no queue, agent, callback or external number on any path
  protected on some paths  at least one path leads a blocked caller around the check or the comparison; the path is shown
  checked too late         the module is invoked only after a queue, agent, callback or external number
  answer ignored           the module is invoked, but its answer does not keep a blocked caller away
  not checked              no path invokes the module
  unknown                  a path leads to a flow that is chosen at run time, or to a block that cannot be analysed

Error branches of the module itself are not followed: if the module fails, the call goes through by design.

Exit codes: 0 every number is protected or unknown; 1 a number is not protected, or an instance could not be read.

${selectionSyntax}`,
  async run({ selection, switches, values }, print) {
    const { coverInstances } = await import("../checks/coverage/cover-instances");
    const showNumbers = switches.has("show-numbers");
    const instances = await coverInstances(selectFrom(readEnvironments(), selection), showNumbers);
    const html = values.get("html");
    if (html !== undefined)
      writeFiles(path.dirname(html), [[path.basename(html), coverageHtml(instances, showNumbers)]], "The HTML file");
    print(
      switches.has("json")
        ? new JsonDocument(coverageJson(instances))
        : [...instances.map((instance) => `${coverageReport(instance)}\n`), coverageSummary(instances)].join("\n"),
    );
    return instances.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
};
