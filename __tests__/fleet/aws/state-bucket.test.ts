/** The bucket policy that denies requests without TLS, together with existing statements. */
import fc from "fast-check";
import { withTlsOnly } from "../../../fleet/aws/state-bucket";

const arn = "arn:aws:s3:::acme-state";
const ours = {
  Sid: "ConnectpathCallBlockingTlsOnly",
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: [arn, `${arn}/*`],
  Condition: { Bool: { "aws:SecureTransport": "false" } },
};
const policy = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
const statementsOf = (result: { policy: string }) => (JSON.parse(result.policy) as { Statement: object[] }).Statement;

test("a bucket without a policy gets one with our statement", () => {
  const made = withTlsOnly(undefined, arn);
  expect(made.isApplied).toBe(false);
  expect(JSON.parse(made.policy)).toEqual({ Version: "2012-10-17", Statement: [ours] });
  expect(withTlsOnly(made.policy, arn).isApplied).toBe(true);
});

test.each([
  ["under another name", { ...ours, Sid: "AllowSSLRequestsOnly" }],
  ["without a name", { ...ours, Sid: undefined }],
  ["with a list of one action", { ...ours, Action: ["s3:*"] }],
  ["for every principal of AWS", { ...ours, Principal: { AWS: "*" } }],
  ["with a boolean", { ...ours, Condition: { Bool: { "aws:SecureTransport": false } } }],
  ["with the condition key in another case", { ...ours, Condition: { Bool: { "aws:securetransport": ["false"] } } }],
])("a statement with the same effect, %s, is kept", (_, statement) => {
  expect(withTlsOnly(policy(statement), arn).isApplied).toBe(true);
});

test.each([
  ["allows", { ...ours, Effect: "Allow" }],
  ["is for one account", { ...ours, Principal: { AWS: "111122223333" } }],
  ["is for one action", { ...ours, Action: "s3:GetObject" }],
  ["leaves the bucket itself out", { ...ours, Resource: [`${arn}/*`] }],
  ["is of another bucket", { ...ours, Resource: [`${arn}2`, `${arn}2/*`] }],
  ["has one more condition", { ...ours, Condition: { ...ours.Condition, StringEquals: { "aws:PrincipalArn": "x" } } }],
  [
    "has one more key in the condition",
    { ...ours, Condition: { Bool: { "aws:SecureTransport": "false", "aws:ViaAWSService": "false" } } },
  ],
  ["is about connections with TLS", { ...ours, Condition: { Bool: { "aws:SecureTransport": "true" } } }],
  ["has no condition", { ...ours, Condition: undefined }],
  ["has an empty condition", { ...ours, Condition: { Bool: {} } }],
  ["leaves principals out", { ...ours, Principal: undefined, NotPrincipal: { AWS: "111122223333" } }],
])("a statement that %s is replaced by ours", (_, statement) => {
  const result = withTlsOnly(policy(statement), arn);
  expect(result.isApplied).toBe(false);
  expect(statementsOf(result)).toEqual([ours]);
});

test("all existing statements are kept, and ours is added", () => {
  const text = fc.string({ maxLength: 8 });
  const statement = fc.record({
    Sid: fc.option(text, { nil: undefined }),
    Effect: fc.constantFrom("Allow", "Deny"),
    Principal: fc.oneof(text, fc.dictionary(text, text), fc.constant(null)),
    Action: fc.oneof(text, fc.array(text)),
    Resource: fc.oneof(text, fc.array(text)),
    Condition: fc.option(fc.dictionary(text, fc.dictionary(text, text)), { nil: undefined }),
  });
  const anyPolicy = fc.record({
    Version: fc.constantFrom("2012-10-17", "2008-10-17"),
    Id: text,
    Statement: fc.oneof(statement, fc.array(statement)),
  });
  fc.assert(
    fc.property(anyPolicy, (given) => {
      const before = JSON.parse(JSON.stringify(given)) as typeof given;
      const result = withTlsOnly(JSON.stringify(given), arn);
      const after = JSON.parse(result.policy) as { Version: string; Id: string; Statement: object[] };
      expect(after).toEqual({ ...before, Statement: [ours, ...[before.Statement].flat()] });
      expect(withTlsOnly(result.policy, arn).isApplied).toBe(true);
    }),
  );
});
