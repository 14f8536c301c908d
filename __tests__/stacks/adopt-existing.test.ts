/** What a stack takes over from what was made by hand, what it asks of it first, and what the rest of the stack is then. */
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

const nothing: AdoptedByHand = { function: false, role: false, logGroup: false };
const moduleId = "3f0e0d0c-1b1a-4918-8716-151413121110";
const everything = { moduleId, function: true, role: true, logGroup: true };
const table = { to: "aws_dynamodb_table.contacts", id: "dextr-acme" };

test("everything is imported under the names that are configured, with ids that are known before the plan", () => {
  expect(synthesize({ adoptExisting: everything }).import).toEqual([
    table,
    { to: "aws_cloudwatch_log_group.blocked_calls", id: "/aws/lambda/blockedCalls-acme" },
    { to: "aws_iam_role.blocked_calls", id: "blockedCalls-acme-eu-central-1" },
    { to: "aws_lambda_function.blocked_calls", id: "blockedCalls-acme" },
    { to: "aws_connect_contact_flow_module.blocked_status", id: `${sampleInstance.instanceId}:${moduleId}` },
  ]);
});

test("an import stands for a resource of the stack", () => {
  const { resource, import: imports } = synthesize({ adoptExisting: everything });
  for (const { to } of imports) {
    const [type = "", name = ""] = to.split(".");
    expect(resource[type]).toHaveProperty(name);
  }
});

test("what is not named is not imported, and changes nothing else in the stack", () => {
  const plain = synthesize();
  const withModule = synthesize({ adoptExisting: { ...nothing, moduleId } });
  expect(withModule.import.map(({ to }) => to)).toEqual([table.to, "aws_connect_contact_flow_module.blocked_status"]);
  expect(withModule.resource).toEqual(plain.resource);
  expect(withModule.data).toEqual(plain.data);
  expect(synthesize({ adoptExisting: nothing })).toEqual(plain);
});

test("a role in place loses every other permission, after the module", () => {
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

test("the role's own policies are all of those that the stack gives it: none of them is taken away again", () => {
  const { resource } = synthesize({ adoptExisting: everything });
  const given = Object.entries(resource["aws_iam_role_policy"] ?? {}).filter(
    ([, { role }]) => role === "${aws_iam_role.blocked_calls.name}",
  );
  const kept = String(resource["aws_iam_role_policies_exclusive"]?.["blocked_calls"]?.["policy_names"]);
  expect(given.length).toBeGreaterThan(0);
  for (const [name] of given) expect(kept).toContain(`aws_iam_role_policy.${name}`);
  expect(Object.keys(resource)).not.toContain("aws_iam_role_policy_attachment");
});

test("an instance that is let go of imports its table and nothing that goes", () => {
  expect(synthesize({ adoptExisting: everything, release: "remove-index" }).import).toEqual([table]);
});
