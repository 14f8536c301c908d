/** The guard on plans of a real Terraform: it passes what is wanted, and refuses every accident for the right reason. */
import { guardRuleIds } from "../../../environments/model/guard-rules";
import { guard, rules } from "../../../fleet/guard/guard";
import type { Rule } from "../../../fleet/guard/rule";
import { recordedInstance, recordedNames, recordedPlan } from "./recorded-plan";

const today = "2026-06-30";

/** What the environment file says of the instance, where it says more than its names. */
const instances: Readonly<Record<string, string>> = {
  "release-remove-index": "release: remove-index",
  "release-keep-index": "release: keep-index",
  "role-by-hand": "function: { roleName: vendor-role }\n    adoptExisting: { role: true }",
  "function-renamed": "function: { name: lookup, roleName: lookup }",
};

/** The rule and the resource of everything that the guard says of a plan. */
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
  "module-deleted": ["call-path aws_connect_contact_flow_module.blocked_status"],
  "module-renamed": ["rename aws_connect_contact_flow_module.blocked_status"],
  "log-group-deleted": ["deletion aws_cloudwatch_log_group.blocked_calls"],
  "scaling-added": ["other-dynamodb aws_appautoscaling_target.reads"],
  "stranger-added": ["own-types aws_s3_bucket.recordings"],
  "stranger-imported": ["imports aws_iam_role.vendor"],
  targeted: ["whole-plan ", "table-kept "],
};

const judged = (name: string, by?: readonly Rule[]): string[] =>
  guard(recordedPlan(name), recordedInstance(instances[name]), today, by).violations.map(
    ({ rule, address }) => `${rule} ${address}`,
  );

test.each(recordedNames)("%s", (name) => {
  expect(judged(name)).toEqual(expected[name]);
});

test("there is an expectation for every recorded plan, and a plan for every expectation", () => {
  expect(Object.keys(expected).sort()).toEqual(recordedNames);
});

test.each(guardRuleIds)(
  "without the rule %s the guard would be silent about an accident, or tell it otherwise",
  (id) => {
    const others = guardRuleIds.filter((one) => one !== id).map((one) => rules[one]);
    const noticed = recordedNames.filter((name) => String(judged(name, others)) !== String(judged(name)));
    expect(noticed).not.toEqual([]);
    for (const name of noticed) expect(expected[name]?.some((one) => one.startsWith(`${id} `))).toBe(true);
  },
);

test.each(["release-remove-index", "release-keep-index", "role-by-hand"])(
  "%s is refused where the file does not ask for it",
  (name) => {
    expect(guard(recordedPlan(name), recordedInstance(), today).violations).not.toEqual([]);
  },
);

test("every violation says whom it concerns and what to do, in whole sentences", () => {
  for (const name of recordedNames) {
    for (const { what, fix, address } of guard(recordedPlan(name), recordedInstance(instances[name]), today)
      .violations) {
      for (const text of [what, fix]) expect(text).toMatch(/^.{30,}[.]$/s);
      expect(`${address}${what}${fix}`).not.toMatch(/undefined|\[object|NaN/);
    }
  }
});
