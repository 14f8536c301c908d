/** The command `list`. */
import { readEnvironments } from "../../config/project";
import { select, selectionSyntax } from "../../config/selection";
import { JsonDocument } from "../output/foreign-text";
import { textTable } from "../output/text-table";
import type { Command } from "./command-line";
import { warnOfEndOfSupport } from "./end-of-support";
import { json } from "./options";

export const list: Command = {
  name: "list",
  summary: "Lists the stacks, one for each Connect instance.",
  selection: "optional",
  options: { json },
  details: `Without a status term, the list also contains suspended instances.\n\n${selectionSyntax}`,
  run({ selection, switches }, print) {
    // Suspended instances are listed too, so that they are not forgotten.
    const instances = select(readEnvironments().instances, selection ?? "*");
    warnOfEndOfSupport(instances);
    const stacks = instances.map((instance) => ({
      stack: instance.stackName,
      environment: instance.environment,
      instance: instance.name,
      region: instance.region,
      account: instance.account,
      table: instance.table.name,
      wave: instance.wave.name,
      status: instance.suspended ? "suspended" : "active",
      release: instance.release ?? null,
    }));
    const header = ["stack", "environment", "instance", "region", "account", "table", "wave", "status", "release"];
    const rows = stacks.map((stack) => Object.values(stack).map((value) => value ?? "-"));
    print(switches.has("json") ? new JsonDocument(stacks) : textTable(header, rows));
  },
};
