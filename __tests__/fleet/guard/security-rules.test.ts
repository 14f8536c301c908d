/** The guard refuses to remove settings and tags that a security team or an organization added in AWS. */
import { guard } from "../../../fleet/guard/guard";
import type { PlanJson } from "../../../fleet/terraform/plan-json";
import { recordedInstance, recordedPlan } from "./recorded-plan";

type Values = Readonly<Record<string, unknown>>;

/** An update that removes these values from a resource. */
function removal(address: string, before: Values, drift: boolean, after: Values = {}): PlanJson {
  const plan = recordedPlan("no-change");
  const found = plan.resource_changes.find((resource) => resource.address === address);
  if (found === undefined) throw new Error(`${address} is not in the recording`);
  const deployed = found.change.after as Values;
  const inAws = { ...deployed, ...before };
  const changed = {
    ...found,
    change: { ...found.change, actions: ["update"] as const, before: inAws, after: { ...deployed, ...after } },
  };
  const drifted = { ...found, change: { actions: ["update"] as const, before: deployed, after: inAws } };
  return {
    ...plan,
    applyable: true,
    resource_changes: plan.resource_changes.map((resource) => (resource === found ? changed : resource)),
    resource_drift: drift ? [drifted] : [],
  };
}

const refusals = (plan: PlanJson, more = ""): string[] =>
  guard(plan, recordedInstance(more), "2026-06-30").violations.map(({ rule, what }) => `${rule}: ${what}`);

const boundary = { permissions_boundary: "arn:aws:iam::111122223333:policy/boundary" };

test.each<[address: string, before: Values, words: string]>([
  ["aws_iam_role.blocked_calls", boundary, "the permissions boundary"],
  ["aws_iam_role.canary", boundary, "the permissions boundary"],
  ["aws_cloudwatch_log_group.blocked_calls", { kms_key_id: "arn:aws:kms:us-east-1:111122223333:key/1" }, "the KMS key"],
  ["aws_lambda_function.blocked_calls", { reserved_concurrent_executions: 20 }, "the reserved concurrency (20)"],
  ["aws_lambda_function.blocked_calls", { reserved_concurrent_executions: 0 }, "the reserved concurrency (0)"],
  ["aws_lambda_function.blocked_calls", { vpc_config: [{ subnet_ids: ["subnet-1"] }] }, "the VPC settings"],
  ["aws_sns_topic.alarms", { kms_master_key_id: "alias/alarms" }, "the KMS key"],
])("the removal of a security setting from %s is refused: %j", (address, before, words) => {
  const [refusal, ...others] = refusals(removal(address, before, true));
  expect(refusal).toContain(`security-settings: The apply would remove ${words}`);
  expect(others).toEqual([]);
});

test.each<[address: string, before: Values, key: string]>([
  ["aws_iam_role.canary", boundary, "permissionsBoundary"],
  [
    "aws_cloudwatch_log_group.canary",
    { kms_key_id: "arn:aws:kms:us-east-1:111122223333:key/1" },
    "function.logKmsKeyArn",
  ],
  ["aws_lambda_function.blocked_calls", { reserved_concurrent_executions: 20 }, "function.reservedConcurrency"],
  ["aws_lambda_function.blocked_calls", { vpc_config: [{ subnet_ids: ["subnet-1"] }] }, "function.vpc"],
  ["aws_lambda_function.blocked_calls", { tags_all: { costs: "42" } }, "ignoreTags"],
])("the refusal for %s names the key that keeps the setting: %j", (address, before, key) => {
  const { violations } = guard(removal(address, before, true), recordedInstance(), "2026-06-30");
  expect(violations.map(({ fix }) => fix).join()).toContain(key);
});

test("no key is named for a setting of the canary that no key sets", () => {
  const plan = removal("aws_lambda_function.canary", { reserved_concurrent_executions: 20 }, true);
  const [violation] = guard(plan, recordedInstance(), "2026-06-30").violations;
  expect(violation?.fix).toBe(
    "Ask the security team. To remove the setting or the tag, add an allowance to the environment file.",
  );
});

const kept = {
  "aws_iam_role.blocked_calls": ["permissionsBoundary: arn:aws:iam::111122223333:policy/boundary", boundary],
  "aws_lambda_function.blocked_calls": [
    "function: { reservedConcurrency: 20, vpc: { subnetIds: [subnet-12345678], securityGroupIds: [sg-12345678] } }",
    {
      reserved_concurrent_executions: 20,
      vpc_config: [
        {
          subnet_ids: ["subnet-12345678"],
          security_group_ids: ["sg-12345678"],
          ipv6_allowed_for_dual_stack: false,
          vpc_id: "vpc-1",
        },
      ],
    },
  ],
  "aws_cloudwatch_log_group.blocked_calls": [
    "function: { logKmsKeyArn: arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110 }",
    { kms_key_id: "arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110" },
  ],
} as const;

test.each(Object.entries(kept))("%s must have the settings of the environment file", (address, [lines, values]) => {
  // The recorded plan does not contain the role's policy for the VPC, which is a violation of its own.
  const judged = (after: Values): string[] =>
    guard(removal(address, {}, false, after), recordedInstance(lines), "2026-06-30")
      .violations.filter((violation) => violation.address === address)
      .map(({ rule }) => rule);
  expect(judged(values)).toEqual([]);
  expect(judged({})).toEqual(["content"]);
  for (const key of Object.keys(values)) expect(judged({ ...values, [key]: "another" })).toEqual(["content"]);
});

test.each<[unknownPart: Values, rules: readonly string[]]>([
  [{ vpc_id: true }, []],
  [{ vpc_id: true, subnet_ids: [true] }, ["content"]],
  [{ security_group_ids: true }, ["content"]],
])("of the VPC settings, only the id of the VPC may be unknown before the apply: %j", (unknownPart, rules) => {
  const address = "aws_lambda_function.blocked_calls";
  const [lines, values] = kept[address];
  const known = Object.fromEntries(Object.entries(values.vpc_config[0]).filter(([key]) => !(key in unknownPart)));
  const plan = removal(address, {}, false, { ...values, vpc_config: [known] });
  const resource_changes = plan.resource_changes.map((resource) =>
    resource.address === address
      ? { ...resource, change: { ...resource.change, after_unknown: { vpc_config: [unknownPart] } } }
      : resource,
  );
  const { violations } = guard({ ...plan, resource_changes }, recordedInstance(lines), "2026-06-30");
  expect(violations.filter((violation) => violation.address === address).map(({ rule }) => rule)).toEqual(rules);
});

const tags = { team: "not the vendor", "managed-by": "terraform" };
const address = "aws_lambda_function.blocked_calls";

test("the removal of a tag that others added is refused", () => {
  const plan = removal(address, { tags: { costs: "42" }, tags_all: { ...tags, costs: "42" } }, true);
  expect(refusals(plan).join()).toContain('the tag "costs"');
});

test("a tag that the environment file had before is removed", () => {
  expect(refusals(removal(address, { tags: { costs: "42" }, tags_all: { ...tags, costs: "42" } }, false))).toEqual([]);
});

test("an allowance permits the removal", () => {
  const allowance = `allowances: [{ resource: aws_iam_role.blocked_calls, rule: security-settings, reason: Agreed., until: 2026-12-31 }]`;
  expect(refusals(removal("aws_iam_role.blocked_calls", boundary, true), allowance)).toEqual([]);
});
