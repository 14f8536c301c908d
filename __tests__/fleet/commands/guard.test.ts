/** The command `guard`: output and exit codes for plans of another pipeline. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runFleet } from "../run-fleet";
import { recordedJson, recordedYaml } from "../guard/recorded-plan";

jest.setTimeout(60_000);

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-guard-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const environments = { "dev.yaml": recordedYaml() };
const stack = "dev-recorded-us-east-1";

function file(content: string): string {
  const name = path.join(mkdtempSync(path.join(scratch, "plan-")), "plan.json");
  writeFileSync(name, content);
  return name;
}

test.each([
  ["no-change", 0, "Nothing to do"],
  ["adoption", 2, "The guard allows all changes"],
  ["table-replaced", 3, "Refused"],
  ["another-table", 3, "Refused"],
  ["targeted", 3, "Refused"],
])("the plan %s ends with exit code %d", async (name, code, word) => {
  const { exitCode, stdout, stderr } = await runFleet(["guard", file(recordedJson(name)), stack], environments);
  expect(stderr).toBe("");
  expect(stdout).toContain(word);
  expect(stdout).toContain(stack);
  expect(exitCode).toBe(code);
});

test("a refusal names the rule, the resource and the remediation", async () => {
  const { stdout } = await runFleet(["guard", file(recordedJson("table-replaced")), stack], environments);
  expect(stdout).toMatch(/refused by "table-kept", aws_dynamodb_table\.\w+\n {2}\S.*\n {2}\S/);
});

test("a plan with a tainted resource is refused, with the cause, the effect on calls and the commands", async () => {
  const plan = JSON.parse(recordedJson("adoption")) as { resource_changes: { address: string }[] };
  const address = "aws_lambda_alias.live";
  expect(plan.resource_changes.map((resource) => resource.address)).toContain(address);
  for (const resource of plan.resource_changes) {
    if (resource.address === address) Object.assign(resource, { action_reason: "replace_because_tainted" });
  }
  const { exitCode, stdout } = await runFleet(["guard", file(JSON.stringify(plan)), stack], environments);
  expect(stdout).toContain(`refused by "incomplete", ${address}`);
  expect(stdout).toContain("failed or was interrupted while it created this resource");
  expect(stdout).toContain("In between: No call is blocked");
  expect(stdout).toContain(`terraform -chdir=cdktf.out/stacks/${stack} untaint '${address}'`);
  expect(exitCode).toBe(3);
});

test.each([
  ["is not a plan", "Error: Failed to load plugin schemas"],
  ["is cut in the middle", recordedJson("adoption").slice(0, 5000)],
  ["is empty", ""],
])("a file that %s is refused", async (_, content) => {
  const { exitCode, stdout, stderr } = await runFleet(["guard", file(content), stack], environments);
  expect(exitCode).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toContain("it must not be applied");
  expect(stderr).not.toContain("    at ");
});

test("a missing file is an error that names the file", async () => {
  const { exitCode, stderr } = await runFleet(["guard", path.join(scratch, "missing.json"), stack], environments);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("missing.json");
});

test("a selection of several instances is refused", async () => {
  const two = { ...environments, "prod.yaml": recordedYaml("", "other").replace("0001\n", "0002\n") };
  const { exitCode, stderr } = await runFleet(["guard", file(recordedJson("adoption")), "*"], two);
  expect(exitCode).toBe(1);
  expect(stderr).toContain("selects 2");
});
