/** A read-only stack uses other roles, and the rest of the configuration stays the same. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { InstanceConfig } from "../../../config/types";
import { readOnlyAccess } from "../../../fleet/plans/instance-terraform";
import { TerraformStack } from "../../../fleet/terraform/terraform-stack";
import type { Terraform } from "../../../fleet/terraform/terraform";
import { sampleInstance } from "../../stacks/sample-instance";

const arn = (role: string): string => `arn:aws:iam::111122223333:role/${role}`;
const backend = { bucket: "acme-state", key: "acme", use_lockfile: true, assume_role: { role_arn: arn("state") } };

let directory: string;
let stack: TerraformStack;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "terraform-stack-"));
  writeFileSync(path.join(directory, "cdk.tf.json"), JSON.stringify({ terraform: { backend: { s3: backend } } }));
  const lockFile = path.join(directory, "a.lock");
  writeFileSync(lockFile, "");
  const terraform = { run: () => Promise.resolve({ exitCode: 0, output: "" }) } as unknown as Terraform;
  stack = new TerraformStack(terraform, directory, lockFile);
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function overridden(): unknown {
  const file = path.join(directory, "zz_read_only_override.tf.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

const readOnly = (changed: Partial<InstanceConfig>) => ({
  readOnly: readOnlyAccess({ ...sampleInstance, ...changed }),
});

test("planRole replaces the provider's role and its external id", async () => {
  await stack.initialize(readOnly({ planRole: { arn: arn("plan"), externalId: "acme:42" } }));
  const role = { role_arn: arn("plan"), session_name: "connectpath-call-blocking", external_id: "acme:42" };
  expect(overridden()).toEqual({ provider: { aws: [{ assume_role: [role] }] } });
});

test("state.planRoleArn replaces the role for the state, and the rest of the backend stays", async () => {
  await stack.initialize(readOnly({ state: { ...sampleInstance.state, planRoleArn: arn("state-read") } }));
  const s3 = { ...backend, assume_role: { role_arn: arn("state-read") } };
  expect(overridden()).toEqual({ terraform: { backend: { s3 } } });
});

test("a local state replaces the backend, even with a role for the state", async () => {
  const state = { ...sampleInstance.state, planRoleArn: arn("state-read") };
  await stack.initialize({
    ...readOnly({ planRole: { arn: arn("plan") }, state }),
    localState: "terraform.tfstate",
  });
  expect(overridden()).toEqual({
    provider: { aws: [{ assume_role: [{ role_arn: arn("plan"), session_name: "connectpath-call-blocking" }] }] },
    terraform: { backend: { local: { path: "terraform.tfstate" } } },
  });
});

test("initializing for writing removes the override", async () => {
  await stack.initialize(readOnly({ planRole: { arn: arn("plan") } }));
  expect(overridden()).toBeDefined();
  await stack.initialize();
  expect(overridden()).toBeUndefined();
});
