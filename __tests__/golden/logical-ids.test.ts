/**
 * Compares all addresses of all stacks in `examples/` with a recorded list. Terraform deletes a renamed resource under its old name, even
 * with `prevent_destroy`. Remove an address from the list only together with a `moved` or `removed` block.
 */
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../config/load";
import type { InstanceConfig } from "../../config/types";
import { projectRoot } from "../../lambda/packaging";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";

type Blocks = Readonly<Record<string, object>>;

/** The parts of a synthesized stack that contain addresses. */
interface Synthesized {
  readonly resource?: Blocks;
  readonly data?: Blocks;
  readonly locals?: object;
  readonly output?: object;
  readonly removed?: readonly { readonly from: string }[];
}

const { instances } = loadEnvironments(path.join(projectRoot(), "examples"));
const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

/** Returns the addresses in the instance's stack, including those that it removes from the state. */
function addressesOf(instance: InstanceConfig): readonly string[] {
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  const synthesized = JSON.parse(Testing.synth(stack)) as Synthesized;
  const { resource = {}, data = {}, locals = {}, output = {}, removed = [] } = synthesized;
  return [
    ...Object.entries(resource).flatMap(([type, all]) => Object.keys(all).map((id) => `${type}.${id}`)),
    ...Object.entries(data).flatMap(([type, all]) => Object.keys(all).map((id) => `data.${type}.${id}`)),
    ...Object.keys(locals).map((id) => `local.${id}`),
    ...Object.keys(output).map((id) => `output.${id}`),
    ...removed.map(({ from }) => `removed.${from}`),
  ].sort();
}

test.each(instances.map((instance) => ({ instance, name: instance.stackName })))("$name", ({ instance }) => {
  expect(addressesOf(instance)).toMatchSnapshot();
});

const [first] = instances;

test.each(["remove-index", "forget", "keep-index"] as const)("a released instance: %s", (release) => {
  if (first === undefined) throw new Error("no instance");
  expect(addressesOf({ ...first, release })).toMatchSnapshot();
});

test.each(instances.map((instance) => ({ instance, name: instance.stackName })))(
  "$name with table.adopt: false has the same addresses, and forgets the table",
  ({ instance }) => {
    const TABLE = "aws_dynamodb_table.contacts";
    const adopting = addressesOf({ ...instance, table: { ...instance.table, adopt: true } });
    const reading = addressesOf({ ...instance, table: { ...instance.table, adopt: false } });
    expect(adopting).toContain(TABLE);
    expect(reading).toEqual([...adopting.filter((address) => address !== TABLE), `removed.${TABLE}`].sort());
  },
);
