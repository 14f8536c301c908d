/** Whatever a stack makes can be put back into a state: each has an id under which Terraform imports it. */
import { RunFailed } from "../../../fleet/terraform/terraform-stack";
import type { TerraformStack } from "../../../fleet/terraform/terraform-stack";
import { importIdOf, importInto } from "../../../fleet/rollout/import-orphans";
import { recordedInstance, recordedPlan } from "../guard/recorded-plan";

const creations = (name: string, more = "") => {
  const instance = recordedInstance(more);
  return recordedPlan(name)
    .resource_changes.filter(({ mode, change }) => mode === "managed" && change.actions.join() === "create")
    .map((resource) => ({ instance, resource }));
};

/** Connect gives these their ids: they are found by their names. */
const found = ["aws_connect_contact_flow", "aws_connect_contact_flow_module"];

test.each(["adoption", "role-by-hand"])("of all that the plan %s makes, only flows have to be looked for", (name) => {
  const all = creations(name);
  expect(all.length).toBeGreaterThan(1);
  const without = all.filter(({ instance, resource }) => importIdOf(instance, resource, undefined) === undefined);
  expect(without.map(({ resource }) => resource.type).filter((type) => !found.includes(type))).toEqual([]);
  for (const { instance, resource } of without) expect(importIdOf(instance, resource, "seen")).toBe("seen");
});

test("the ids are whole: no part of them is missing from the plan", () => {
  const ids = creations("adoption").map(({ instance, resource }) => [
    resource.address,
    importIdOf(instance, resource, "seen"),
  ]);
  expect(ids.filter(([, id]) => id === undefined || /undefined|null/.test(id))).toEqual([]);
  expect(Object.fromEntries(ids) as object).toMatchObject({
    "aws_lambda_alias.live": "blockedCalls-recorded/live",
    "aws_sns_topic.alarms": "arn:aws:sns:us-east-1:111122223333:callBlocking-e2e-recorded-us-east-1",
    "aws_cloudwatch_event_target.canary": "default/blockedCalls-canary-recorded/canary",
  });
});

const saying = (exitCode: number, output: string) =>
  ({ import: () => Promise.resolve({ exitCode, output }) }) as unknown as TerraformStack;

test.each([
  ["\nError: Cannot import non-existent remote object\n\nWhile attempting to import an existing object to\n", false],
  ["╷\n│ Error: couldn't find resource\n│ \n╵\n", false],
  ["Import successful!", true],
])("an import that says %j tells whether it is there", async (output, isThere) => {
  expect(await importInto(saying(isThere ? 0 : 1, output), "aws_iam_role.canary", "a")).toBe(isThere);
});

test.each([
  "Error: reading Amazon DynamoDB Table (dextr-acme): couldn't find resource",
  "Error: Failed to query available provider packages: provider not found",
  "Error: reading IAM Role (a): AccessDenied: the bucket of the log was not found",
  'Error: No valid credential sources found\n\nError: exec: "aws": executable file not found in $PATH',
  "Error: validating provider credentials: retrieving caller identity: empty result",
])("an import that fails otherwise tells nothing of what is there: %j", async (output) => {
  await expect(importInto(saying(1, output), "aws_iam_role.canary", "a")).rejects.toThrow(RunFailed);
});
