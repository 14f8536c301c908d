/** The check of the caller in existing flows: what is inserted, what stays the same, what is refused, and the proof. */
import fc from "fast-check";
import { blockedStatusModule } from "../../../flows/blocked-status";
import { inboundFlow, type WhenBlocked } from "../../../flows/inbound";
import type { Action, FlowContent } from "../../../flows/language/types";
import { locateJson } from "../../../flows/language/json-text";
import { validateContent } from "../../../flows/language/validate";
import { simulate } from "../../../flows/simulator";
import { proveWiring } from "../../../flows/wiring/prove";
import { CannotWire, type WiredFlow, wireFlow } from "../../../flows/wiring/wire";
import { inboundCall } from "../inbound-call";
import { generatedFlow } from "./generated-flow";

const moduleId = "44444444-2222-4333-8444-555555555555";
const checkModule = blockedStatusModule({
  functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
  blockedDisposition: "Blocked",
  instanceName: "acme",
  flowTimeLimitSeconds: 3,
});
const policies: readonly WhenBlocked[] = [
  { action: "disconnect" },
  { action: "message", message: { Text: "Goodbye" } },
  { action: "queue", queueId: "77777777-2222-4333-8444-555555555555" },
  { action: "flow", flowId: "66666666-2222-4333-8444-555555555555" },
];
const [disconnect = { action: "disconnect" }] = policies;

const block = (
  Identifier: string,
  Type: string,
  Parameters: Action["Parameters"],
  next?: string,
  ...errors: string[]
): Action => ({
  Identifier,
  Type,
  Parameters: Parameters ?? {},
  Transitions:
    next === undefined
      ? {}
      : { NextAction: next, Errors: errors.map((NextAction) => ({ NextAction, ErrorType: "NoMatchingError" })) },
});
/** A flow of a support line: greeting, queue. */
const support: FlowContent = {
  Version: "2019-10-30",
  StartAction: "Log",
  Metadata: {
    entryPointPosition: { x: 40, y: 40 },
    ActionMetadata: {
      Log: { position: { x: 100, y: 40 } },
      Greet: { position: { x: 400, y: 40 } },
      Queue: { position: { x: 700, y: 40 } },
      Transfer: { position: { x: 1000, y: 40 } },
      End: { position: { x: 1300, y: 40 } },
    },
  },
  Actions: [
    block("Log", "UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, "Greet"),
    block("Greet", "MessageParticipant", { Text: "Welcome" }, "Queue", "Queue"),
    block("Queue", "UpdateContactTargetQueue", { QueueId: "queue-1" }, "Transfer", "End"),
    {
      ...block("Transfer", "TransferContactToQueue", {}),
      Transitions: {
        NextAction: "End",
        Errors: [
          { NextAction: "End", ErrorType: "QueueAtCapacity" },
          { NextAction: "End", ErrorType: "NoMatchingError" },
        ],
      },
    },
    block("End", "DisconnectParticipant", {}),
  ],
};
const wire = (content: unknown, more: { after?: string; whenBlocked?: WhenBlocked } = {}): WiredFlow =>
  wireFlow({
    text: typeof content === "string" ? content : JSON.stringify(content),
    moduleId,
    module: checkModule,
    whenBlocked: disconnect,
    ...more,
  });
const call = (content: FlowContent, response: string) =>
  simulate({
    content,
    kind: "flow",
    contact: inboundCall(),
    modules: { [moduleId]: checkModule },
    invokeLambda: () => ({ response, reason: "test" }),
  });

/** The wired text without what was inserted: blocks, their metadata, targets and shifts of positions. */
function unwired({ text, inserted, next }: WiredFlow): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === "x") return 0;
    if (key === "Actions") return (value as Action[]).filter(({ Identifier }) => !inserted.includes(Identifier));
    if (key === "ActionMetadata")
      return Object.fromEntries(Object.entries(value as object).filter(([name]) => !inserted.includes(name)));
    return (key === "NextAction" || key === "StartAction") && value === inserted[0] ? next : value;
  });
}
const withoutX = (text: string): unknown => JSON.parse(text, (key, value: unknown) => (key === "x" ? 0 : value));

test("the caller is checked before the first block, and a blocked caller hears nothing else", async () => {
  const wired = wire(support);
  expect(wired.inserted).toEqual(["Check the caller", "Is the caller blocked?", "Hang up"]);
  const blocked = await call(wired.content, "match");
  expect(blocked.ending).toEqual({ kind: "disconnected" });
  expect(blocked.path.filter(({ within }) => within.length === 0).map(({ identifier }) => identifier)).toEqual(
    wired.inserted,
  );
  expect((await call(wired.content, "nomatch")).ending).toEqual({ kind: "queued", queue: "queue-1" });
});

test("with --after, the check follows the named block, whichever of its branches leads on", async () => {
  const wired = wire(support, { after: "Greet" });
  const greet = wired.content.Actions.find(({ Identifier }) => Identifier === "Greet");
  expect(greet?.Transitions).toEqual({
    NextAction: "Check the caller",
    Errors: [{ NextAction: "Check the caller", ErrorType: "NoMatchingError" }],
  });
  expect(wired.content.StartAction).toBe("Log");
  const blocked = await call(wired.content, "match");
  expect(blocked.path.map(({ identifier }) => identifier).slice(0, 3)).toEqual(["Log", "Greet", "Check the caller"]);
  expect(await proveWiring(wired, checkModule)).toMatchObject({ blockedEndings: ["disconnected"] });
});

test("the blocks move right, and the inserted blocks stand in the gap", () => {
  const position = ({ content }: WiredFlow, name: string) => content.Metadata?.ActionMetadata[name]?.position;
  const wired = wire(support);
  expect(wired.inserted.map((name) => position(wired, name))).toEqual([100, 380, 660].map((x) => ({ x, y: 40 })));
  expect(position(wired, "Log")).toEqual({ x: 940, y: 40 });
  const later = wire(support, { after: "Greet" });
  expect(position(later, "Greet")).toEqual({ x: 400, y: 40 });
  expect(later.inserted.map((name) => position(later, name)?.x)).toEqual([680, 960, 1240]);
  expect(position(later, "Queue")?.x).toBeGreaterThan(1240 + 279);
});

test("the inserted blocks are written in the style of the text: minified, or indented", () => {
  for (const style of [undefined, 2, "\t"]) {
    const text = JSON.stringify(support, null, style);
    const wired = wire(text);
    expect(wired.text.split("\n").length === 1).toBe(style === undefined);
    expect(unwired(wired)).toEqual(withoutX(text));
    expect(JSON.stringify(JSON.parse(wired.text), null, style)).toBe(wired.text);
  }
});

test.each(policies)("the proof holds for %j", async (whenBlocked) => {
  const wired = wire(support, { whenBlocked });
  const proof = await proveWiring(wired, checkModule);
  const ending = {
    disconnect: "disconnected",
    message: "disconnected",
    queue: "queued in 77777777-2222-4333-8444-555555555555",
    flow: "transferred to 66666666-2222-4333-8444-555555555555",
  }[whenBlocked.action];
  expect(proof).toMatchObject({ blocks: 4, branches: 8, blockedEndings: [ending] });
});

describe("refused", () => {
  const refusal = (content: unknown, more?: { after?: string }): string => {
    try {
      wire(content, more);
    } catch (error) {
      if (error instanceof CannotWire) return error.message;
      throw error;
    }
    throw new Error("the flow was wired");
  };
  const queued = { action: "disconnect" } as const;

  test("a flow that checks the caller already, by this or by another module id", () => {
    const checked = inboundFlow({ moduleId, queueId: "queue-1", whenBlocked: queued });
    expect(refusal(checked)).toContain(
      'already invokes the module or uses the attribute blockedStatus (block "Check the caller"',
    );
    expect(refusal(wire(support).text)).toContain("already invokes the module");
    const renamed = {
      ...checked,
      Actions: checked.Actions.map((a) =>
        a.Type === "InvokeFlowModule" ? { ...a, Parameters: { FlowModuleId: "x" } } : a,
      ),
    };
    expect(refusal(renamed)).toContain('(block "Is the caller blocked?")');
  });

  test("a flow with a block that is not modelled, because it cannot be analysed completely", () => {
    const content = {
      ...support,
      Actions: support.Actions.map((a) => (a.Identifier === "Greet" ? { ...a, Type: "ShowView" } : a)),
    };
    expect(refusal(content)).toContain('the type ShowView is not modelled (block "Greet")');
  });

  test("a module, another type of flow, a legacy export and text that is not JSON", () => {
    expect(refusal(checkModule)).toContain("The content is a module");
    expect(refusal({ ...support, Metadata: { ...support.Metadata, type: "customerQueue" } })).toContain(
      "has the type customerQueue",
    );
    expect(refusal({ modules: [], version: "1" })).toContain("legacy export format");
    expect(refusal("<html>")).toContain("is not JSON");
    expect(refusal("[1]")).toContain("not a JSON object");
  });

  test("content that Connect refuses, with every problem", () => {
    const content = {
      ...support,
      StartAction: "None",
      Actions: [...support.Actions, block("End", "DisconnectParticipant", {})],
    };
    const message = refusal(content);
    expect(message).toContain('No action has the identifier "None"');
    expect(message).toContain("Identifiers must be unique");
  });

  test("a block that does not exist, that ends the call, or that has several branches", () => {
    expect(refusal(support, { after: "Grete" })).toContain('no block "Grete". Blocks: "Log", "Greet"');
    expect(refusal(support, { after: "End" })).toContain("has no next block");
  });

  test("a place after which a blocked caller still reaches a queue", () => {
    const around = {
      ...support,
      Actions: support.Actions.map((a) =>
        a.Identifier === "Greet" ? block("Greet", "MessageParticipant", { Text: "Hi" }, "End", "Queue") : a,
      ),
    };
    const message = refusal(around, { after: "Greet" });
    expect(message).toContain("not protected on all paths: a blocked caller reaches a queue");
    expect(message).toContain('"Greet" (NoMatchingError) → "Queue" (success) → "Transfer" (success)');
  });

  test("a place from which the result of another module is read, because the check replaces the result", () => {
    const reads = (ComparisonValue: string): Action => ({
      ...block("Tier", "Compare", { ComparisonValue }),
      Transitions: {
        NextAction: "Module",
        Conditions: [{ NextAction: "Queue", Condition: { Operator: "Equals", Operands: ["gold"] } }],
        Errors: [{ NextAction: "Module", ErrorType: "NoMatchingCondition" }],
      },
    });
    const loop = (value: string, start = "Greet"): FlowContent => ({
      ...support,
      StartAction: start,
      Actions: [
        ...support.Actions.filter(({ Identifier }) => !["Log", "Greet"].includes(Identifier)),
        block("Greet", "MessageParticipant", { Text: "Welcome" }, "Tier", "Tier"),
        reads(value),
        block("Module", "InvokeFlowModule", { FlowModuleId: "other" }, "Greet", "End"),
      ],
    });
    for (const value of ["$.Modules.ResultData.tier", "$.['Modules'].Result"]) {
      expect(refusal(loop(value), { after: "Greet" })).toContain(
        'The flow reads the result of a module ($.Modules) after the place of the check (block "Tier")',
      );
      expect(refusal(loop(value))).toContain("replaces this result");
      // The other module returns after the check and before the comparison.
      expect(wire(loop(value, "Module")).inserted).toHaveLength(3);
    }
    // A module does not change the caller's answer of a function.
    expect(wire(loop("$.External.tier"), { after: "Greet" }).inserted).toHaveLength(3);
  });

  test("a flow whose blocks exceed Connect's limit with the check", () => {
    const fillers = Array.from({ length: 244 }, (_, n) => block(`f${n}`, "DisconnectParticipant", {}));
    expect(refusal({ ...support, Actions: [...support.Actions, ...fillers] })).toContain("exceeds the maximum of 250");
  });
});

test("the proof fails if a block changes, if a branch bypasses the check, or if the match is not compared", async () => {
  const wired = wire(support);
  const changed = (change: (action: Action) => Action): WiredFlow => ({
    ...wired,
    content: { ...wired.content, Actions: wired.content.Actions.map(change) },
  });
  const replaced = (id: string, part: Partial<Action>) => changed((a) => (a.Identifier === id ? { ...a, ...part } : a));
  await expect(proveWiring(replaced("Greet", { Parameters: { Text: "Hello" } }), checkModule)).rejects.toThrow(
    "would change",
  );
  const lost = replaced("Is the caller blocked?", {
    Transitions: {
      NextAction: "Log",
      Errors: [{ NextAction: "Log", ErrorType: "NoMatchingCondition" }],
      Conditions: [{ NextAction: "Log", Condition: { Operator: "Equals", Operands: ["match"] } }],
    },
  });
  await expect(proveWiring(lost, checkModule)).rejects.toThrow("A blocked caller would reach: queued in queue-1");
  const failClosed = replaced("Check the caller", {
    Transitions: {
      NextAction: "Is the caller blocked?",
      Errors: [{ NextAction: "Hang up", ErrorType: "NoMatchingError" }],
    },
  });
  await expect(proveWiring(failClosed, checkModule)).rejects.toThrow("behave differently for a caller (module fails)");
});

test("every generated flow that is accepted keeps its text, and the proof holds for every caller", async () => {
  let [accepted, blockedPlays] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      generatedFlow,
      fc.constantFrom(...policies),
      fc.nat(20),
      async ({ text, identifiers }, whenBlocked, n) => {
        expect(validateContent(JSON.parse(text), "flow")).toEqual([]);
        const after = n > 10 ? identifiers[n % identifiers.length] : undefined;
        let wired: WiredFlow;
        try {
          wired = wire(text, { whenBlocked, ...(after === undefined ? {} : { after }) });
          blockedPlays += (await proveWiring(wired, checkModule)).blockedEndings.length;
        } catch (error) {
          expect(error).toBeInstanceOf(CannotWire);
          // At the start, every generated flow can be wired.
          expect(after).toBeDefined();
          return;
        }
        accepted++;
        expect(validateContent(wired.content, "flow")).toEqual([]);
        expect(unwired(wired)).toEqual(withoutX(text));
        // Every block but the one before the check stands in the new text as it was written.
        const blocks = locateJson(text).members?.get("Actions")?.items ?? [];
        const kept = blocks.filter((_, index) => identifiers[index] !== after);
        for (const { start, end } of kept) expect(wired.text).toContain(text.slice(start, end));
      },
    ),
    { numRuns: Number(process.env["RUNS"] ?? 200) },
  );
  expect(accepted).toBeGreaterThan(100);
  expect(blockedPlays).toBeGreaterThan(100);
}, 120_000);

test("a content with very deep nesting is refused, without a crash", () => {
  const deep = "[".repeat(60_000) + "]".repeat(60_000);
  const text = JSON.stringify(support).replace('"ActionMetadata":', `"deep":${deep},"ActionMetadata":`);
  expect(() => wireFlow({ text, moduleId, whenBlocked: disconnect, module: checkModule })).toThrow(
    new CannotWire(
      "The content is nested too deeply to be edited in place. Save the flow in the console and export it again.",
    ),
  );
});
