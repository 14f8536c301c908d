/** The command `config`. */
import type { Setting } from "../../config/provenance";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { originText, valueText } from "../../config/setting-text";
import { JsonDocument } from "../output/foreign-text";
import { redactNumbers } from "../output/redact";
import { textTable } from "../output/text-table";
import type { Command } from "./command-line";
import { json } from "./options";

export const config: Command = {
  name: "config",
  summary: "Prints the configuration of each instance, with the file and line of each value.",
  selection: "required",
  options: { json },
  details: `Phone numbers are redacted.

${selectionSyntax}`,
  run({ selection, switches }, print) {
    const environments = readEnvironments();
    const instances = selectFrom(environments, selection).map((instance) => ({
      stack: instance.stackName,
      settings: environments.settingsOf(instance).map(redacted),
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

/** The setting with redacted phone numbers, because the output can appear in a CI log. Exempt numbers are numbers of people. */
function redacted(setting: Setting): Setting {
  if (!["exemptNumbers", "flows.unprotectedNumbers"].includes(setting.key) || !Array.isArray(setting.value))
    return setting;
  return { ...setting, value: setting.value.map((number) => redactNumbers(String(number))) };
}
