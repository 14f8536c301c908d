/** Adoption of existing resources: what is imported, under which conditions, and the effect on the rest of the stack. */
import { Testing } from "cdktf";
import type { AdoptedByHand, InstanceConfig } from "../../config/types";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { sampleInstance } from "./sample-instance";

type Blocks = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

const BUILT = { zipPath: __filename, sha256: "ab".repeat(32), sourceCodeHash: "q6s=", handler: "index.handler" };

function synthesize(changes: Partial<InstanceConfig> = {}) {
  const stack = new CallBlockingStack(Testing.app(), {
    instance: { ...sampleInstance, ...changes },
    functionPackages: { blockedCalls: BUILT, canary: BUILT },
  });
  return JSON.parse(Testing.synth(stack)) as {
    resource: Blocks;
    data: Blocks;
    import: readonly { to: string; id: string }[];
  };
}

const nothing: AdoptedByHand = {
  function: false,
  role: false,
  logGroup: false,
  alias: false,
  association: false,
};
const moduleId = "3f0e0d0c-1b1a-4918-8716-151413121110";
const everything = { moduleId, function: true, role: true, logGroup: true, alias: true, association: true };
const table = { to: "aws_dynamodb_table.contacts", id: "dextr-acme" };

test("existing resources are imported under their configured names", () => {
  expect(synthesize({ adoptExisting: everything }).import).toEqual([
    table,
    { to: "aws_cloudwatch_log_group.blocked_calls", id: "/aws/lambda/blockedCalls-acme" },
    { to: "aws_iam_role.blocked_calls", id: "blockedCalls-acme-eu-central-1" },
    {
      to: "aws_connect_lambda_function_association.blocked_calls",
      id: `${sampleInstance.instanceId},${sampleInstance.function.aliasArn}`,
    },
    { to: "aws_lambda_alias.live", id: "blockedCalls-acme/live" },
    { to: "aws_lambda_function.blocked_calls", id: "blockedCalls-acme" },
    { to: "aws_connect_contact_flow_module.blocked_status", id: `${sampleInstance.instanceId}:${moduleId}` },
  ]);
});

test("every import has a resource in the stack", () => {
  const { resource, import: imports } = synthesize({ adoptExisting: everything });
  for (const { to } of imports) {
    const [type = "", name = ""] = to.split(".");
    expect(resource[type]).toHaveProperty(name);
  }
});

test("only named resources are imported, and the rest of the stack does not change", () => {
  const plain = synthesize();
  const withModule = synthesize({ adoptExisting: { ...nothing, moduleId } });
  expect(withModule.import.map(({ to }) => to)).toEqual([table.to, "aws_connect_contact_flow_module.blocked_status"]);
  expect(withModule.resource).toEqual(plain.resource);
  expect(withModule.data).toEqual(plain.data);
  expect(synthesize({ adoptExisting: nothing })).toEqual(plain);
});

test("an adopted role loses its other permissions after the module is deployed", () => {
  const { resource } = synthesize({ adoptExisting: { ...nothing, role: true } });
  expect(resource["aws_iam_role_policy_attachments_exclusive"]?.["blocked_calls"]).toMatchObject({
    role_name: "blockedCalls-acme-eu-central-1",
    policy_arns: [],
    depends_on: ["aws_connect_contact_flow_module.blocked_status"],
  });
  expect(resource["aws_iam_role_policies_exclusive"]?.["blocked_calls"]).toMatchObject({
    policy_names: "${concat([aws_iam_role_policy.lookup.name], aws_iam_role_policy.decrypt[*].name)}",
    depends_on: ["aws_connect_contact_flow_module.blocked_status"],
  });
});

test("an adopted role keeps all policies that the stack gives it", () => {
  const vpc = { subnetIds: ["subnet-0123456789abcdef0"], securityGroupIds: ["sg-0123456789abcdef0"] };
  const { resource } = synthesize({ adoptExisting: everything, function: { ...sampleInstance.function, vpc } });
  const given = Object.entries(resource["aws_iam_role_policy"] ?? {}).filter(
    ([, { role }]) => role === "${aws_iam_role.blocked_calls.name}",
  );
  const kept = String(resource["aws_iam_role_policies_exclusive"]?.["blocked_calls"]?.["policy_names"]);
  expect(given.length).toBeGreaterThan(0);
  for (const [name] of given) expect(kept).toContain(`aws_iam_role_policy.${name}`);
  expect(Object.keys(resource)).not.toContain("aws_iam_role_policy_attachment");
});

test("a released instance imports only its table", () => {
  expect(synthesize({ adoptExisting: everything, release: "remove-index" }).import).toEqual([table]);
});
