/** `flows`: the flows of instances as they are deployed, as files for the Connect console and for people. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../../flows/blocked-status";
import { flowFiles } from "../../flows/flow-files";
import { UnusableText } from "../../flows/literal-text";
import { inboundContent, moduleContent } from "../../stacks/flow-contents";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";

const defaultDirectory = path.join("build", "flows");

export const flows: Command = {
  name: "flows",
  summary: "Writes the flows of the selected instances: JSON for the Connect console, and pictures.",
  selection: "optional",
  options: {
    out: { value: "DIRECTORY", description: `Writes into this directory instead of ${defaultDirectory}.` },
  },
  details: `A directory for each stack. The inbound flow calls the module by its name, by which the console finds it on import,
instead of the id that Terraform fills in.

${selectionSyntax}`,
  run({ selection, values }, print) {
    const instances = selectFrom(readEnvironments(), selection);
    const files = instances.map((instance) => [instance.stackName, contentsOf(instance)] as const);
    try {
      for (const [stackName, contents] of files) {
        const directory = path.join(values.get("out") ?? defaultDirectory, stackName);
        mkdirSync(directory, { recursive: true });
        for (const [name, text] of Object.entries(contents)) {
          const file = path.join(directory, name);
          writeFileSync(file, text);
          print(file);
        }
      }
    } catch (error) {
      throw new CommandError(`The flows cannot be written. ${errorMessage(error)}`);
    }
  },
};

/** `filesOf`, with what a builder refuses said of the instance it is wrong in. */
function contentsOf(instance: InstanceConfig): Readonly<Record<string, string>> {
  try {
    return filesOf(instance);
  } catch (error) {
    if (!(error instanceof UnusableText)) throw error;
    throw new CommandError(`${instance.stackName}: ${error.message}`);
  }
}

/** File name → text, for all flows of an instance. */
export function filesOf(instance: InstanceConfig): Readonly<Record<string, string>> {
  const { name, inboundFlow } = instance;
  return {
    ...flowFiles(moduleContent(instance), BLOCKED_STATUS_MODULE_NAME, `${BLOCKED_STATUS_MODULE_NAME} of ${name}`),
    ...(inboundFlow && flowFiles(inboundContent(inboundFlow), "inbound", `${inboundFlow.name} of ${name}`)),
  };
}
