/** The key `flows`: blocked callers in the flows of the team, and numbers that are deliberately unprotected. */
import { loadOne, refusal, validYaml } from "./environment-files";

const queue = "2f0e0d0c-1b1a-4918-8716-151413121110";
const withFlows = (flows: string): string => `${validYaml}flows: ${flows}\n`;

test("whenBlocked needs no inbound flow of the stack, and does not change such a flow", () => {
  const alone = loadOne(withFlows("{ whenBlocked: { action: message, text: Goodbye } }"));
  expect(alone.flows.whenBlocked).toEqual({ action: "message", message: { Text: "Goodbye" } });
  expect(alone).not.toHaveProperty("inboundFlow");
  const both = loadOne(
    `${withFlows("{ whenBlocked: { action: message, text: Goodbye } }")}inboundFlow: { queue: ${queue} }\n`,
  );
  expect(both.inboundFlow?.whenBlocked).toEqual({ action: "disconnect" });
  expect(loadOne(validYaml).flows).toEqual({ unprotectedNumbers: [] });
});

test("an instance's whenBlocked replaces the environment's as a whole, and the numbers stay", () => {
  const yaml = withFlows(
    `{ unprotectedNumbers: ["+15555550199"], whenBlocked: { action: message, text: Goodbye } }`,
  ).replace("  - name: acme\n", `  - name: acme\n    flows: { whenBlocked: { action: queue, queue: ${queue} } }\n`);
  expect(loadOne(yaml).flows).toEqual({
    whenBlocked: { action: "queue", queueId: queue },
    unprotectedNumbers: ["+15555550199"],
  });
});

test.each([
  [
    "{ whenBlocked: { action: message } }",
    'flows.whenBlocked: The action "message" needs text or ssml.\n  Add text or ssml.',
  ],
  [
    "{ whenBlocked: { action: queue, queue: Support } }",
    'flows.whenBlocked.queue: "Support" is not the id or ARN of a Connect queue.',
  ],
  [
    `{ whenBlocked: { action: flow, flow: "arn:aws:connect:us-east-1:111122223333:instance/${queue}/contact-flow/${queue}" } }`,
    "belongs to another Connect instance.",
  ],
  [
    `{ unprotectedNumbers: ["+1555*"] }`,
    'flows.unprotectedNumbers[0]: "+••••*" is not an international phone number.\n  Write the number as "+15555550100": with country code,',
  ],
])("%s is refused", (flows, says) => {
  const { problems, message } = refusal({ "dev.yaml": withFlows(flows) });
  expect(problems).toHaveLength(1);
  expect(message).toMatch(/^environments\/dev\.yaml:8:\d+ {2}/);
  expect(message).toContain(says);
});

test.each(["Agent*", "$.agent", " Agent", "a\\tb"])("the attribute name %p is refused in contactDetails", (name) => {
  const { message } = refusal({ "dev.yaml": `${validYaml}contactDetails: { agent: "${name}" }\n` });
  expect(message).toContain("is not the name of an attribute.\n  Write the name exactly as the table has it");
});
