/** The command `verify`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { stackReport, verifySummary } from "../checks/verify/report";
import { JsonDocument } from "../output/foreign-text";
import type { Command } from "./command-line";
import { warnOfEndOfSupport } from "./end-of-support";
import { json } from "./options";

export const verify: Command = {
  name: "verify",
  summary:
    "Proves that the deployed instances block the numbers of contacts with a blocked Disposition, and no others; changes nothing.",
  selection: "optional",
  options: {
    coverage: { description: "Also checks every phone number, like the command coverage, at two requests per second." },
    json,
  },
  details: `The command checks the table and its index, the function and its alias, the role, the permission, the association, the module, the
inbound flow, and whether flows and modules call a module that no longer exists.
Then the command invokes the function with a listed number (the number of a contact with a blocked Disposition) and an unlisted number.
These invocations are not calls, so the function writes a log line but no metrics.
If AWS throttles a check, the command repeats the check for up to five minutes.

Exit codes: 0 proven, or "unproven" because no number is listed yet; 1 a check failed.

${selectionSyntax}`,
  async run({ selection, switches }, print) {
    const { verifyInstances } = await import("../checks/verify/verify-instances");
    const instances = selectFrom(readEnvironments(), selection);
    warnOfEndOfSupport(instances);
    const stacks = await verifyInstances(instances, switches.has("coverage"));
    print(
      switches.has("json")
        ? new JsonDocument(stacks)
        : [...stacks.map((stack) => `${stackReport(stack)}\n`), verifySummary(stacks)].join("\n"),
    );
    return stacks.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
};
