/** Terraform accepts every stack that a valid environment file synthesizes to. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Testing } from "cdktf";
import fc from "fast-check";
import { EnvironmentErrors } from "../../config/problems";
import type { InstanceConfig } from "../../config/types";
import { findTerraformProvider } from "../../emulators/aws/terraform-cli";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { load } from "../config/environment-files";
import { environment, mutated } from "../config/mutated-yaml";
import { rareGarbageCollection } from "./world";

jest.setTimeout(5 * 60_000);

/** Number of stacks to validate. Each one takes Terraform one or two seconds. */
const stacks = 25;

const onTestedProvider = environment
  .replace('awsProvider: ">= 6.44, < 7"', 'awsProvider: "~> 5.100.0"')
  .replace("runtime: nodejs24.x", "runtime: nodejs22.x");

const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-validate-"));
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

function accepted(yaml: string): readonly InstanceConfig[] {
  try {
    return load({ "prod.yaml": yaml }).filter(({ awsProvider }) => awsProvider === "~> 5.100.0");
  } catch (error) {
    if (error instanceof EnvironmentErrors) return [];
    throw error;
  }
}

function synthesize(instance: InstanceConfig): string {
  const functionPackage = { zipPath: __filename, sha256: "0", sourceCodeHash: "0", handler: "index.handler" };
  return Testing.synth(
    new CallBlockingStack(Testing.app(), {
      instance,
      functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
    }),
  );
}

test("terraform validate accepts the stacks of all mutated environment files", async () => {
  const files = [onTestedProvider, ...fc.sample(mutated(onTestedProvider), { numRuns: 2_000, seed: 20 })];
  const different = new Set<string>();
  for (const file of files) {
    if (different.size >= stacks) break;
    for (const instance of accepted(file)) different.add(synthesize(instance));
  }
  expect(different.size).toBeGreaterThanOrEqual(stacks);

  const env = { ...process.env, ...rareGarbageCollection, ...(await findTerraformProvider(directory)).env };
  const terraform = ["-chdir=" + directory];
  const write = (stack: string): void => {
    writeFileSync(path.join(directory, "cdk.tf.json"), stack);
  };
  write([...different][0] ?? "");
  execFileSync("terraform", [...terraform, "init", "-backend=false", "-input=false"], { env, stdio: "pipe" });
  for (const stack of different) {
    write(stack);
    const { stdout } = spawnSync("terraform", [...terraform, "validate", "-json"], { env, encoding: "utf8" });
    const { valid, diagnostics } = JSON.parse(stdout) as { valid: boolean; diagnostics: unknown[] };
    expect({ valid, diagnostics, stack: valid ? "" : stack }).toEqual({ valid: true, diagnostics: [], stack: "" });
  }
});
