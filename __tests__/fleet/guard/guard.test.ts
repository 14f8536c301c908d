/** The guard on recorded Terraform plans allows intended changes and refuses each accident for the right reason. */
import { guardRuleIds } from "../../../config/guard-rules";
import { guard, rules } from "../../../fleet/guard/guard";
import { liveTableIdentity, liveTableIndex, liveTableRead } from "../../../fleet/guard/live-table-rules";
import type { ResourceChange } from "../../../fleet/terraform/plan-json";
import { recordedInstance, recordedNames, recordedPlan, recordedSettings } from "./recorded-plan";

const today = "2026-06-30";

/** Rule and address of every violation, by recorded plan. */
const expected: Readonly<Record<string, readonly string[]>> = {
  adoption: [],
  "no-change": [],
  "vendor-index-added": [],
  "module-edit": [],
  "module-edited-in-console": [],
  "lambda-edit": [],
  "release-remove-index": [],
  "release-keep-index": [],
  "role-by-hand": [],
  "function-renamed": ["deletion aws_cloudwatch_log_group.blocked_calls"],
  "import-lost": ["table-kept aws_dynamodb_table.contacts"],
  "another-table": ["table-identity aws_dynamodb_table.contacts"],
  "table-replaced": ["table-kept aws_dynamodb_table.contacts"],
  "table-renamed": ["table-kept aws_dynamodb_table.contacts", "rename aws_dynamodb_table.contacts"],
  "foreign-index-deleted": [
    "table-attributes aws_dynamodb_table.contacts",
    "table-attributes aws_dynamodb_table.contacts",
    "table-indexes aws_dynamodb_table.contacts",
  ],
  "our-index-deleted": [
    "table-attributes aws_dynamodb_table.contacts",
    "table-attributes aws_dynamodb_table.contacts",
    "table-indexes aws_dynamodb_table.contacts",
  ],
  "tags-removed": ["table-settings aws_dynamodb_table.contacts", "table-settings aws_dynamodb_table.contacts"],
  "billing-changed": ["table-settings aws_dynamodb_table.contacts"],
  "key-type-changed": ["table-attributes aws_dynamodb_table.contacts"],
  "association-gap": [
    "call-path aws_connect_lambda_function_association.blocked_calls",
    "call-path aws_connect_contact_flow_module.blocked_status",
  ],
  "module-deleted": [
    "call-path aws_connect_contact_flow_module.blocked_status",
    "content aws_connect_contact_flow.inbound",
  ],
  "module-renamed": [
    "rename aws_connect_contact_flow_module.blocked_status",
    "content aws_connect_contact_flow.inbound",
  ],
  "log-group-deleted": ["deletion aws_cloudwatch_log_group.blocked_calls"],
  "scaling-added": ["other-dynamodb aws_appautoscaling_target.reads"],
  "stranger-added": ["own-types aws_s3_bucket.recordings"],
  "stranger-imported": ["imports aws_iam_role.vendor"],
  targeted: ["whole-plan ", "table-kept "],
  "reading-first": [],
  "reading-switch": [],
  "reading-no-change": [],
  "reading-switch-back": [],
  "reading-release": [],
  "reading-another-table": [
    "table-identity data.aws_dynamodb_table.live",
    "table-indexes data.aws_dynamodb_table.live",
  ],
  "reading-not-checked": ["table-kept "],
};

const violationsOf = (name: string): string[] =>
  guard(recordedPlan(name), recordedInstance(recordedSettings[name]), today).violations.map(
    ({ rule, address }) => `${rule} ${address}`,
  );

test.each(recordedNames)("the recorded plan %s has the expected result", (name) => {
  expect(violationsOf(name)).toEqual(expected[name]);
});

test("every recorded plan has an expectation, and every expectation has a plan", () => {
  expect(Object.keys(expected).sort()).toEqual(recordedNames);
});

// content-rules.test.ts and security-rules.test.ts test these rules.
test.each(guardRuleIds.filter((id) => !["content", "security-settings"].includes(id)))(
  "the rule %s refuses at least one accident",
  (id) => {
    const noticed = recordedNames.filter((name) =>
      rules[id](recordedPlan(name), recordedInstance(recordedSettings[name])).some((violation) =>
        violationsOf(name).includes(`${violation.rule} ${violation.address}`),
      ),
    );
    expect(noticed).not.toEqual([]);
    for (const name of noticed) expect(expected[name]?.some((violation) => violation.startsWith(`${id} `))).toBe(true);
  },
);

test.each([
  ["the table must be read", liveTableRead, "reading-not-checked"],
  ["the table must be the instance's own", liveTableIdentity, "reading-another-table"],
  ["the table must have the index", liveTableIndex, "reading-another-table"],
] as const)("with table.adopt: false, only one rule says that %s", (_, rule, name) => {
  const found = rule(recordedPlan(name), recordedInstance(recordedSettings[name])).map(
    ({ rule: id, address }) => `${id} ${address}`,
  );
  expect(found).toHaveLength(1);
  // Without the rule, this violation is missing.
  expect(violationsOf(name).filter((violation) => violation === found[0])).toEqual(found);
});

test.each(["adoption", "no-change", "module-edit", "vendor-index-added", "reading-switch-back"])(
  "with table.adopt: false, the plan %s is refused, because it manages the table",
  (name) => {
    const instance = recordedInstance(`${recordedSettings[name] ?? ""}\n    table: { adopt: false }`);
    const { violations } = guard(recordedPlan(name), instance, today);
    expect(violations.map(({ rule, address }) => `${rule} ${address}`)).toContain(
      "table-kept aws_dynamodb_table.contacts",
    );
  },
);

test.each([
  "release-remove-index",
  "release-keep-index",
  "role-by-hand",
  "reading-first",
  "reading-switch",
  "reading-no-change",
  "reading-release",
])("%s is refused unless the environment file asks for it", (name) => {
  expect(guard(recordedPlan(name), recordedInstance(), today).violations).not.toEqual([]);
});

test("every violation states the effect and the fix in complete sentences", () => {
  for (const name of recordedNames) {
    for (const { what, fix, address } of guard(recordedPlan(name), recordedInstance(recordedSettings[name]), today)
      .violations) {
      for (const text of [what, fix]) expect(text).toMatch(/^.{30,}[.]$/s);
      expect(`${address}${what}${fix}`).not.toMatch(/undefined|\[object|NaN/);
    }
  }
});

/** The recorded plan with some of its resources edited. */
function edited(name: string, edits: Readonly<Record<string, (resource: ResourceChange) => ResourceChange>>) {
  const plan = recordedPlan(name);
  return {
    ...plan,
    applyable: true,
    resource_changes: plan.resource_changes.map((one) => edits[one.address]?.(one) ?? one),
  };
}

const rulesAndAddresses = (plan: ReturnType<typeof edited>, more: string): string[] =>
  guard(plan, recordedInstance(more), today).violations.map(({ rule, address }) => `${rule} ${address}`);

describe("the canary is recognized by its logical id", () => {
  const deletedFirst = (resource: ResourceChange): ResourceChange => ({
    ...resource,
    change: { ...resource.change, actions: ["delete", "create"] },
  });

  test("replacing the canary is a deletion, not a gap on the call path", () => {
    const plan = edited("no-change", { "aws_lambda_function.canary": deletedFirst });
    expect(rulesAndAddresses(plan, "alarms: { canaryName: watcher }")).toEqual(["deletion aws_lambda_function.canary"]);
  });

  test("a canary with the function's old name does not exempt the function from the call path", () => {
    const plan = edited("no-change", {
      "aws_lambda_function.blocked_calls": deletedFirst,
      "aws_lambda_permission.connect": deletedFirst,
    });
    const more = "function: { name: lookup }\n    alarms: { canaryName: blockedCalls-recorded }";
    expect(rulesAndAddresses(plan, more).sort()).toEqual([
      "call-path aws_lambda_function.blocked_calls",
      "call-path aws_lambda_permission.connect",
    ]);
  });

  test("a module is on the call path with any logical id", () => {
    const named = (resource: ResourceChange): ResourceChange => ({ ...deletedFirst(resource), name: "canary" });
    const plan = edited("no-change", { "aws_connect_contact_flow_module.blocked_status": named });
    expect(rulesAndAddresses(plan, "")).toEqual(["call-path aws_connect_contact_flow_module.blocked_status"]);
  });
});

test("a foreign resource that only moves to another address is refused", () => {
  const moved = edited("stranger-added", {
    "aws_s3_bucket.recordings": (resource) => ({
      ...resource,
      previous_address: "aws_s3_bucket.theirs",
      change: { ...resource.change, actions: ["no-op"] },
    }),
  });
  const [violation, ...more] = guard(moved, recordedInstance(), today).violations;
  expect(more).toEqual([]);
  expect(violation).toMatchObject({ rule: "own-types", address: "aws_s3_bucket.recordings" });
  expect(violation?.what).toContain("The plan would move the resource type aws_s3_bucket.");
});
