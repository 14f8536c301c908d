/**
 * `npm run flows`: writes, for every instance, the content that is deployed as JSON for the Connect console, and pictures of it.
 *
 * The inbound flow calls the module by its name instead of the id that Terraform fills in: the console finds it by that.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { loadEnvironments } from "../environments/model/load";
import { EnvironmentErrors } from "../environments/model/problems";
import type { InstanceConfig } from "../environments/model/types";
import { BLOCKED_STATUS_MODULE_NAME } from "../flows/blocked-status";
import { flowFiles } from "../flows/flow-files";
import { UnusableText } from "../flows/literal-text";
import { inboundContent, moduleContent } from "./flow-contents";

/** File name → text, for all flows of an instance. */
export function filesOf(instance: InstanceConfig): Readonly<Record<string, string>> {
  const inbound = inboundContent(instance);
  return {
    ...flowFiles(
      moduleContent(instance),
      BLOCKED_STATUS_MODULE_NAME,
      `${BLOCKED_STATUS_MODULE_NAME} of ${instance.name}`,
    ),
    ...(inbound === undefined
      ? {}
      : flowFiles(inbound, "inbound", `${instance.inboundFlow?.name} of ${instance.name}`)),
  };
}

function main(): void {
  const outdir = "build/flows";
  for (const instance of loadEnvironments(path.resolve(process.env["ENVIRONMENTS_DIR"] ?? "environments")).instances) {
    const directory = path.join(outdir, instance.stackName);
    mkdirSync(directory, { recursive: true });
    for (const [name, text] of Object.entries(filesOf(instance))) {
      writeFileSync(path.join(directory, name), text);
      process.stdout.write(`${path.join(directory, name)}\n`);
    }
  }
}

if (require.main === module) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof EnvironmentErrors || error instanceof UnusableText)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
