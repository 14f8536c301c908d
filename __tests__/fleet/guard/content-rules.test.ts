/** The guard compares our resources with the environment file, and refuses every other value and every foreign resource. */
import { guard } from "../../../fleet/guard/guard";
import type { PlanJson, ResourceChange } from "../../../fleet/terraform/plan-json";
import { recordedInstance, recordedPlan } from "./recorded-plan";

const today = "2026-06-30";

type Values = Readonly<Record<string, unknown>>;

/** The rules that refuse a plan, with the address of the resource. */
const refusals = (plan: PlanJson, more = ""): string[] =>
  guard(plan, recordedInstance(more), today).violations.map(({ rule, address }) => `${rule} ${address}`);

/** The recorded plan, with other planned values of one resource. */
function withValues(name: string, address: string, values: Values): PlanJson {
  const plan = recordedPlan(name);
  expect(plan.resource_changes.map((resource) => resource.address)).toContain(address);
  const resource_changes = plan.resource_changes.map((resource) =>
    resource.address === address
      ? { ...resource, change: { ...resource.change, after: { ...(resource.change.after as Values), ...values } } }
      : resource,
  );
  return { ...plan, resource_changes };
}

/** The recorded plan, with one more resource. */
function withResource(name: string, address: string, change: ResourceChange["change"]): PlanJson {
  const plan = recordedPlan(name);
  const [type = "", logicalId = ""] = address.split(".");
  const resource = { address, mode: "managed" as const, type, name: logicalId, change };
  return { ...plan, applyable: true, resource_changes: [...plan.resource_changes, resource] };
}

/** A planned value of the adoption. */
function planned(address: string, key: string): string {
  const resource = recordedPlan("adoption").resource_changes.find((other) => other.address === address);
  return String((resource?.change.after as Values)[key]);
}

const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

const moduleAddress = "aws_connect_contact_flow_module.blocked_status";
const moduleContent = (): { StartAction: string; Actions: { Type: string; Identifier: string }[] } =>
  JSON.parse(planned(moduleAddress, "content")) as never;

const functionAddress = "aws_lambda_function.blocked_calls";
const variables = { ...recordedVariables() };

function recordedVariables(): Values {
  const resource = recordedPlan("adoption").resource_changes.find(({ address }) => address === functionAddress);
  return (resource?.change.after as { environment: { variables: Values }[] }).environment[0]?.variables ?? {};
}

const foreignRole = "arn:aws:iam::111122223333:role/Admin";
const foreignTopic = "arn:aws:sns:us-east-1:444455556666:theirs";

test.each<[address: string, values: Values]>([
  [functionAddress, { handler: "other.handler" }],
  [functionAddress, { runtime: "nodejs18.x" }],
  [functionAddress, { role: foreignRole }],
  [functionAddress, { function_name: "lookup" }],
  [functionAddress, { timeout: 900 }],
  [functionAddress, { region: "us-west-2" }],
  [functionAddress, { layers: ["arn:aws:lambda:us-east-1:444455556666:layer:theirs:1"] }],
  [functionAddress, { reserved_concurrent_executions: 0 }],
  [functionAddress, { environment: [{ variables: { ...variables, AWS_ENDPOINT_URL: "https://example.com" } }] }],
  [functionAddress, { environment: [{ variables: { ...variables, TABLE_NAME: "dextr-other" } }] }],
  [functionAddress, { environment: [] }],
  [functionAddress, { image_uri: "444455556666.dkr.ecr.us-east-1.amazonaws.com/theirs:1" }],
  [functionAddress, { vpc_config: [{ subnet_ids: ["subnet-1"], security_group_ids: ["sg-1"] }] }],
  ["aws_lambda_function.canary", { role: foreignRole }],
  ["aws_lambda_alias.live", { function_version: "1" }],
  ["aws_lambda_alias.live", { routing_config: [{ additional_version_weights: { "1": 0.5 } }] }],
  ["aws_lambda_permission.connect", { action: "lambda:*" }],
  ["aws_lambda_permission.connect", { principal: "*" }],
  ["aws_lambda_permission.connect", { source_account: null }],
  ["aws_lambda_permission.connect", { source_account: "444455556666" }],
  ["aws_lambda_permission.connect", { source_arn: null }],
  ["aws_lambda_permission.connect", { principal_org_id: "o-example" }],
  ["aws_lambda_permission.canary", { principal: "*" }],
  [moduleAddress, { name: "blockedStatus2" }],
  [moduleAddress, { content: JSON.stringify({ ...moduleContent(), StartAction: "End" }) }],
  [
    moduleAddress,
    {
      content: JSON.stringify({
        ...moduleContent(),
        Actions: moduleContent().Actions.filter(({ Type }) => Type !== "InvokeLambdaFunction"),
      }),
    },
  ],
  [moduleAddress, { content: planned(moduleAddress, "content").replaceAll("nomatch", "match") }],
  ["aws_iam_role.blocked_calls", { name: "Admin" }],
  [
    "aws_iam_role.blocked_calls",
    { assume_role_policy: policy({ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }) },
  ],
  ["aws_iam_role.blocked_calls", { managed_policy_arns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }],
  ["aws_iam_role.blocked_calls", { inline_policy: [{ name: "x", policy: "{}" }] }],
  ["aws_iam_role.blocked_calls", { max_session_duration: 43_200 }],
  ["aws_iam_role_policy.lookup", { policy: policy({ Effect: "Allow", Action: "dynamodb:*", Resource: "*" }) }],
  [
    "aws_iam_role_policy.lookup",
    { policy: planned("aws_iam_role_policy.lookup", "policy").replace("dynamodb:Query", "dynamodb:DescribeTable") },
  ],
  ["aws_iam_role_policy.lookup", { role: "Admin" }],
  ["aws_cloudwatch_log_group.blocked_calls", { retention_in_days: 1 }],
  ["aws_cloudwatch_log_group.blocked_calls", { name: "/aws/lambda/theirs" }],
  ["aws_cloudwatch_event_rule.canary", { schedule_expression: "rate(1 day)" }],
  ["aws_cloudwatch_event_rule.canary", { state: "DISABLED" }],
  ["aws_cloudwatch_event_target.canary", { arn: "arn:aws:lambda:us-east-1:111122223333:function:theirs" }],
  ["aws_cloudwatch_event_target.canary", { input: "{}" }],
  ["aws_cloudwatch_metric_alarm.lookup_errors", { alarm_actions: [foreignTopic] }],
  ["aws_cloudwatch_metric_alarm.lookup_errors", { alarm_actions: [foreignTopic], ok_actions: [foreignTopic] }],
  ["aws_cloudwatch_metric_alarm.lookup_errors", { actions_enabled: false, alarm_name: "theirs" }],
  ["aws_sns_topic.alarms", { policy: policy({ Effect: "Allow", Principal: "*", Action: "sns:*", Resource: "*" }) }],
  ["aws_sns_topic.alarms", { kms_master_key_id: "alias/theirs" }],
])("the adoption with another value of %s is refused: %j", (address, values) => {
  expect(refusals(withValues("adoption", address, values))).toContain(`content ${address}`);
});

test("a refusal names the attribute, the planned value and the expected value", () => {
  const plan = withValues("adoption", "aws_lambda_permission.connect", { principal: "*" });
  const violation = guard(plan, recordedInstance(), today).violations.find(({ rule }) => rule === "content");
  expect(violation?.what).toContain('principal is "*" instead of "connect.amazonaws.com"');
});

test("the instance's region, which the 6.x provider writes into each resource, is allowed", () => {
  expect(refusals(withValues("adoption", functionAddress, { region: "us-east-1" }))).toEqual([]);
});

test("another value of the tags that the resource itself sets is allowed", () => {
  expect(refusals(withValues("adoption", functionAddress, { tags: { a: "b" } }))).toEqual([]);
});

const update = { actions: ["update"] as const, before: {}, after: {} };

test.each([
  ["aws_iam_role.vendor", { ...update, after: { name: "vendor" } }],
  ["aws_iam_role_policy.vendor", { ...update, after: { role: "vendor", name: "deny", policy: "{}" } }],
  ["aws_iam_role_policies_exclusive.vendor", { ...update, after: { role_name: "vendor", policy_names: [] } }],
  ["aws_iam_role_policies_exclusive.blocked_calls", { ...update, after: { role_name: "vendor", policy_names: [] } }],
  ["aws_iam_role_policy_attachments_exclusive.blocked_calls", { ...update, after: { role_name: "vendor" } }],
  ["aws_connect_contact_flow.sales", { ...update, after: { name: "Sales", content: '{"Actions":[]}' } }],
  ["aws_lambda_function.billing", { ...update, after: { function_name: "billing" } }],
  ["aws_cloudwatch_log_group.billing", { ...update, after: { name: "/aws/lambda/billing" } }],
  ["aws_cloudwatch_metric_alarm.billing", { ...update, after: { alarm_name: "billing" } }],
] satisfies [string, ResourceChange["change"]][])(
  "a change of the foreign resource %s is refused",
  (address, change) => {
    expect(refusals(withResource("no-change", address, change))).toEqual([`content ${address}`]);
  },
);

test.each([
  ["aws_iam_role.admin", { name: "Admin", description: "Administrators" }],
  ["aws_iam_role.blocked_calls", { name: "Admin", description: "Administrators" }],
  ["aws_lambda_function.blocked_calls", { function_name: "billing", description: "Sends bills" }],
  ["aws_cloudwatch_metric_alarm.lookup_errors", { alarm_name: "billing" }],
])("with release: keep-index, the foreign resource %s is not deleted: %j", (address, before) => {
  const change = { actions: ["delete"] as const, before, after: null };
  const plan = withResource("release-keep-index", address, change);
  const own = refusals(recordedPlan("release-keep-index"), "release: keep-index");
  expect(own).toEqual([]);
  expect(refusals(plan, "release: keep-index")).toEqual([`content ${address}`]);
});

test("traffic to another version than the published version is refused", () => {
  const plan = recordedPlan("lambda-edit");
  const alias = plan.resource_changes.find(({ address }) => address === "aws_lambda_alias.live");
  expect(alias?.change.actions).toEqual(["update"]);
  const settings = 'exemptNumbers: ["+15555550100"]';
  expect(refusals(plan, settings)).toEqual([]);
  expect(refusals(withValues("lambda-edit", "aws_lambda_alias.live", { function_version: "7" }), settings)).toEqual([
    "content aws_lambda_alias.live",
  ]);
});
