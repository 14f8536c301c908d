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
const page = (content: FlowContent, name = "Main") =>
  coverageHtml([
    {
      stack: "dev-acme-us-east-1",
      outcome: "ok",
      numbers: [
        {
          coverage: { number: "+1••••••••01", numberId: "n", description: name, verdict: "protected" },
          flows: [{ flow: name, content, marks: new Map([["b0", "checked" as const]]) }],
        },
      ],
    },
  ]);

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
  expect(html).toMatch(/content="default-src 'none'; style-src 'sha256-[^']+'; img-src data:; base-uri 'none'/);
});
