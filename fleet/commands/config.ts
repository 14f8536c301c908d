/** The command `config`. */
import { readEnvironments, selectFrom } from "../../config/project";
import type { Origin, Setting } from "../../config/provenance";
import { selectionSyntax } from "../../config/selection";
import { JsonDocument } from "../output/foreign-text";
import { textTable } from "../output/text-table";
import type { Command } from "./command-line";
import { json } from "./options";

export const config: Command = {
  name: "config",
  summary: "Prints the configuration of each instance and the file and line of each value.",
  selection: "required",
  options: { json },
  details: `Exempt numbers are masked.

${selectionSyntax}`,
  run({ selection, switches }, print) {
    const environments = readEnvironments();
    const instances = selectFrom(environments, selection).map((instance) => ({
      stack: instance.stackName,
      settings: environments.settingsOf(instance).map(maskExemptNumbers),
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

/** Exempt numbers are phone numbers of people, and the output may end in a CI log. */
function maskExemptNumbers(setting: Setting): Setting {
  if (setting.key !== "exemptNumbers" || !Array.isArray(setting.value)) return setting;
  return { ...setting, value: setting.value.map((number) => String(number).replace(/(?<=\d)\d(?=\d\d)/g, "x")) };
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case "file":
      return `${origin.file}:${origin.line}:${origin.column}`;
    case "derived":
      return `derived from ${origin.from}`;
    case "default":
      return "default";
  }
}
