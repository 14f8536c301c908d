/** The policy simulation decides as IAM does, for every form of a statement. */
import fc from "fast-check";
import { simulatePolicy } from "../../../../fleet/aws/iam/policy-simulation";

const index = "arn:aws:dynamodb:us-east-1:111122223333:table/dextr-acme/index/Disposition-CustomerEndpoint-index";
const policy = (...statements: readonly object[]): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const allow = (Action: unknown, Resource: unknown = index) => ({ Effect: "Allow", Action, Resource });
const simulate = (...documents: readonly string[]) =>
  simulatePolicy(documents, { action: "dynamodb:Query", resource: index });

test.each([
  ["by its name", allow("dynamodb:Query")],
  ["in another case", allow("DynamoDB:query")],
  ["among other actions", allow(["dynamodb:GetItem", "dynamodb:Query"], ["arn:aws:s3:::x", index])],
  ["by a pattern", allow("dynamodb:Q*y", "arn:aws:dynamodb:*:111122223333:table/dextr-*")],
  ["by a pattern for one character", allow("dynamodb:Quer?")],
  ["by the wildcard *", allow("*", "*")],
  ["with NotAction", { Effect: "Allow", NotAction: "dynamodb:Delete*", Resource: "*" }],
  ["with NotResource", { Effect: "Allow", Action: "*", NotResource: "arn:aws:s3:::*" }],
])("a statement that matches the action %s allows the action", (_, statement) => {
  expect(simulate(policy(statement))).toBe("allowed");
  // A single statement does not need to be in a list.
  expect(simulate(JSON.stringify({ Statement: statement }))).toBe("allowed");
});

test.each([
  ["no policy at all"],
  [
    "the microservice template of the console, which the vendor's guide names",
    policy(
      allow(
        ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:UpdateItem"],
        "arn:aws:dynamodb:us-east-1:111122223333:table/*",
      ),
    ),
  ],
  [
    "the table without its indexes",
    policy(allow("dynamodb:Query", "arn:aws:dynamodb:us-east-1:111122223333:table/dextr-acme")),
  ],
  ["the table in another region", policy(allow("dynamodb:Query", index.replace("us-east-1", "us-west-2")))],
  ["a resource in another case", policy(allow("dynamodb:Query", index.toUpperCase()))],
  ["an action whose name only begins with dynamodb:Query", policy(allow("dynamodb:QueryX"))],
  ["NotAction with dynamodb:Query", policy({ Effect: "Allow", NotAction: ["dynamodb:Query"], Resource: "*" })],
])("%s does not allow the query", (_, ...documents) => {
  expect(simulate(...documents)).toBe("not allowed");
});

test("a denial in one policy has precedence over an allow in another policy", () => {
  expect(simulate(policy(allow("*", "*")), policy({ ...allow("dynamodb:*"), Effect: "Deny" }))).toBe("denied");
});

test("a condition leaves the result unclear unless another statement decides", () => {
  const Condition = { IpAddress: { "aws:SourceIp": "192.0.2.0/24" } };
  const conditional = { ...allow("dynamodb:Query"), Condition };
  expect(simulate(policy(conditional))).toBe("unclear");
  expect(simulate(policy(conditional, allow("dynamodb:Query")))).toBe("allowed");
  expect(simulate(policy({ ...conditional, Effect: "Deny" }, allow("dynamodb:Query")))).toBe("unclear");
  expect(simulate(policy({ ...conditional, Effect: "Deny" }, { ...allow("dynamodb:Query"), Effect: "Deny" }))).toBe(
    "denied",
  );
  expect(simulate(policy({ ...conditional, Action: "s3:GetObject" }))).toBe("not allowed");
});

test("patterns match as the same regular expression does", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", ":"), maxLength: 12 });
  const patterns = fc.string({ unit: fc.constantFrom("a", "b", ":", "*", "?"), maxLength: 8 });
  fc.assert(
    fc.property(patterns, letters, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      const documents = [policy(allow("dynamodb:Query", pattern))];
      const access = simulatePolicy(documents, { action: "dynamodb:Query", resource: text });
      expect(access === "allowed").toBe(expression.test(text));
    }),
    { numRuns: 1000 },
  );
});

describe("when the condition keys of the request are known", () => {
  const query = { action: "dynamodb:Query", resource: index };
  const where = (Condition: object) => [policy({ ...allow("dynamodb:Query"), Condition })];

  test("StringEquals needs the key and one of the values", () => {
    const documents = where({ StringEquals: { "dynamodb:Select": ["COUNT", "SPECIFIC_ATTRIBUTES"] } });
    expect(simulatePolicy(documents, { ...query, context: { "dynamodb:Select": "COUNT" } })).toBe("allowed");
    expect(simulatePolicy(documents, { ...query, context: { "dynamodb:Select": "ALL" } })).toBe("not allowed");
    expect(simulatePolicy(documents, { ...query, context: {} })).toBe("not allowed");
  });

  test("ForAllValues:StringEquals accepts a request without values, or if every value is in the list", () => {
    const documents = where({ "ForAllValues:StringEquals": { "dynamodb:Attributes": ["hash", "range"] } });
    const attributes = (...names: string[]) => ({ ...query, context: { "dynamodb:Attributes": names } });
    expect(simulatePolicy(documents, attributes("hash"))).toBe("allowed");
    expect(simulatePolicy(documents, attributes("hash", "Notes"))).toBe("not allowed");
    expect(simulatePolicy(documents, { ...query, context: {} })).toBe("allowed");
  });

  test("another operator is unclear, unless another condition fails", () => {
    const IpAddress = { "aws:SourceIp": "192.0.2.0/24" };
    expect(simulatePolicy(where({ IpAddress }), { ...query, context: {} })).toBe("unclear");
    const documents = where({ IpAddress, StringEquals: { "dynamodb:Select": "COUNT" } });
    expect(simulatePolicy(documents, { ...query, context: {} })).toBe("not allowed");
  });
});
