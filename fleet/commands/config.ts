/** The command `config`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { originText, redactExemptNumbers, valueText } from "../../config/setting-text";
import { JsonDocument } from "../output/foreign-text";
import { textTable } from "../output/text-table";
import type { Command } from "./command-line";
import { json } from "./options";

export const config: Command = {
  name: "config",
  summary: "Prints the configuration of each instance, with the file and line of each value.",
  selection: "required",
  options: { json },
  details: `Exempt numbers are redacted.

${selectionSyntax}`,
  run({ selection, switches }, print) {
    const environments = readEnvironments();
    const instances = selectFrom(environments, selection).map((instance) => ({
      stack: instance.stackName,
      settings: environments.settingsOf(instance).map(redactExemptNumbers),
    }));
    if (switches.has("json")) {
      print(new JsonDocument(instances));
      return;
    }
    const tables = instances.map(({ stack, settings }) => {
      const rows = settings.map(({ key, value, origin }) => [key, valueText(value), originText(origin)]);
      return `${stack}\n\n${textTable(["key", "value", "source"], rows)}`;
    });
    print(tables.join("\n\n"));
  },
};
