/** Every resource of a stack has an id with which Terraform can import it. */
import { TerraformError } from "../../../fleet/terraform/terraform-stack";
import type { TerraformStack } from "../../../fleet/terraform/terraform-stack";
import { importIdOf, importInto, importOrphans } from "../../../fleet/rollout/import-orphans";
import { CommandError } from "../../../fleet/output/command-error";
import { AwsError, startAwsStub } from "../aws-answers";
import { recordedInstance, recordedPlan } from "../guard/recorded-plan";

const creations = (name: string, more = "") => {
  const instance = recordedInstance(more);
  return recordedPlan(name)
    .resource_changes.filter(({ mode, change }) => mode === "managed" && change.actions.join() === "create")
    .map((resource) => ({ instance, resource }));
};

/** Connect assigns the ids of these types. They are found by name. */
const assigned = ["aws_connect_contact_flow", "aws_connect_contact_flow_module"];

test.each(["adoption", "role-by-hand"])("in the plan %s, only flows and modules need an id from Connect", (name) => {
  const all = creations(name);
  expect(all.length).toBeGreaterThan(1);
  const without = all.filter(({ instance, resource }) => importIdOf(instance, resource, undefined) === undefined);
  expect(without.map(({ resource }) => resource.type).filter((type) => !assigned.includes(type))).toEqual([]);
  for (const { instance, resource } of without) expect(importIdOf(instance, resource, "seen")).toBe("seen");
});

test("every resource of a stack has a complete import id", () => {
  const ids = creations("adoption").map(({ instance, resource }) => [
    resource.address,
    importIdOf(instance, resource, "seen"),
  ]);
  expect(ids.filter(([, id]) => id === undefined || /undefined|null/.test(id))).toEqual([]);
  expect(Object.fromEntries(ids) as object).toMatchObject({
    "aws_lambda_alias.live": "blockedCalls-recorded/live",
    "aws_sns_topic.alarms": "arn:aws:sns:us-east-1:111122223333:callBlocking-dev-recorded-us-east-1",
    "aws_cloudwatch_event_target.canary": "default/blockedCalls-canary-recorded/canary",
  });
});

const answering = (exitCode: number, output: string) =>
  ({ import: () => Promise.resolve({ exitCode, output }) }) as unknown as TerraformStack;

test.each([
  ["\nError: Cannot import non-existent remote object\n\nWhile attempting to import an existing object to\n", false],
  ["╷\n│ Error: couldn't find resource\n│ \n╵\n", false],
  ["Import successful!", true],
])("an import with the output %j shows whether the resource exists", async (output, exists) => {
  expect(await importInto(answering(exists ? 0 : 1, output), "aws_iam_role.canary", "a")).toBe(exists);
});

test.each([
  "Error: reading Amazon DynamoDB Table (dextr-acme): couldn't find resource",
  "Error: Failed to query available provider packages: provider not found",
  "Error: reading IAM Role (a): AccessDenied: the bucket of the log was not found",
  'Error: No valid credential sources found\n\nError: exec: "aws": executable file not found in $PATH',
  "Error: validating provider credentials: retrieving caller identity: empty result",
])("an import with another error is a failure: %j", async (output) => {
  await expect(importInto(answering(1, output), "aws_iam_role.canary", "a")).rejects.toThrow(TerraformError);
});

test.each([
  ["ExpiredTokenException", "The security token is expired"],
  ["AccessDeniedException", "not authorized to perform: connect:ListContactFlowModules"],
])("%s from Connect is a message for the user about the instance and the module", async (name, message) => {
  const addr = "aws_connect_contact_flow_module.blocked_status";
  const started = JSON.stringify({ type: "apply_start", hook: { resource: { addr }, action: "create" } });
  const interrupted = { addresses: () => Promise.resolve([]), lastApply: () => started } as unknown as TerraformStack;
  const aws = await startAwsStub();
  try {
    aws.answers = { "connect:ListContactFlowModules": new AwsError(name, message) };
    const instance = recordedInstance();
    const failure = importOrphans(interrupted, instance, recordedPlan("adoption"));
    await expect(failure).rejects.toThrow(CommandError);
    await expect(failure).rejects.toThrow(
      new RegExp(`${instance.instanceId} cannot be read.* created ${addr}\\. ${name}: ${message}`),
    );
    expect(aws.calls).toEqual(["connect:ListContactFlowModules"]);
  } finally {
    await aws.close();
  }
});
