/** Tests allowances in environment files: rule, resource, reason and last day. Invalid allowances are refused with their place. */
import fc from "fast-check";
import { guardRuleIds, neverAllowed } from "../../config/guard-rules";
import { loadOne, refusal, validYaml } from "./environment-files";

const whole = {
  resource: "aws_cloudwatch_log_group.blocked_calls",
  rule: "deletion",
  reason: "The log moves to another group.",
  until: "2026-12-31",
};

const withAllowances = (...allowances: readonly object[]): string =>
  `${validYaml}allowances: ${JSON.stringify(allowances)}\n`;

const messageOf = (...allowances: readonly object[]): string =>
  refusal({ "dev.yaml": withAllowances(...allowances) }).message;

test("there are no allowances by default, and written allowances are used as they are", () => {
  expect(loadOne(validYaml).allowances).toEqual([]);
  expect(loadOne(withAllowances(whole)).allowances).toEqual([whole]);
});

test("an instance's allowances replace the environment's", () => {
  const own = { ...whole, resource: 'aws_iam_role_policy.decrypt["x"]' };
  const yaml = withAllowances(whole).replace(
    "  - name: acme\n",
    `  - name: acme\n    allowances: [${JSON.stringify(own)}]\n`,
  );
  expect(loadOne(yaml).allowances).toEqual([own]);
});

test("the error for a mistyped rule suggests the right one", () => {
  expect(messageOf({ ...whole, rule: "deletions" })).toBe(
    'environments/dev.yaml:8:74  allowances[0].rule: "deletions" is not a guard rule.\n  Did you mean "deletion"?',
  );
});

test.each(guardRuleIds.filter((rule) => neverAllowed(rule) !== undefined))(
  "no allowance can disable the rule %s, and the error says why",
  (rule) => {
    const message = messageOf({ ...whole, rule });
    expect(message).toContain(`No allowance can disable the guard rule "${rule}": ${neverAllowed(rule) ?? ""}.`);
    expect(message).toContain("Allowed: own-types, imports, deletion, call-path, security-settings.");
  },
);

test.each(["2026-02-30", "2026-13-01", "2026-00-10", "26-01-01", "2026-1-1", "tomorrow", "2026-01-01T00:00:00Z"])(
  "%s is not a date",
  (until) => {
    expect(messageOf({ ...whole, until })).toContain(`allowances[0].until: "${until}" is not a calendar date.`);
  },
);

test.each(["", "*", "aws_iam_role.*", "aws_iam_role", "module.x.aws_iam_role.y", "aws_iam_role.x[*]"])(
  "%p is not the address of one resource",
  (resource) => {
    expect(messageOf({ ...whole, resource })).toContain("is not the address of a Terraform resource.");
  },
);

test.each(Object.keys(whole))("an allowance without %s is refused, with its place", (key) => {
  const message = messageOf({ ...whole, [key]: undefined });
  expect(message).toMatch(/^environments\/dev\.yaml:8:\d+ {2}allowances\[0\]: The key /);
  expect(message).toContain(`The key ${key} is missing.`);
});

test("an empty allowance is reported once per missing key, and a duplicate is refused", () => {
  expect(messageOf({}).match(/is missing/g)).toHaveLength(4);
  expect(messageOf(whole, { ...whole, until: "2027-01-01" })).toContain(
    "allowances[1]: Item 0 is already an allowance of deletion for aws_cloudwatch_log_group.blocked_calls.",
  );
});

test("exactly the dates of the calendar are accepted as last day", () => {
  const day = fc.tuple(
    fc.integer({ min: 2020, max: 2040 }),
    fc.integer({ min: 0, max: 13 }),
    fc.integer({ min: 0, max: 32 }),
  );
  fc.assert(
    fc.property(day, ([year, month, of]) => {
      const until = [year, month, of].map((part) => String(part).padStart(2, "0")).join("-");
      const lastOfMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
      const exists = month >= 1 && month <= 12 && of >= 1 && of <= lastOfMonth;
      if (exists) expect(loadOne(withAllowances({ ...whole, until })).allowances[0]?.until).toBe(until);
      else expect(messageOf({ ...whole, until })).toContain("is not a calendar date");
    }),
    { numRuns: 40 },
  );
});
