/** `iam`: the policies for the roles that plan and deploy. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { selectionSyntax } from "../../config/selection";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { readEnvironments, selectFrom } from "../../config/project";
import { policiesFor } from "../aws/iam/policies";
import { errorMessage } from "../output/error-message";

export const iam: Command = {
  name: "iam",
  summary: "Prints the IAM policies that planning, deploying and looking at the selected instances needs, and no more.",
  selection: "optional",
  options: { out: { value: "DIRECTORY", description: "Writes each into a file of this directory instead." } },
  details: `For each account: "deploy", "plan", "preflight", "operate" (verify and check) and "discover"; for each account that holds states:
"state", which goes with deploy, and "state-read", which goes with plan and takes no lock. What they allow and why: docs/iam/README.md.

${selectionSyntax}`,
  run({ selection, values }, print) {
    const policies = policiesFor(selectFrom(readEnvironments(), selection));
    const directory = values.get("out");
    if (directory === undefined) {
      const all = Object.fromEntries(policies.map(({ name, document }) => [name, document]));
      print(JSON.stringify(all, null, 2));
      return;
    }
    try {
      mkdirSync(directory, { recursive: true });
      for (const { name, document } of policies) {
        const file = path.join(directory, `${name}.json`);
        writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
        print(file);
      }
    } catch (error) {
      throw new CommandError(`The policies cannot be written. ${errorMessage(error)}`);
    }
  },
};
