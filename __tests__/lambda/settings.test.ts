/** Tests that the function reads the settings that the stack writes, and that invalid environment variables are refused. */
import fc from "fast-check";
import { indexName } from "../../config/aws-names";
import { instanceSchema } from "../../config/schema";
import {
  ENVIRONMENT_LIMIT_BYTES,
  functionEnvironment,
  INDEX_NAME,
  readFunctionEnvironment,
} from "../../lambda/settings";
import { unicodeString } from "../unicode-string";

const settings = {
  environment: "dev",
  instanceName: "acme-dev",
  tableName: "dextr-acme-dev",
  blockedDispositions: ["Blocked", "Nuisance:Confirmed"],
  anonymousCallers: "allow",
  exemptNumbers: ["+15555550100", "+1800*"],
  otherNumbers: false,
  budgetMs: 1500,
} as const;

const name = unicodeString({ minLength: 1, maxLength: 20 });
const anySettings = fc.record({
  environment: name,
  instanceName: name,
  tableName: name,
  blockedDispositions: fc.array(name, { minLength: 1, maxLength: 5 }),
  anonymousCallers: fc.constantFrom("allow" as const, "block" as const),
  exemptNumbers: fc.array(fc.stringMatching(/^\+[1-9]\d{1,13}\*?$/)),
  otherNumbers: fc.boolean(),
  budgetMs: fc.integer({ min: 100, max: 7500 }),
});

test("the function reads the settings that the stack writes, with any Unicode in names and Dispositions", () => {
  fc.assert(
    fc.property(anySettings, (any) => {
      expect(readFunctionEnvironment(functionEnvironment(any))).toEqual(any);
    }),
  );
});

test("the stack and the function use the same index", () => {
  expect(INDEX_NAME).toBe(indexName);
});

test("the environment files and the function accept the same exempt numbers", () => {
  const { exemptNumbers } = instanceSchema.shape;
  const anyEntry = fc.oneof(
    fc.stringMatching(/^\+?[0-9]{0,17}\*?$/),
    fc.stringMatching(/^\+[1-9][0-9]{0,15}\*?$/),
    fc.constantFrom("", "+", "*", "+*", "+1", "+1*", "+1 555*", "+1**"),
  );
  fc.assert(
    fc.property(anyEntry, (entry) => {
      const configured = exemptNumbers.safeParse([entry]).success;
      const variables = { ...functionEnvironment(settings), EXEMPT_NUMBERS: `+1800* ${entry}` };
      const accepted = (): readonly string[] => readFunctionEnvironment(variables).exemptNumbers;
      if (configured) expect(accepted()).toEqual(["+1800*", entry]);
      // Spaces separate the entries of the variable.
      else if (entry !== "" && !entry.includes(" ")) expect(accepted).toThrow("EXEMPT_NUMBERS");
    }),
    { numRuns: 1000 },
  );
});

test("the environment files, the stack and the function accept the same budgets", () => {
  const { lookup } = instanceSchema.shape;
  const anyBudget = fc.oneof(
    fc.constantFrom(0, 1, 99, 100, 101, 7499, 7500, 7501, -100, NaN, Infinity),
    fc.integer({ min: -10_000, max: 20_000 }),
    fc.double({ min: 0, max: 10_000 }),
  );
  fc.assert(
    fc.property(anyBudget, (budgetMs) => {
      const written = (): Record<string, string> => functionEnvironment({ ...settings, budgetMs });
      const variables = { ...functionEnvironment(settings), LOOKUP_BUDGET_MS: String(budgetMs) };
      const read = (): number => readFunctionEnvironment(variables).budgetMs;
      if (lookup.safeParse({ budgetMs }).success) {
        expect(written()["LOOKUP_BUDGET_MS"]).toBe(String(budgetMs));
        expect(read()).toBe(budgetMs);
      } else {
        expect(written).toThrow(`lookup.budgetMs is ${budgetMs}. Use a whole number from 100 to 7500.`);
        expect(read).toThrow("LOOKUP_BUDGET_MS is not a whole number from 100 to 7500.");
      }
    }),
    { numRuns: 1000 },
  );
});

test("a Disposition cannot start a Terraform template in the synthesized configuration", () => {
  const blockedDispositions = ["${path.module}", "%{ if true }", "$${TfToken[TOKEN.1]}", "$%{"];
  const variables = functionEnvironment({ ...settings, blockedDispositions });
  expect(Object.values(variables).join()).not.toMatch(/[$%]\{/);
  expect(readFunctionEnvironment(variables).blockedDispositions).toEqual(blockedDispositions);
});

test("no variable has a name that Lambda reserves", () => {
  expect(Object.keys(functionEnvironment(settings)).filter((key) => /^(AWS|LAMBDA)_|^_/.test(key))).toEqual([]);
});

test("settings at the limit are accepted; the error for one more byte names the keys to shorten", () => {
  const size = (padding: number): number =>
    Buffer.byteLength(JSON.stringify(functionEnvironment({ ...settings, tableName: "t".repeat(padding) })));
  const padding = ENVIRONMENT_LIMIT_BYTES - size(1) + 1;
  expect(size(padding)).toBe(ENVIRONMENT_LIMIT_BYTES);
  expect(() => size(padding + 1)).toThrow(
    'instance "acme-dev" of environment "dev": the environment variables of the function need 4097 bytes, ' +
      "but Lambda allows at most 4096 bytes.\n" +
      '  Shorten exemptNumbers (2 entries, 21 bytes; one prefix such as "+1800*" can replace many numbers) or ' +
      "blockedDispositions (2 entries, 38 bytes).",
  );
});

test("the limit counts bytes, not characters, like Lambda", () => {
  const wide = { ...settings, blockedDispositions: Array.from({ length: 10 }, () => "é".repeat(200)) };
  expect(() => functionEnvironment(wide)).toThrow(/need 4\d{3} bytes/);
});

test.each([
  ["INSTANCE_NAME", undefined, "INSTANCE_NAME is not set."],
  ["TABLE_NAME", "", "TABLE_NAME is not set."],
  ["ANONYMOUS_CALLERS", "perhaps", 'ANONYMOUS_CALLERS is neither "allow" nor "block".'],
  ["LOOKUP_BUDGET_MS", "1.5 s", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["LOOKUP_BUDGET_MS", "0", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["LOOKUP_BUDGET_MS", "-1500", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["LOOKUP_BUDGET_MS", "99", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["LOOKUP_BUDGET_MS", "7501", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["LOOKUP_BUDGET_MS", "1500.5", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["BLOCKED_DISPOSITIONS", "Blocked", "BLOCKED_DISPOSITIONS is not a JSON list of one or more non-empty strings."],
  ["BLOCKED_DISPOSITIONS", "[]", "BLOCKED_DISPOSITIONS is not a JSON list of one or more non-empty strings."],
  ["BLOCKED_DISPOSITIONS", '[""]', "BLOCKED_DISPOSITIONS is not a JSON list of one or more non-empty strings."],
  [
    "EXEMPT_NUMBERS",
    "+1800* 15555550100",
    "EXEMPT_NUMBERS has an entry that is not an E.164 number or a prefix that ends with *.",
  ],
])("the error for %s=%p names the variable and not the value", (key, value, message) => {
  const environment = { ...functionEnvironment(settings), [key]: value };
  expect(() => readFunctionEnvironment(environment)).toThrow(new Error(message));
});
