/** Tests the canary's resources: permissions, input, schedule, and a stack without a canary. */
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

test("the role only permits to query the index, invoke the alias and write the log", () => {
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

test("the canary runs its own package, and only its schedule may start it", () => {
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
])("the schedule for %i minutes is %s", (canaryMinutes, expression) => {
  const { aws_cloudwatch_event_rule } = synthesize({ alarms: { ...sampleInstance.alarms, canaryMinutes } });
  expect(aws_cloudwatch_event_rule?.["canary"]?.["schedule_expression"]).toBe(expression);
});

test("the schedule passes the function's settings to the canary, with free text unchanged", () => {
  const blockedDispositions = ["${path.module}", "Nuisance:Confirmed"] as const;
  const exemptNumbers = ["+1800*"];
  const { aws_cloudwatch_event_target } = synthesize({
    blockedDispositions,
    exemptNumbers,
    lookup: { ...sampleInstance.lookup, otherNumbers: true },
  });
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
    otherNumbers: true,
  });
});

test("without a canary only its resources and the alarms that need it are missing", () => {
  const without = synthesize({ alarms: { ...sampleInstance.alarms, canaryMinutes: false } });
  const addresses = (of: Resources) =>
    Object.entries(of).flatMap(([type, all]) => Object.keys(all).map((id) => `${type}.${id}`));
  const missing = addresses(resources).filter((address) => !addresses(without).includes(address));
  expect(missing.filter((address) => !/[._]canary/.test(address))).toEqual([
    "aws_cloudwatch_metric_alarm.never_matches",
    "aws_cloudwatch_metric_alarm.wrong_answer",
  ]);
  expect(addresses(without).filter((address) => address.includes("canary"))).toEqual([]);
  for (const [type, all] of Object.entries(without))
    for (const [id, resource] of Object.entries(all)) expect(resource).toEqual(resources[type]?.[id]);
});

test("all monitoring resources depend on the adopted table", () => {
  const monitoring = Object.entries(resources).flatMap(([type, all]) =>
    Object.entries(all).filter(
      ([id]) => id.startsWith("canary") || /^aws_(sns|cloudwatch_(metric|dashboard|event))/.test(type),
    ),
  );
  expect(monitoring.length).toBe(20);
  for (const [, { depends_on }] of monitoring) expect(depends_on).toContain("aws_dynamodb_table.contacts");
});

test("raw resources contain no CDKTF token", () => {
  expect(JSON.stringify(resources)).not.toContain("TfToken");
});
