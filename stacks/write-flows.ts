/**
 * `npm run flows`: writes, for every instance, the content that is deployed as JSON for the Connect console, and pictures of it.
 * `npm run flows -- --docs` writes the pictures that the documentation shows.
 *
 * The inbound flow calls the module by its name instead of the id that Terraform fills in: the console finds it by that.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
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

/** The pictures that the documentation shows: the module, and the three blocks around it, of an instance as it might be. */
export function documentationPictures(instance: InstanceConfig): Readonly<Record<string, string>> {
  const queueId = "11111111-2222-4333-8444-555555555555";
  const inboundFlow = { name: "Inbound", queueId, whenBlocked: { action: "disconnect" } } as const;
  const pictures = Object.entries(filesOf({ ...instance, inboundFlow })).filter(([name]) => name.endsWith(".svg"));
  return Object.fromEntries(pictures);
}

function main(): void {
  const { values } = parseArgs({ options: { docs: { type: "boolean", default: false } } });
  const environments = path.resolve(process.env["ENVIRONMENTS_DIR"] ?? "environments");
  const { instances } = loadEnvironments(environments);
  if (values.docs) {
    const dev = instances.find(({ environment }) => environment === "dev");
    if (dev !== undefined) write("docs/flows", documentationPictures(dev));
  } else {
    for (const instance of instances) write(path.join("build/flows", instance.stackName), filesOf(instance));
  }
}

function write(directory: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(directory, name), text);
    process.stdout.write(`${path.join(directory, name)}\n`);
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
