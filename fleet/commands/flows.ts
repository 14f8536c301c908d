/** The command `flows`. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import { UnusableText } from "../../flows/literal-text";
import { flowFilesOf } from "../../stacks/flow-files";
import { CommandError } from "../output/command-error";
import { writeFiles } from "../output/write-files";
import type { Command } from "./command-line";

const defaultDirectory = path.join("build", "flows");

export const flows: Command = {
  name: "flows",
  summary: "Writes the flows of the selected instances as JSON for the Connect console, and as diagrams.",
  selection: "optional",
  options: { out: { value: "DIRECTORY", description: `Writes to this directory. Default: ${defaultDirectory}.` } },
  details: `Each stack has its own directory. The written inbound flow refers to the module by its name, because the console finds the module by
name when you import the flow. In the deployed flow, Terraform replaces the name with the module's id.

${selectionSyntax}`,
  run({ selection, values }, print) {
    const files = selectFrom(readEnvironments(), selection).flatMap(filesOf);
    for (const file of writeFiles(values.get("out") ?? defaultDirectory, files, "The flows")) print(file);
  },
};

function filesOf(instance: InstanceConfig): readonly (readonly [string, string])[] {
  try {
    return Object.entries(flowFilesOf(instance)).map(([name, text]) => [path.join(instance.stackName, name), text]);
  } catch (error) {
    if (!(error instanceof UnusableText)) throw error;
    throw new CommandError(`${instance.stackName}: ${error.message}`);
  }
}
