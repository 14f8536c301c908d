/** The command `atlantis`. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { writeFiles } from "../output/write-files";
import { atlantisYaml } from "../rollout/atlantis-yaml";
import type { Command } from "./command-line";

export const atlantis: Command = {
  name: "atlantis",
  summary: "Writes an atlantis.yaml with one project for each wave of an environment.",
  selection: "optional",
  options: { out: { value: "FILE", description: "Writes to this file. Default: atlantis.yaml." } },
  details: `Atlantis runs fleet plan and fleet deploy, so the guard checks each plan and each deployed instance is verified. The server-side
configuration of Atlantis (repos.yaml) must contain for this repository:
  allow_custom_workflows: true
  allowed_overrides: [workflow, apply_requirements]
  pre_workflow_hooks: [{ run: npm ci }]

${selectionSyntax}`,
  run({ selection, values }, print) {
    const file = values.get("out") ?? "atlantis.yaml";
    const text = atlantisYaml(selectFrom(readEnvironments(), selection), selection);
    for (const written of writeFiles(path.dirname(file), [[path.basename(file), text]], "The file")) print(written);
  },
};
