/** `config`: the resolved configuration of instances, and where each value comes from. */
import type { Origin, Setting } from "../../config/provenance";
import { selectionSyntax } from "../../config/selection";
import type { Command } from "./command-line";
import { readEnvironments, selectFrom } from "../../config/project";
import { textTable } from "../output/text-table";

export const config: Command = {
  name: "config",
  summary: "Prints what is configured for each instance, and where each value comes from.",
  selection: "required",
  options: { json: { description: "Prints a JSON array instead of tables." } },
  details: selectionSyntax,
  run({ selection, switches }, print) {
    const environments = readEnvironments();
    const instances = selectFrom(environments, selection).map((instance) => ({
      stack: instance.stackName,
      settings: environments.settingsOf(instance).map(withoutTelephoneNumbers),
    }));
    if (switches.has("json")) {
      print(JSON.stringify(instances, null, 2));
      return;
    }
    const tables = instances.map(({ stack, settings }) => {
      const rows = settings.map(({ key, value, origin }) => [key, shownValue(value), shownOrigin(origin)]);
      return `${stack}\n\n${textTable(["key", "value", "where it comes from"], rows)}`;
    });
    print(tables.join("\n\n"));
  },
};

/** Exempt numbers are people's telephone numbers, and what is printed may end in a build's log. */
function withoutTelephoneNumbers(setting: Setting): Setting {
  if (setting.key !== "exemptNumbers" || !Array.isArray(setting.value)) return setting;
  return { ...setting, value: setting.value.map((number) => String(number).replace(/(?<=\d)\d(?=\d\d)/g, "x")) };
}

function shownValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function shownOrigin(origin: Origin): string {
  switch (origin.kind) {
    case "file":
      return `${origin.file}:${origin.line}:${origin.column}`;
    case "derived":
      return `follows from ${origin.from}`;
    case "default":
      return "default";
  }
}
