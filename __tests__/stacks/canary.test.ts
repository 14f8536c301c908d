/** The canary as a part of the stack: what it may do, what it is told, and that it can be left out. */
import path from "node:path";
import { Testing } from "cdktf";
import type { InstanceConfig } from "../../config/types";
import { readCanaryInput } from "../../lambda/canary/settings";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { sampleInstance } from "./sample-instance";

type Resources = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

const built = { zipPath: __filename, sha256: "ab".repeat(32), sourceCodeHash: "q6s=", handler: "index.handler" };
const canary = { ...built, sha256: "cd".repeat(32), sourceCodeHash: "zc0=" };

function synthesize(changes: Partial<InstanceConfig> = {}): Resources {
  const stack = new CallBlockingStack(Testing.app(), {
    instance: { ...sampleInstance, ...changes },
    functionPackages: { blockedCalls: built, canary },
  });
  return (JSON.parse(Testing.synth(stack)) as { resource: Resources }).resource;
}

const resources = synthesize();

test("its role may query the one index, invoke the one alias and write its log, and nothing else", () => {
  const { policy } = resources["aws_iam_role_policy"]?.["canary"] as { policy: string };
  const { Statement } = JSON.parse(policy) as { Statement: { Action: unknown; Resource: unknown }[] };
  expect(Statement.map(({ Action, Resource }) => [Action, Resource])).toEqual([
    ["dynamodb:Query", sampleInstance.table.indexArn],
    ["lambda:InvokeFunction", sampleInstance.function.aliasArn],
    [["logs:CreateLogStream", "logs:PutLogEvents"], `${sampleInstance.canary.logGroupArn}:*`],
  ]);
  const policies = resources["aws_iam_role_policy"] ?? {};
  expect(policies["canary_decrypt"]?.["policy"]).toBe(policies["decrypt"]?.["policy"]);
  expect(policies["canary_decrypt"]?.["count"]).toBe(policies["decrypt"]?.["count"]);
});

test("it runs its own package, which its schedule alone may start", () => {
  expect(resources["aws_lambda_function"]?.["canary"]).toMatchObject({
    function_name: "blockedCalls-canary-acme",
    filename: `assets/canary/${canary.sha256}/${path.basename(__filename)}`,
    source_code_hash: canary.sourceCodeHash,
  });
  expect(resources["aws_lambda_permission"]?.["canary"]).toMatchObject({
    principal: "events.amazonaws.com",
    source_arn: "${aws_cloudwatch_event_rule.canary.arn}",
  });
});

test.each([
  [1, "rate(1 minute)"],
  [5, "rate(5 minutes)"],
])("every %i minutes", (canaryMinutes, expression) => {
  const { aws_cloudwatch_event_rule } = synthesize({ alarms: { ...sampleInstance.alarms, canaryMinutes } });
  expect(aws_cloudwatch_event_rule?.["canary"]?.["schedule_expression"]).toBe(expression);
});

test("the schedule tells it what the function knows, free text as it is", () => {
  const blockedDispositions = ["${path.module}", "Nuisance:Confirmed"] as const;
  const exemptNumbers = ["+1800*"];
  const { aws_cloudwatch_event_target } = synthesize({ blockedDispositions, exemptNumbers });
  const input = aws_cloudwatch_event_target?.["canary"]?.["input"] as string;
  expect(input).not.toContain("${");
  expect(readCanaryInput(JSON.parse(input))).toEqual({
    environment: "test",
    instanceName: "acme",
    instanceArn: sampleInstance.instanceArn,
    tableName: "dextr-acme",
    functionArn: sampleInstance.function.aliasArn,
    blockedDispositions,
    exemptNumbers,
  });
});

test("switched off, nothing of it is there, and all else of the stack but what needs it is the same", () => {
  const without = synthesize({ alarms: { ...sampleInstance.alarms, canaryMinutes: false } });
  const addresses = (of: Resources) =>
    Object.entries(of).flatMap(([type, all]) => Object.keys(all).map((id) => `${type}.${id}`));
  const gone = addresses(resources).filter((address) => !addresses(without).includes(address));
  expect(gone.filter((address) => !/[._]canary/.test(address))).toEqual([
    "aws_cloudwatch_metric_alarm.never_matches",
    "aws_cloudwatch_metric_alarm.wrong_answer",
  ]);
  expect(addresses(without).filter((address) => address.includes("canary"))).toEqual([]);
  for (const [type, all] of Object.entries(without))
    for (const [id, resource] of Object.entries(all)) expect(resource).toEqual(resources[type]?.[id]);
});

test("nothing that watches is planned before the table is known to be the right one, or made before its index is ACTIVE", () => {
  const watching = Object.entries(resources).flatMap(([type, all]) =>
    Object.entries(all).filter(
      ([id]) => id.startsWith("canary") || /^aws_(sns|cloudwatch_(metric|dashboard|event))/.test(type),
    ),
  );
  expect(watching.length).toBe(20);
  for (const [, { depends_on }] of watching) expect(depends_on).toContain("aws_dynamodb_table.contacts");
});

test("no token of cdktf is left in what is no construct", () => {
  expect(JSON.stringify(resources)).not.toContain("TfToken");
});
