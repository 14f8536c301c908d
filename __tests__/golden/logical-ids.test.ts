/**
 * Every address of every stack of every environment in `environments/`, as recorded. A renamed resource is deleted under its
 * old name, `prevent_destroy` or not: an address leaves this record only with a `moved` or `removed` block for it.
 */
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../environments/model/load";
import { projectRoot } from "../../lambda/packaging";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";

type Blocks = Readonly<Record<string, object>>;

/** The part of a synthesized stack that has addresses. */
interface Synthesized {
  readonly resource: Blocks;
  readonly data: Blocks;
  readonly locals: object;
  readonly output: object;
}

const { instances } = loadEnvironments(path.join(projectRoot(), "environments"));
const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

test.each(instances.map((instance) => ({ instance, name: instance.stackName })))("$name", ({ instance }) => {
  const stack = new CallBlockingStack(Testing.app(), { instance, functionPackage });
  const { resource, data, locals, output } = JSON.parse(Testing.synth(stack)) as Synthesized;
  const addresses = [
    ...Object.entries(resource).flatMap(([type, all]) => Object.keys(all).map((id) => `${type}.${id}`)),
    ...Object.entries(data).flatMap(([type, all]) => Object.keys(all).map((id) => `data.${type}.${id}`)),
    ...Object.keys(locals).map((id) => `local.${id}`),
    ...Object.keys(output).map((id) => `output.${id}`),
  ];
  expect(addresses.sort()).toMatchSnapshot();
});
