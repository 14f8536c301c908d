/** The command `iam`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { policiesFor } from "../aws/iam/policies";
import { JsonDocument } from "../output/foreign-text";
import { writeFiles } from "../output/write-files";
import type { Command } from "./command-line";

export const iam: Command = {
  name: "iam",
  summary: "Prints the least-privilege IAM policies for the roles that plan, deploy and check the selected instances.",
  selection: "optional",
  options: {
    out: {
      value: "DIRECTORY",
      description: "Writes one file per policy to this directory. Default: prints all policies as one JSON object.",
    },
  },
  details: `The command prints these policies:
  for each account with instances       deploy, deploy-watch, deploy-settings (only with settings of security teams), plan,
                                        preflight, discover, index, wire, read-and-invoke (for verify, coverage, check
                                        and deploy)
  for each account with a state bucket  state (for plan and deploy), state-read (for plan --read-only and drift)
docs/iam/README.md describes what each policy allows and why.

${selectionSyntax}`,
  run({ selection, values }, print) {
    const policies = policiesFor(selectFrom(readEnvironments(), selection));
    const directory = values.get("out");
    if (directory === undefined) {
      const documents = Object.fromEntries(policies.map(({ name, document }) => [name, document]));
      print(new JsonDocument(documents));
      return;
    }
    const files = policies.map(
      ({ name, document }) => [`${name}.json`, `${JSON.stringify(document, null, 2)}\n`] as const,
    );
    for (const file of writeFiles(directory, files, "The policies")) print(file);
  },
};
