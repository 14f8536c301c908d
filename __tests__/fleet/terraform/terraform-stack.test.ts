/** What Terraform is told where it may only read: other roles, and of everything else the same. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { InstanceConfig } from "../../../config/types";
import { TerraformStack } from "../../../fleet/terraform/terraform-stack";
import type { Terraform } from "../../../fleet/terraform/terraform";
import { sampleInstance } from "../../stacks/sample-instance";

const arn = (role: string): string => `arn:aws:iam::111122223333:role/${role}`;
const backend = { bucket: "acme-state", key: "acme", use_lockfile: true, assume_role: { role_arn: arn("state") } };

let directory: string;
let runs: TerraformStack;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "stack-runs-"));
  writeFileSync(path.join(directory, "cdk.tf.json"), JSON.stringify({ terraform: { backend: { s3: backend } } }));
  const lockFile = path.join(directory, "a.lock");
  writeFileSync(lockFile, "");
  const terraform = { run: () => Promise.resolve({ exitCode: 0, output: "" }) } as unknown as Terraform;
  runs = new TerraformStack(terraform, directory, lockFile);
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function overridden(): unknown {
  const file = path.join(directory, "zz_read_only_override.tf.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

const reading = (changed: Partial<InstanceConfig>): InstanceConfig => ({ ...sampleInstance, ...changed });

test("planRole takes the place of the provider's role, its external id with it", async () => {
  await runs.initialize(reading({ planRole: { arn: arn("plan"), externalId: "acme:42" } }));
  const role = { role_arn: arn("plan"), session_name: "connectpath-call-blocking", external_id: "acme:42" };
  expect(overridden()).toEqual({ provider: { aws: [{ assume_role: [role] }] } });
});

test("state.planRoleArn takes the place of the role for the state, and the rest of the backend stays", async () => {
  await runs.initialize(reading({ state: { ...sampleInstance.state, planRoleArn: arn("state-read") } }));
  const s3 = { ...backend, assume_role: { role_arn: arn("state-read") } };
  expect(overridden()).toEqual({ terraform: { backend: { s3 } } });
});

test("a local state takes the place of the state, whatever role the state would be read with", async () => {
  const state = { ...sampleInstance.state, planRoleArn: arn("state-read") };
  await runs.initialize(reading({ planRole: { arn: arn("plan") }, state }), "terraform.tfstate");
  expect(overridden()).toEqual({
    provider: { aws: [{ assume_role: [{ role_arn: arn("plan"), session_name: "connectpath-call-blocking" }] }] },
    terraform: { backend: { local: { path: "terraform.tfstate" } } },
  });
});

test("where it may write again, nothing is overridden any more", async () => {
  await runs.initialize(reading({ planRole: { arn: arn("plan") } }));
  expect(overridden()).toBeDefined();
  await runs.initialize();
  expect(overridden()).toBeUndefined();
});
