/** Tests that the comparison reports every difference between two syntheses, except the versions of the library and provider. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Testing } from "cdktf";
import fc from "fast-check";
import { compareDirectories, compareJson, isExpected } from "../../../bench/cdktn/compare";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
import { sampleInstance } from "../../stacks/sample-instance";

const scratch = mkdtempSync(path.join(tmpdir(), "compare-"));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};
const stack = JSON.stringify(
  new CallBlockingStack(Testing.app(), {
    instance: sampleInstance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  }).toTerraform(),
);

/** Creates two directories that differ only in the given change of the stack. */
function pairWithChange(change: (text: string) => string) {
  const directory = mkdtempSync(path.join(scratch, "pair-"));
  const [before, after] = [path.join(directory, "before"), path.join(directory, "after")];
  mkdirSync(path.join(before, "stacks/test"), { recursive: true });
  writeFileSync(path.join(before, "stacks/test/cdk.tf.json"), stack);
  writeFileSync(path.join(before, "stacks/test/function.zip"), "zip");
  writeFileSync(path.join(before, "manifest.json"), `{"version":"0.21.0","stacks":{}}`);
  cpSync(before, after, { recursive: true });
  const changed = change(stack);
  expect(changed).not.toBe(stack);
  writeFileSync(path.join(after, "stacks/test/cdk.tf.json"), changed);
  return { before, after, differences: () => compareDirectories(before, after) };
}

test("a changed logical id is reported as a removed and an added resource", () => {
  const unexpected = pairWithChange((text) => text.replaceAll('"blocked_status":', '"blockedStatus":'))
    .differences()
    .filter((difference) => !isExpected(difference));
  expect(unexpected).toMatchObject([
    { path: "resource.aws_connect_contact_flow_module.blockedStatus", before: undefined },
    { path: "resource.aws_connect_contact_flow_module.blocked_status", after: undefined },
  ]);
});

test("different versions of the library and of the provider are expected differences", () => {
  const { after, differences } = pairWithChange((text) =>
    text.replaceAll('"stubbed"', '"0.24.0"').replaceAll("~> 5.100.0", "6.66.0").replaceAll('"hashicorp/aws"', '"aws"'),
  );
  writeFileSync(path.join(after, "manifest.json"), `{"version":"0.24.0","stacks":{}}`);
  expect(differences().map(({ file, path: where }) => `${file} ${where}`)).toEqual([
    "manifest.json version",
    "stacks/test/cdk.tf.json //.metadata.version",
    "stacks/test/cdk.tf.json terraform.required_providers.aws.source",
    "stacks/test/cdk.tf.json terraform.required_providers.aws.version",
  ]);
  expect(differences().filter((difference) => !isExpected(difference))).toEqual([]);
});

test("missing files, other bytes and another order of the same values are differences", () => {
  const { before, after, differences } = pairWithChange((text) => text + "\n");
  writeFileSync(path.join(after, "stacks/test/function.zip"), "other");
  writeFileSync(path.join(before, "stacks/test/more.txt"), "");
  expect(differences().map(({ file }) => path.basename(file))).toEqual(["cdk.tf.json", "function.zip", "more.txt"]);
  expect(differences().some(isExpected)).toBe(false);
});

test("every changed value is reported with its path", () => {
  const leaves = (value: unknown, keys: readonly string[] = []): readonly (readonly string[])[] =>
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, each]) => leaves(each, [...keys, key]))
      : [keys];
  fc.assert(
    fc.property(fc.constantFrom(...leaves(JSON.parse(stack))), (keys) => {
      const changed: unknown = JSON.parse(stack);
      let at = changed as Record<string, unknown>;
      for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
      at[keys.at(-1) ?? ""] = "changed";
      expect(compareJson(JSON.parse(stack), changed)).toMatchObject([{ path: keys.join("."), after: '"changed"' }]);
    }),
  );
});
