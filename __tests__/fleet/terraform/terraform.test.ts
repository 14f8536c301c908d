/** The environment of the Terraform process. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Terraform } from "../../../fleet/terraform/terraform";

const directory = mkdtempSync(path.join(tmpdir(), "terraform-environment-"));
const before = { ...process.env };
beforeAll(() => {
  writeFileSync(path.join(directory, "terraform"), "#!/bin/sh\nenv\n", { mode: 0o755 });
  process.env["PATH"] = `${directory}:${before["PATH"] ?? ""}`;
});
afterEach(() => {
  process.env = { ...before, PATH: `${directory}:${before["PATH"] ?? ""}` };
});
afterAll(() => {
  process.env = before;
  rmSync(directory, { recursive: true });
});

async function environment(): Promise<readonly string[]> {
  const shutdown = { add: () => undefined, remove: () => undefined, isStopping: false };
  const { output } = await new Terraform(path.join(directory, "cache"), shutdown).run(directory, ["version"]);
  return output.split("\n");
}

test("Terraform retries adaptively and collects garbage rarely, unless the caller decides otherwise", async () => {
  expect(await environment()).toEqual(expect.arrayContaining(["AWS_RETRY_MODE=adaptive", "GOGC=400"]));
  Object.assign(process.env, { AWS_RETRY_MODE: "standard", GOGC: "50" });
  expect(await environment()).toEqual(expect.arrayContaining(["AWS_RETRY_MODE=standard", "GOGC=50"]));
});

test("variables that would change a plan are not inherited", async () => {
  Object.assign(process.env, { TF_CLI_ARGS_plan: "-destroy", TF_WORKSPACE: "other" });
  expect((await environment()).filter((line) => /^TF_(CLI_ARGS|WORKSPACE)/.test(line))).toEqual([]);
});
