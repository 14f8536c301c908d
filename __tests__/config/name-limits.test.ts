/** The longest valid names stay within the limits of AWS in every synthesized resource. */
import { Testing } from "cdktf";
import { environmentNameLimit, environmentNamePattern } from "../../config/aws-names";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { load, validYaml } from "./environment-files";

/** Limits by attribute, or by type and attribute, from the API references of the services. */
const limits: Readonly<Record<string, number>> = {
  alarm_name: 255,
  dashboard_name: 255,
  function_name: 64,
  statement_id: 100,
  "aws_sns_topic.name": 256,
  "aws_iam_role.name": 64,
  "aws_iam_role_policy.name": 128,
  "aws_cloudwatch_event_rule.name": 64,
  "aws_cloudwatch_log_group.name": 512,
  "aws_connect_contact_flow_module.name": 127,
  "aws_connect_contact_flow_module.description": 500,
  "aws_lambda_function.description": 256,
  "aws_cloudwatch_metric_alarm.alarm_description": 1024,
};

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

test("the longest environment, instance and region names make no name in AWS too long", () => {
  const environment = "e".repeat(environmentNameLimit);
  expect(environmentNamePattern.test(environment)).toBe(true);
  expect(environmentNamePattern.test(`${environment}e`)).toBe(false);
  const yaml = validYaml
    .replaceAll("us-east-1", "ap-northeast-1")
    .replace(
      "name: acme",
      `name: ${"a".repeat(45)}\n    function: { roleName: ${"r".repeat(64)} }\n    alarms: { canaryName: ${"c".repeat(64)}, canaryRoleName: ${"d".repeat(64)}, runbookUrl: "https://${"w".repeat(292)}" }`,
    );
  const [instance] = load({ [`${environment}.yaml`]: yaml });
  if (instance === undefined) throw new Error("no instance");
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  const { resource } = JSON.parse(Testing.synth(stack)) as {
    readonly resource: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  };
  let checked = 0;
  for (const [type, resources] of Object.entries(resource)) {
    for (const attributes of Object.values(resources)) {
      for (const [name, value] of Object.entries(attributes)) {
        const limit = limits[`${type}.${name}`] ?? limits[name];
        if (limit === undefined || typeof value !== "string" || value.includes("${")) continue;
        checked += 1;
        expect([type, name, value.length <= limit ? "within the limit" : value]).toEqual([
          type,
          name,
          "within the limit",
        ]);
      }
    }
  }
  expect(checked).toBeGreaterThan(20);
  expect(instance.stackName.length).toBeLessThan(200);
});
