// Simulates the inbound flow with the module: normal callers, blocked callers and failures.
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
/** Returns the spoken messages in order, with markup decoded. */
async function spokenMessages(content: FlowContent): Promise<string[]> {
  const result = await call(content, "match");
  return result.path.filter((step) => step.type === "MessageParticipant").map(({ detail = "" }) => decodeSsml(detail));
}

function decodeSsml(prompt: string): string {
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
  ["waits in a separate queue", { action: "queue", queueId: "queue-2" }, { kind: "queued", queue: "queue-2" }],
  ["goes to another flow", { action: "flow", flowId: "flow-2" }, { kind: "transferred", flow: "flow-2" }],
];

describe.each(blockedEndings)("an inbound flow in which a blocked caller %s", (_, whenBlocked, ending) => {
  const content = build(whenBlocked);

  test("Connect accepts the flow", () => {
    expect(validateContent(content, "flow")).toEqual([]);
  });

  test("a blocked caller takes this branch and every other caller reaches the queue", async () => {
    expect((await call(content, "match")).ending).toEqual(ending);
    expect((await call(content, "nomatch")).ending).toEqual(normal);
    expect((await call(content, "anything else")).ending).toEqual(normal);
  });

  test("without the module every caller reaches the queue, even with an old match", async () => {
    const stale = { ...contact, Attributes: { blockedStatus: "match" } };
    expect((await call(content, "match", { modules: {}, contact: stale })).ending).toEqual(normal);
  });

  test("if attributes cannot be written, every caller reaches the queue", async () => {
    expect((await call(content, "match", { failWrite: () => true })).ending).toEqual(normal);
  });

  test.each(Object.values(INBOUND_ACTIONS))(
    "after a failure of %s the call is queued, disconnected or transferred",
    async (failing) => {
      const error = failing === INBOUND_ACTIONS.isBlocked ? "NoMatchingCondition" : "NoMatchingError";
      const failAction = (id: string) => (id === failing && id !== INBOUND_ACTIONS.hangUp ? error : undefined);
      for (const response of ["match", "nomatch"]) {
        expect((await call(content, response, { failAction })).ending.kind).toMatch(
          /^(queued|disconnected|transferred)$/,
        );
      }
    },
  );
});

test.each<WhenBlocked>([
  { action: "queue", queueId: "queue-2" },
  { action: "flow", flowId: "flow-2" },
])("a blocked caller whose target fails reaches the normal queue: %j", async (whenBlocked) => {
  const id = whenBlocked.action === "queue" ? INBOUND_ACTIONS.setBlockedQueue : INBOUND_ACTIONS.toBlockedFlow;
  const failAction = (action: string) => (action === id ? "NoMatchingError" : undefined);
  expect((await call(build(whenBlocked), "match", { failAction })).ending).toEqual(normal);
});

test("any message is spoken unchanged", async () => {
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
      expect(await spokenMessages(build({ action: "message", message: { Text } }))).toEqual([Text]);
    }),
  );
});

test("text that is too long for one prompt is split between words without loss", async () => {
  const Text = "All our agents are busy. ".repeat(400).trim();
  const content = build({ action: "message", message: { Text } });
  expect(validateContent(content, "flow")).toEqual([]);
  const parts = await spokenMessages(content);
  expect(parts.join("")).toBe(Text);
  expect(parts).toHaveLength(4);
  for (const part of parts) expect(part.length).toBeLessThanOrEqual(3000);
  expect(parts[0]).toMatch(/[.a-z] $/);
});

test("text that contains a reference is spoken as SSML without a reference", async () => {
  const Text = "Calls are $.50 a minute & <up>. ".repeat(150).trim();
  const content = build({ action: "message", message: { Text } });
  expect(validateContent(content, "flow")).toEqual([]);
  expect(JSON.stringify(content)).not.toContain("$.50");
  expect((await spokenMessages(content)).join("")).toBe(Text);
});

test("text without white space is split between characters", async () => {
  const Text = "😀".repeat(3500);
  const content = build({ action: "message", message: { Text } });
  expect(validateContent(content, "flow")).toEqual([]);
  expect(await spokenMessages(content)).toEqual(["😀".repeat(3000), "😀".repeat(500)]);
});

test.each([
  [{ Text: "cafe\u0301 $.50" }, /is not in Unicode normal form C/],
  [{ Text: "" }, /whenBlocked message: the text is empty/],
  [{ SSML: "<speak>$.Name</speak>" }, /whenBlocked message \(SSML\): Connect would read "\$\.Name<\/speak>"/],
  [
    { SSML: `<speak>${"x".repeat(3001)}</speak>` },
    /the text has 3001 characters, 3016 with markup\. Connect allows 3000 characters of text and 6000 with markup/,
  ],
  [{ SSML: `<speak>${"<p>x</p>".repeat(800)}</speak>` }, /the text has 800 characters, 6415 with markup/],
])("a message that cannot be spoken is refused: %#", (message, error) => {
  expect(() => build({ action: "message", message })).toThrow(error);
});

test.each([
  [{ queueId: "" }, "At least one of [QueueId, AgentId] must be set"],
  [{ queueId: "the first queue" }, "Invalid Action property value. Path: Actions[2].Parameters.QueueId"],
  [{ moduleId: "a module" }, "Invalid Action property value. Path: Actions[0].Parameters.FlowModuleId"],
  [
    { whenBlocked: { action: "flow", flowId: "a flow" } } as const,
    "Invalid Action property value. Path: Actions[4].Parameters.ContactFlowId",
  ],
])("building an inbound flow that Connect would refuse fails: %j", (change, error) => {
  const props = { moduleId: "blockedStatus", queueId, whenBlocked: { action: "disconnect" } } as const;
  expect(() => inboundFlow({ ...props, ...change })).toThrow(`Connect would refuse the inbound flow:\n  ${error}`);
});

test("the console can find the module by name on import", () => {
  expect(build({ action: "disconnect" }).Metadata?.ActionMetadata[INBOUND_ACTIONS.checkCaller]).toMatchObject({
    parameters: { FlowModuleId: { displayName: "blockedStatus" } },
    contactFlowModuleName: "blockedStatus",
  });
});
