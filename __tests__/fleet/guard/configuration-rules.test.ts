/** The guard refuses a configuration that runs commands, or that uses another provider, account, region or role. */
import { guard } from "../../../fleet/guard/guard";
import { parsePlan } from "../../../fleet/terraform/plan-json";
import { recordedInstance, recordedJson, recordedPlan } from "./recorded-plan";

type Values = Readonly<Record<string, unknown>>;

const resource = (mode: string, type: string, more: Values = {}): Values => ({
  address: mode === "data" ? `data.${type}.one` : `${type}.one`,
  mode,
  type,
  name: "one",
  ...more,
});

const expressions = {
  region: { constant_value: "us-east-1" },
  allowed_account_ids: { constant_value: ["111122223333"] },
  default_tags: [{ tags: { constant_value: { team: "contact centre" } } }],
};

interface Configuration {
  readonly provider?: Values;
  readonly resources?: readonly Values[];
  readonly module_calls?: Values;
}

/** Violations of the recorded adoption plan with this configuration. */
function refusals({ provider = {}, resources = [], module_calls = {} }: Configuration, more = ""): string[] {
  const configuration = {
    provider_config: {
      aws: { name: "aws", full_name: "registry.terraform.io/hashicorp/aws", expressions, ...provider },
    },
    root_module: {
      resources: [resource("managed", "aws_dynamodb_table"), resource("data", "aws_dynamodb_table"), ...resources],
      module_calls,
    },
  };
  const plan = parsePlan(JSON.stringify({ ...(JSON.parse(recordedJson("adoption")) as object), configuration }));
  const { violations } = guard(plan, recordedInstance(more), "2026-06-30");
  for (const { rule } of violations) expect(rule).toBe("whole-plan");
  return violations.map(({ what }) => what);
}

const deployRole = "arn:aws:iam::111122223333:role/deploy";
const assuming = (arn: string): Configuration => ({
  provider: { expressions: { ...expressions, assume_role: [{ role_arn: { constant_value: arn } }] } },
});

test("the configuration of a stack is allowed", () => {
  expect(refusals({})).toEqual([]);
  expect(refusals(assuming(deployRole), `deployRole: { arn: "${deployRole}" }`)).toEqual([]);
});

const ignoring = (keys: readonly string[], prefixes: readonly string[]): Configuration => ({
  provider: {
    expressions: {
      ...expressions,
      ignore_tags: [{ keys: { constant_value: keys }, key_prefixes: { constant_value: prefixes } }],
    },
  },
});

test("the provider ignores exactly the tags that the environment file names", () => {
  const named = 'ignoreTags: { keys: [costs, audit], keyPrefixes: ["org:"] }';
  expect(refusals(ignoring(["audit", "costs"], ["org:"]), named)).toEqual([]);
  for (const [found, lines] of [
    [ignoring(["costs"], []), ""],
    [ignoring(["audit", "costs"], []), named],
    [{}, named],
  ] as const)
    expect(refusals(found, lines).join()).toContain("The AWS provider ignores the tags");
});

test.each<[name: string, configuration: Configuration, what: string]>([
  [
    "a provisioner",
    { resources: [resource("managed", "aws_sns_topic", { provisioners: [{ type: "local-exec" }] })] },
    "aws_sns_topic.one has a provisioner",
  ],
  ["an external data source", { resources: [resource("data", "external")] }, "data source data.external.one"],
  [
    "a data source that invokes a function",
    { resources: [resource("data", "aws_lambda_invocation")] },
    "data source data.aws_lambda_invocation.one",
  ],
  ["a module", { module_calls: { other: {} } }, 'the module "other"'],
  ["a provider of another source", { provider: { full_name: "example.com/acme/aws" } }, "example.com/acme/aws"],
  ["a second provider", { provider: { full_name: "registry.terraform.io/hashicorp/null" } }, "hashicorp/null"],
  [
    "another region",
    { provider: { expressions: { ...expressions, region: { constant_value: "us-west-2" } } } },
    'region "us-west-2" instead of "us-east-1"',
  ],
  [
    "another account",
    { provider: { expressions: { ...expressions, allowed_account_ids: { constant_value: ["444455556666"] } } } },
    '["444455556666"] instead of ["111122223333"]',
  ],
  [
    "endpoints",
    {
      provider: { expressions: { ...expressions, endpoints: [{ lambda: { constant_value: "https://example.com" } }] } },
    },
    "sets endpoints",
  ],
  ["a role that the environment file does not name", assuming("arn:aws:iam::111122223333:role/Admin"), "role/Admin"],
])("%s is refused", (_, configuration, what) => {
  const [refusal, ...others] = refusals(configuration);
  expect(refusal).toContain(what);
  expect(others).toEqual([]);
});

test("a plan with changes that Terraform cannot apply is refused", () => {
  const plan = { ...recordedPlan("adoption"), applyable: false };
  const [violation] = guard(plan, recordedInstance(), "2026-06-30").violations;
  expect(violation).toMatchObject({ rule: "whole-plan", address: "" });
  expect(violation?.what).toContain("cannot be applied");
});
