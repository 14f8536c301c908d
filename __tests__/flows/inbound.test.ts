// The inbound flow, run with the module inside it: who reaches the queue, what a blocked caller meets, and what failures do.
import fc from "fast-check";
import { blockedStatusModule } from "../../flows/blocked-status";
import { INBOUND_ACTIONS, inboundFlow, type WhenBlocked } from "../../flows/inbound";
import type { FlowContent } from "../../flows/language/types";
import { validateContent } from "../../flows/language/validate";
import { type Ending, simulate, type Simulation } from "../../flows/simulator";
import { inboundCall } from "./inbound-call";

const queueId = "11111111-2222-4333-8444-555555555555";
const module_ = blockedStatusModule({
  functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
  blockedDisposition: "Blocked",
  instanceName: "acme",
  flowTimeLimitSeconds: 3,
});
const contact = inboundCall();
const normal: Ending = { kind: "queued", queue: queueId };

function build(whenBlocked: WhenBlocked): FlowContent {
  return inboundFlow({ moduleId: "blockedStatus", queueId, whenBlocked });
}
function call(content: FlowContent, response: string, more: Partial<Simulation> = {}) {
  return simulate({
    content,
    kind: "flow",
    contact,
    modules: { blockedStatus: module_ },
    invokeLambda: () => ({ response, reason: "test" }),
    ...more,
  });
}
/** What was said to the caller, in order, markup read as a speech engine reads it. */
async function said(content: FlowContent): Promise<string[]> {
  const result = await call(content, "match");
  return result.path.filter((step) => step.type === "MessageParticipant").map(({ detail = "" }) => heard(detail));
}

function heard(prompt: string): string {
  const inner = /^<speak>([^]*)<\/speak>$/.exec(prompt)?.[1];
  if (inner === undefined) return prompt;
  return inner.replaceAll("&#36;", "$").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
}

const blockedEndings: [string, WhenBlocked, Ending][] = [
  ["is disconnected", { action: "disconnect" }, { kind: "disconnected" }],
  ["hears a text and is disconnected", { action: "message", message: { Text: "Goodbye" } }, { kind: "disconnected" }],
  [
    "hears SSML and is disconnected",
    { action: "message", message: { SSML: "<speak>Goodbye</speak>" } },
    { kind: "disconnected" },
  ],
  ["waits in a queue of their own", { action: "queue", queueId: "queue-2" }, { kind: "queued", queue: "queue-2" }],
  ["goes to another flow", { action: "flow", flowId: "flow-2" }, { kind: "transferred", flow: "flow-2" }],
];

describe.each(blockedEndings)("where a blocked caller %s", (_, whenBlocked, ending) => {
  const content = build(whenBlocked);

  test("Connect accepts the flow", () => {
    expect(validateContent(content, "flow")).toEqual([]);
  });

  test("a blocked caller does, and every other one reaches the queue", async () => {
    expect((await call(content, "match")).ending).toEqual(ending);
    expect((await call(content, "nomatch")).ending).toEqual(normal);
    expect((await call(content, "anything else")).ending).toEqual(normal);
  });

  test("without the module everybody reaches the queue, even with an old match on the contact", async () => {
    const stale = { ...contact, Attributes: { blockedStatus: "match" } };
    expect((await call(content, "match", { modules: {}, contact: stale })).ending).toEqual(normal);
  });

  test("when no attribute can be written everybody reaches the queue", async () => {
    expect((await call(content, "match", { failWrite: () => true })).ending).toEqual(normal);
  });

  test.each(Object.values(INBOUND_ACTIONS))("a failure of %s still ends the call properly", async (failing) => {
    const error = failing === INBOUND_ACTIONS.isBlocked ? "NoMatchingCondition" : "NoMatchingError";
    const failAction = (id: string) => (id === failing && id !== INBOUND_ACTIONS.hangUp ? error : undefined);
    for (const response of ["match", "nomatch"]) {
      expect((await call(content, response, { failAction })).ending.kind).toMatch(
        /^(queued|disconnected|transferred)$/,
      );
    }
  });
});

test.each<WhenBlocked>([
  { action: "queue", queueId: "queue-2" },
  { action: "flow", flowId: "flow-2" },
])("a blocked caller who cannot be sent to their %s is treated as any other", async (whenBlocked) => {
  const id = whenBlocked.action === "queue" ? INBOUND_ACTIONS.setBlockedQueue : INBOUND_ACTIONS.toBlockedFlow;
  const failAction = (action: string) => (action === id ? "NoMatchingError" : undefined);
  expect((await call(build(whenBlocked), "match", { failAction })).ending).toEqual(normal);
});

test("a message is said word for word, whatever is in it", async () => {
  const piece = fc.oneof(
    fc.constantFrom('"', "\\", "${x}", "%{y}", "$$", "\n", "😀", "<", "&", "$.Name", "$['x']"),
    fc.string({ unit: "grapheme" }),
  );
  const text = fc
    .array(piece, { minLength: 1 })
    .map((pieces) => pieces.join(""))
    .filter((t) => t === t.normalize("NFC") && t !== "");
  await fc.assert(
    fc.asyncProperty(text, async (Text) => {
      expect(await said(build({ action: "message", message: { Text } }))).toEqual([Text]);
    }),
  );
});

test("a text too long for one prompt is said in several, cut between words and with nothing lost", async () => {
  const Text = "All our agents are busy. ".repeat(400).trim();
  const content = build({ action: "message", message: { Text } });
  expect(validateContent(content, "flow")).toEqual([]);
  const parts = await said(content);
  expect(parts.join("")).toBe(Text);
  expect(parts).toHaveLength(4);
  for (const part of parts) expect(part.length).toBeLessThanOrEqual(3000);
  expect(parts[0]).toMatch(/[.a-z] $/);
});

test("a text with what Connect would read as a reference is said as markup, of whatever length, with no reference in it", async () => {
  const Text = "Calls are $.50 a minute & <up>. ".repeat(150).trim();
  const content = build({ action: "message", message: { Text } });
  expect(validateContent(content, "flow")).toEqual([]);
  expect(JSON.stringify(content)).not.toContain("$.50");
  expect((await said(content)).join("")).toBe(Text);
});

test("a text without white space is cut between characters", async () => {
  const Text = "😀".repeat(3500);
  const content = build({ action: "message", message: { Text } });
  expect(validateContent(content, "flow")).toEqual([]);
  expect(await said(content)).toEqual(["😀".repeat(3000), "😀".repeat(500)]);
});

test.each([
  [{ Text: "cafe\u0301 $.50" }, /is not in Unicode normal form C/],
  [{ Text: "" }, /whenBlocked message: "" is empty/],
  [{ SSML: "<speak>$.Name</speak>" }, /whenBlocked message \(SSML\): Connect would read "\$\.Name<\/speak>"/],
  [
    { SSML: `<speak>${"x".repeat(3001)}</speak>` },
    /3001 characters of text and 3016 with markup; at most 3000 and 6000/,
  ],
  [{ SSML: `<speak>${"<p>x</p>".repeat(800)}</speak>` }, /800 characters of text and 6415 with markup/],
])("a message that cannot be said is refused: %#", (message, says) => {
  expect(() => build({ action: "message", message })).toThrow(says);
});

test.each([
  [{ queueId: "" }, "At least one of [QueueId, AgentId] must be set"],
  [{ queueId: "the first queue" }, "Invalid Action property value. Path: Actions[2].Parameters.QueueId"],
  [{ moduleId: "a module" }, "Invalid Action property value. Path: Actions[0].Parameters.FlowModuleId"],
  [
    { whenBlocked: { action: "flow", flowId: "a flow" } } as const,
    "Invalid Action property value. Path: Actions[4].Parameters.ContactFlowId",
  ],
])("an inbound flow that Connect would refuse is not built: %j", (change, says) => {
  const props = { moduleId: "blockedStatus", queueId, whenBlocked: { action: "disconnect" } } as const;
  expect(() => inboundFlow({ ...props, ...change })).toThrow(`Connect would refuse the inbound flow:\n  ${says}`);
});

test("the console finds the module by name when the flow is imported", () => {
  expect(build({ action: "disconnect" }).Metadata?.ActionMetadata[INBOUND_ACTIONS.checkCaller]).toMatchObject({
    parameters: { FlowModuleId: { displayName: "blockedStatus" } },
    contactFlowModuleName: "blockedStatus",
  });
});
