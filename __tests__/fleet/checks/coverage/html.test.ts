/** The HTML page of coverage: flows that are too large are not drawn, and hostile text is escaped. */
import { coverageHtml } from "../../../../fleet/checks/coverage/html";
import type { Action, FlowContent } from "../../../../flows/language/types";

const flowOf = (blocks: number, branches: number): FlowContent => ({
  Version: "2019-10-30",
  StartAction: "b0",
  Actions: Array.from({ length: blocks }, (_, n): Action => {
    const NextAction = `b${(n + 1) % blocks}`;
    const Errors = Array.from({ length: branches }, (_unused, k) => ({ ErrorType: `E${k}`, NextAction }));
    return { Identifier: `b${n}`, Type: "Wait", Parameters: {}, Transitions: { NextAction, Errors } };
  }),
});
const page = (
  content: FlowContent,
  name = "Main",
  showNumbers = false,
  marks = new Map([["b0", "checked" as const]]),
) =>
  coverageHtml(
    [
      {
        stack: "dev-acme-us-east-1",
        outcome: "ok",
        numbers: [
          {
            coverage: { number: "+1••••••••01", numberId: "n", description: name, verdict: "protected" },
            flows: [{ flow: name, content, marks }],
          },
        ],
      },
    ],
    showNumbers,
  );

test.each([
  ["301 blocks", flowOf(301, 0), "301 blocks with 0 branches"],
  ["1,600 branches", flowOf(100, 16), "100 blocks with 1600 branches"],
])("a flow with %s is not drawn", (_, content, size) => {
  expect(page(content)).toContain(`The flow has ${size} and is not drawn.`);
  expect(page(content)).not.toContain("data:image");
});

test("a flow with 250 blocks is drawn", () => {
  expect(page(flowOf(250, 1))).toContain("data:image/svg+xml");
});

test("names cannot add markup, and the page allows no script and no request", () => {
  const html = page(flowOf(2, 0), '"><script>alert(1)</script>');
  expect(html).not.toContain("<script>");
  const policy = html.replaceAll("&#39;", "'");
  expect(policy).toMatch(/content="default-src 'none'; style-src 'sha256-[^']+'; img-src data:; base-uri 'none'/);
});

test("the pictures show no whole phone number unless numbers are shown", () => {
  const me = "Send +15555550177 to me";
  const content: FlowContent = {
    Version: "2019-10-30",
    StartAction: "b0",
    Actions: [
      {
        Identifier: "b0",
        Type: "Compare",
        Parameters: { ComparisonValue: "$.CustomerEndpoint.Address" },
        Transitions: {
          NextAction: me,
          Conditions: [{ NextAction: "hi", Condition: { Operator: "Equals", Operands: ["+15555550123"] } }],
          Errors: [{ NextAction: me, ErrorType: "NoMatchingCondition" }],
        },
      },
      { Identifier: me, Type: "TransferToFlow", Parameters: { ContactFlowId: "+1 555 555 0144" }, Transitions: {} },
      {
        Identifier: "hi",
        Type: "MessageParticipant",
        Parameters: { Text: "Call 1-800-555-0199" },
        Transitions: { NextAction: me },
      },
    ],
  };
  const marks = new Map([["b0", "checked" as const]]);
  const pictures = (showNumbers: boolean): string =>
    [...page(content, "Main", showNumbers, marks).matchAll(/base64,([\w+/=]+)/g)]
      .map(([, data = ""]) => Buffer.from(data, "base64").toString())
      .join("\n");
  const whole = ["+15555550177", "+15555550123", "+1 555 555 0144", "1-800-555-0199"];
  const redacted = pictures(false);
  expect(redacted).toContain("Send +1••••••••77 to me");
  for (const number of whole) expect(redacted).not.toContain(number);
  // The same flow again: a cached picture without numbers must not be used.
  for (const number of whole) expect(pictures(true)).toContain(number);
  expect(pictures(false)).toBe(redacted);
});
