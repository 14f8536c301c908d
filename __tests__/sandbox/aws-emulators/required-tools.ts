/** Says loudly which tests are not run for want of a tool, or fails where they are required. */
import { findTool } from "../../../sandbox/aws-emulators/find-tool";
import { findMotoServer } from "../../../sandbox/aws-emulators/moto";

const tools = {
  moto_server: { find: findMotoServer, get: "pip install 'moto[server]'" },
  terraform: { find: () => findTool("terraform"), get: "Terraform >= 1.11 from its install page" },
};

/**
 * `describe` where the tools are there; elsewhere a skipped one, with one line on standard error.
 *
 * @throws where a tool is missing and `E2E=required`.
 */
export function describeWith(...names: readonly (keyof typeof tools)[]): typeof describe.skip {
  const missing = names.filter((name) => tools[name].find() === undefined);
  if (missing.length === 0) return describe;
  const message = `NOT RUN for want of ${missing.map((name) => `${name} (${tools[name].get})`).join(" and ")}`;
  if (process.env["E2E"] === "required") throw new Error(message);
  console.error(message);
  return describe.skip;
}
