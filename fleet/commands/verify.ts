/** The command `verify`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { stackReport, verifySummary } from "../checks/verify/report";
import type { VerifiedStack } from "../checks/verify/verify-instances";
import { JsonDocument } from "../output/foreign-text";
import type { Command } from "./command-line";
import { json } from "./options";

export const verify: Command = {
  name: "verify",
  summary: "Proves that the selected instances, as deployed, block listed numbers and no others; changes nothing.",
  selection: "optional",
  options: { json },
  details: `Checks the table and index, the function and alias, the role and permission, and the association and module. Then it invokes the
function with a listed number and an unlisted number. Each invocation writes a log line but no metrics, because an invocation by verify is not a call.

Exit codes: 0 proven, or "unproven" because no number is listed yet; 1 a check failed.

${selectionSyntax}`,
  async run({ selection, switches }, print) {
    const { verifyInstances } = await import("../checks/verify/verify-instances");
    const instances = selectFrom(readEnvironments(), selection);
    const stacks: VerifiedStack[] = [];
    for (const pending of verifyInstances(instances)) {
      const stack = await pending;
      if (!switches.has("json")) print(`${stacks.length === 0 ? "" : "\n"}${stackReport(stack)}`);
      stacks.push(stack);
    }
    print(switches.has("json") ? new JsonDocument(stacks) : `\n${verifySummary(stacks)}`);
    return stacks.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
};
