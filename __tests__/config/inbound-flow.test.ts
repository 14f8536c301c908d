/** The key `inboundFlow`: its values and errors. */
import { loadOne, refusal, validYaml } from "./environment-files";

const queue = "2f0e0d0c-1b1a-4918-8716-151413121110";
const instance = "arn:aws:connect:us-east-1:111122223333:instance/0f0e0d0c-1b1a-4918-8716-151413121110";
const withFlow = (flow: string): string => `${validYaml}inboundFlow: ${flow}\n`;

test("there is no inbound flow by default", () => {
  expect(loadOne(validYaml)).not.toHaveProperty("inboundFlow");
});

test.each([
  [`{ queue: ${queue} }`, { action: "disconnect" }],
  [`{ queue: ${queue}, whenBlocked: { action: disconnect } }`, { action: "disconnect" }],
  [
    `{ queue: ${queue}, whenBlocked: { action: message, text: "Only $.50 a minute" } }`,
    { action: "message", message: { Text: "Only $.50 a minute" } },
  ],
  [
    `{ queue: ${queue}, whenBlocked: { action: message, ssml: <speak>Goodbye</speak> } }`,
    { action: "message", message: { SSML: "<speak>Goodbye</speak>" } },
  ],
  [`{ queue: ${queue}, whenBlocked: { action: queue, queue: ${queue} } }`, { action: "queue", queueId: queue }],
  [
    `{ queue: ${queue}, whenBlocked: { action: flow, flow: "${instance}/contact-flow/${queue}" } }`,
    { action: "flow", flowId: `${instance}/contact-flow/${queue}` },
  ],
])("the flow %s gets its defaults and the given action", (flow, whenBlocked) => {
  expect(loadOne(withFlow(flow)).inboundFlow).toEqual({
    name: "Inbound with call blocking",
    queueId: queue,
    whenBlocked,
  });
});

test("an instance inherits the environment's flow and overrides single keys", () => {
  const yaml = withFlow(`{ name: Front door, queue: ${queue} }`).replace(
    "  - name: acme\n",
    "  - name: acme\n    inboundFlow: { whenBlocked: { action: message, text: Goodbye } }\n",
  );
  expect(loadOne(yaml).inboundFlow).toEqual({
    name: "Front door",
    queueId: queue,
    whenBlocked: { action: "message", message: { Text: "Goodbye" } },
  });
});

test("an instance's whenBlocked replaces the environment's as a whole", () => {
  const yaml = withFlow(`{ queue: ${queue}, whenBlocked: { action: message, text: Goodbye } }`);
  const own = (whenBlocked: string): string =>
    yaml.replace("  - name: acme\n", `  - name: acme\n    inboundFlow: { whenBlocked: ${whenBlocked} }\n`);
  expect(loadOne(own("{ action: disconnect }")).inboundFlow?.whenBlocked).toEqual({ action: "disconnect" });
  expect(refusal({ "dev.yaml": own("{ action: message }") }).message).toBe(
    'environments/dev.yaml:7:33  instances[0].inboundFlow.whenBlocked: The action "message" needs text or ssml.\n' +
      "  Add text or ssml.",
  );
});

test.each(["Front ${path.module}", "%{ if true }"])(
  "a flow name that Terraform would evaluate (%s) is refused",
  (name) => {
    const { message } = refusal({ "dev.yaml": withFlow(`{ queue: ${queue}, name: "${name}" }`) });
    expect(message).toContain('Use 1 to 127 characters. Do not start with a space, and do not use "${" or "%{".');
  },
);

test.each([
  ["{ name: Front door }", "inboundFlow.queue: The key is missing.\n  Add the id or ARN of the queue"],
  [`{ queue: Support }`, 'inboundFlow.queue: "Support" is not the id or ARN of a Connect queue.'],
  [
    `{ queue: ${queue}, whenBlocked: { action: hang-up } }`,
    'inboundFlow.whenBlocked.action: "hang-up" is not an action.\n  Allowed: "disconnect" (the default), "message"',
  ],
  [
    `{ queue: ${queue}, whenBlocked: { action: message } }`,
    'inboundFlow.whenBlocked: The action "message" needs text or ssml.\n  Add text or ssml.',
  ],
  [
    `{ queue: ${queue}, whenBlocked: { action: message, text: a, ssml: b } }`,
    "inboundFlow.whenBlocked: Both text and ssml are given.\n  Remove one of them.",
  ],
  [
    `{ queue: ${queue}, whenBlocked: { text: Goodbye } }`,
    'inboundFlow.whenBlocked.text: The action "disconnect" does not use the key text.\n  Remove the key, or add the action that it belongs to.',
  ],
  [
    `{ queue: ${queue}, whenBlocked: { action: message, ssml: "<speak>$.Name</speak>" } }`,
    'inboundFlow.whenBlocked.ssml: "<speak>$.Name</speak>" contains "$." or "$[", which Connect reads as a reference',
  ],
  [
    `{ queue: ${queue}, whenBlocked: { action: message, text: " " } }`,
    "inboundFlow.whenBlocked.text: The text is empty.",
  ],
  [
    `{ queue: "arn:aws:connect:eu-west-2:111122223333:instance/0f0e0d0c-1b1a-4918-8716-151413121110/queue/${queue}" }`,
    "is in region eu-west-2, but the instance is in region us-east-1.",
  ],
  [
    `{ queue: "arn:aws:connect:us-east-1:111122223333:instance/${queue}/queue/${queue}" }`,
    "belongs to another Connect instance.\n  Use a resource of this instance. A flow cannot use resources of another instance.",
  ],
])("%s is refused", (flow, says) => {
  const { problems, message } = refusal({ "dev.yaml": withFlow(flow) });
  expect(problems).toHaveLength(1);
  expect(message).toMatch(/^environments\/dev\.yaml:8:\d+ {2}/);
  expect(message).toContain(says);
});
