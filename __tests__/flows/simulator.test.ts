// Semantics of the simulator: branches, modules, references, limits and endings.
import fc from "fast-check";
import type { JsonValue } from "../../flows/language/json";
import type { Action, FlowContent, Transitions } from "../../flows/language/types";
import { simulate, type Simulation, type SimulationResult } from "../../flows/simulator";
import { inboundCall } from "./inbound-call";

const contact = inboundCall({ tier: "gold" });
const arn = "arn:aws:lambda:us-east-1:111122223333:function:any:live";

function action(id: string, type: string, parameters: Record<string, JsonValue>, transitions: Transitions): Action {
  return { Identifier: id, Type: type, Parameters: parameters, Transitions: transitions };
}
const onError = (next: string, type = "NoMatchingError") => ({ NextAction: next, ErrorType: type });
const when = (operator: string, operand: string, next: string) => ({
  NextAction: next,
  Condition: { Operator: operator, Operands: [operand] },
});
const hangUp = action("hang up", "DisconnectParticipant", {}, {});
const returnBlock = action("return", "EndFlowModuleExecution", {}, {});

function set(id: string, attributes: Record<string, string>, next: string, failed = next) {
  const parameters = { Attributes: attributes, TargetContact: "Current" };
  return action(id, "UpdateContactAttributes", parameters, { NextAction: next, Errors: [onError(failed)] });
}
function call(id: string, next: string, failed = next, more: Record<string, JsonValue> = {}) {
  const parameters = { LambdaFunctionARN: arn, InvocationTimeLimitSeconds: "8", ...more };
  return action(id, "InvokeLambdaFunction", parameters, { NextAction: next, Errors: [onError(failed)] });
}
function compare(id: string, value: string, conditions: ReturnType<typeof when>[], otherwise: string) {
  return action(
    id,
    "Compare",
    { ComparisonValue: value },
    { NextAction: otherwise, Errors: [onError(otherwise, "NoMatchingCondition")], Conditions: conditions },
  );
}
function flow(...actions: Action[]): FlowContent {
  return { Version: "2019-10-30", StartAction: actions[0]?.Identifier ?? "", Actions: actions };
}
function module_(...actions: Action[]): FlowContent {
  return { ...flow(...actions), Settings: { InputParameters: [], OutputParameters: [], Transitions: [] } };
}
function run(content: FlowContent, more: Partial<Simulation> = {}): Promise<SimulationResult> {
  return simulate({ content, kind: "flow", contact, invokeLambda: () => ({}), ...more });
}
const ids = (result: SimulationResult) => result.path.map((step) => step.identifier);

test("the path names each action and the branch that it took", async () => {
  const content = flow(
    set("a", { seen: "yes" }, "b"),
    compare("b", "$.Attributes.tier", [when("Equals", "silver", "hang up"), when("Equals", "gold", "c")], "hang up"),
    call("c", "hang up"),
    hangUp,
  );
  const result = await run(content, { invokeLambda: () => Promise.reject(new Error("boom")) });
  expect(result).toEqual({
    path: [
      { identifier: "a", type: "UpdateContactAttributes", branch: "success", within: [] },
      { identifier: "b", type: "Compare", branch: "Equals gold", within: [] },
      { identifier: "c", type: "InvokeLambdaFunction", branch: "NoMatchingError", within: [], detail: "boom" },
      { identifier: "hang up", type: "DisconnectParticipant", branch: "end", within: [] },
    ],
    attributes: { tier: "gold", seen: "yes" },
    ending: { kind: "disconnected" },
  });
});

test("content that Connect would refuse is not simulated, and the error lists every problem", async () => {
  const content = { ...flow(call("a", "nowhere", "nowhere too")), StartAction: "b" };
  await expect(run(content)).rejects.toThrow(
    /StartAction[^]*Actions\[0\]\.Transitions\.NextAction[^]*Actions\[0\]\.Transitions\.Errors\[0\]\.NextAction/,
  );
});

test.each([
  ["Equals", "10", "10", true],
  ["Equals", "Gold", "gold", false],
  ["TextStartsWith", "+1555", "+1", true],
  ["TextEndsWith", "+1555", "555", true],
  ["TextContains", "a:b:c", ":b:", true],
  ["TextContains", "a:b:c", ":B:", false],
  ["NumberGreaterThan", "10", "9", true],
  ["NumberGreaterThan", "9", "9", false],
  ["NumberGreaterOrEqualTo", "9", "9", true],
  ["NumberLessThan", "9", "10", true],
  ["NumberLessThan", "10", "9", false],
  ["NumberLessThan", "9", "9", false],
  ["NumberLessOrEqualTo", "9", "9", true],
  ["NumberLessThan", "", "10", false],
  ["NumberGreaterThan", "many", "1", false],
])("%s of %j and %j is %s", async (operator, value, operand, holds) => {
  const content = flow(
    compare("c", "$.Attributes.v", [when(operator, operand, "yes")], "no"),
    { ...hangUp, Identifier: "yes" },
    { ...hangUp, Identifier: "no" },
  );
  const result = await run(content, { contact: { ...contact, Attributes: { v: value } } });
  expect(ids(result)).toEqual(["c", holds ? "yes" : "no"]);
});

test("KeyExists is true only for an object that has the key", async () => {
  const content = flow(
    call("ask", "c", "c", { ResponseValidation: { ResponseType: "JSON" } }),
    compare("c", "$.External.a", [when("KeyExists", "b", "yes")], "no"),
    { ...hangUp, Identifier: "yes" },
    { ...hangUp, Identifier: "no" },
  );
  const ends = async (a: JsonValue) => ids(await run(content, { invokeLambda: () => ({ a }) })).at(-1);
  expect([await ends({ b: "1" }), await ends({ c: "1" }), await ends("b")]).toEqual(["yes", "no", "no"]);
});

test("a response may have at most 32 kB", async () => {
  const empty = JSON.stringify({ a: "" }).length;
  const branch = async (bytes: number) => {
    const content = flow(call("ask", "hang up"), hangUp);
    return (await run(content, { invokeLambda: () => ({ a: "x".repeat(bytes - empty) }) })).path[0]?.branch;
  };
  expect([await branch(32_768), await branch(32_769)]).toEqual(["success", "NoMatchingError"]);
});

test("a comparison with an unset reference takes NoMatchingCondition", async () => {
  const content = flow(
    compare("c", "$.Attributes.toString", [when("TextContains", "f", "return to queue")], "hang up"),
    { ...hangUp, Identifier: "return to queue" },
    hangUp,
  );
  expect((await run(content)).path[0]?.branch).toBe("NoMatchingCondition");
});

test("each Lambda replaces the earlier response, even if it fails", async () => {
  const answers: unknown[] = [{ one: "1" }, { two: "2" }, "not JSON"];
  const content = flow(
    call("first", "second"),
    call("second", "note"),
    set("note", { one: "[$.External.one]", two: "[$.LambdaInvocation.ResultData.two]" }, "third"),
    call("third", "note again"),
    set("note again", { after: "[$.External.two]" }, "hang up"),
    hangUp,
  );
  const result = await run(content, { invokeLambda: () => answers.shift() });
  expect(result.attributes).toEqual({ tier: "gold", one: "[]", two: "[2]", after: "[]" });
});

test("the flow does not wait for an asynchronous Lambda and gets no response", async () => {
  const content = flow(
    call("ask", "note", "hang up", { InvocationType: "ASYNCHRONOUS" }),
    set("note", { answer: "[$.External.a]" }, "hang up"),
    hangUp,
  );
  const result = await run(content, { invokeLambda: () => new Promise(() => undefined) });
  expect(result.attributes["answer"]).toBe("[]");
});

test("an asynchronous Lambda has 60 seconds and does not count as a consecutive Lambda", async () => {
  const limits: number[] = [];
  const content = flow(
    call("ask", "again", "hang up", { InvocationType: "ASYNCHRONOUS", InvocationTimeLimitSeconds: "60" }),
    call("again", "hang up"),
    hangUp,
  );
  await run(content, { invokeLambda: (_arn, _event, timeLimitMs) => limits.push(timeLimitMs) });
  expect(limits).toEqual([60_000, 8_000]);
});

test("a reference can read nested values of a JSON response", async () => {
  const content = flow(
    call("ask", "note", "hang up", { ResponseValidation: { ResponseType: "JSON" } }),
    set("note", { answer: "$.External.customer.['first name'] of $.External.customer.points" }, "hang up"),
    hangUp,
  );
  const result = await run(content, { invokeLambda: () => ({ customer: { "first name": "Ann", points: 3 } }) });
  expect(result.attributes["answer"]).toBe("Ann of 3");
});

test("the event contains resolved parameters and omits unset references", async () => {
  const invokeLambda = jest.fn<unknown, Parameters<Simulation["invokeLambda"]>>(() => ({}));
  const attributes = { tier: "$.Attributes.tier", number: "tel $.CustomerEndpoint.Address", none: "$.Attributes.none" };
  const content = flow(call("ask", "hang up", "hang up", { LambdaInvocationAttributes: attributes }), hangUp);
  await run(content, { invokeLambda });
  expect(invokeLambda.mock.calls[0]?.[1].Details.Parameters).toEqual({ tier: "gold", number: "tel +15555550100" });
});

test("contact attributes outlive a module; flow attributes and Lambda responses do not", async () => {
  const inner = module_(
    action(
      "flow attribute",
      "UpdateFlowAttributes",
      { FlowAttributes: { f: { Value: "inner" } } },
      { NextAction: "see", Errors: [onError("see")] },
    ),
    set("see", { sawCaller: "[$.External.a]", kept: "$.Attributes.tier" }, "ask"),
    call("ask", "return"),
    returnBlock,
  );
  const content = flow(
    action(
      "flow attribute",
      "UpdateFlowAttributes",
      { FlowAttributes: { f: { Value: "outer" } } },
      { NextAction: "ask", Errors: [onError("ask")] },
    ),
    call("ask", "module"),
    action("module", "InvokeFlowModule", { FlowModuleId: "m-1" }, { NextAction: "note", Errors: [onError("hang up")] }),
    set("note", { a: "$.External.a", f: "$.FlowAttributes.f" }, "hang up"),
    hangUp,
  );
  let calls = 0;
  const invokeLambda = () => ({ a: ++calls === 1 ? "outer" : "inner" });
  const result = await run(content, { modules: { "m-1": inner }, invokeLambda });
  expect(result.attributes).toEqual({ tier: "gold", sawCaller: "[]", kept: "gold", a: "outer", f: "outer" });
  expect(result.path.filter((step) => step.within.length > 0).map((step) => step.identifier)).toEqual([
    "flow attribute",
    "see",
    "ask",
    "return",
  ]);
  expect(result.ending).toEqual({ kind: "disconnected" });
});

test("invoking a module that does not exist takes the error branch", async () => {
  const content = flow(
    action(
      "module",
      "InvokeFlowModule",
      { FlowModuleId: "toString" },
      { NextAction: "x", Errors: [onError("hang up")] },
    ),
    { ...hangUp, Identifier: "x" },
    hangUp,
  );
  expect(ids(await run(content))).toEqual(["module", "hang up"]);
});

test("a module that disconnects ends the contact", async () => {
  const content = flow(
    action("module", "InvokeFlowModule", { FlowModuleId: "m" }, { NextAction: "x", Errors: [onError("x")] }),
    { ...hangUp, Identifier: "x" },
  );
  const result = await run(content, { modules: { m: module_(hangUp) } });
  expect(ids(result)).toEqual(["module", "hang up"]);
  expect(result.ending).toEqual({ kind: "disconnected" });
});

test("a module receives input and returns a branch and data", async () => {
  const back = { Result: "busy", ResultData: { who: "$.Modules.Input.who" } };
  const content = flow(
    action(
      "module",
      "InvokeFlowModule",
      { FlowModuleId: "m", Input: { who: "$.Attributes.tier" } },
      {
        NextAction: "hang up",
        Errors: [onError("hang up"), onError("hang up", "NoMatchingCondition")],
        Conditions: [when("Equals", "busy", "note")],
      },
    ),
    set("note", { result: "$.Modules.Result", who: "$.Modules.ResultData.who" }, "hang up"),
    hangUp,
  );
  const result = await run(content, { modules: { m: module_(action("back", "EndFlowModuleExecution", back, {})) } });
  expect(result.attributes).toMatchObject({ result: "busy", who: "gold" });
});

test("modules can be nested at most five levels deep", async () => {
  const invoke = (id: string) =>
    action("invoke", "InvokeFlowModule", { FlowModuleId: id }, { NextAction: "return", Errors: [onError("return")] });
  const result = await run(module_(invoke("m"), returnBlock), {
    kind: "module",
    modules: { m: module_(invoke("m"), returnBlock) },
  });
  expect(Math.max(...result.path.map((step) => step.within.length))).toBe(5);
});

test("all attributes are written or none, up to 32 768 bytes", async () => {
  const content = flow(set("big", { a: "x", b: "é".repeat(16_384) }, "hang up"), hangUp);
  const result = await run(content);
  expect(result.path[0]?.branch).toBe("NoMatchingError");
  expect(result.attributes).toEqual({ tier: "gold" });

  const fits = await run(flow(set("big", { b: "x".repeat(32_768 - "tiergoldb".length) }, "hang up"), hangUp));
  expect(fits.path[0]?.branch).toBe("success");
});

test("failWrite receives the action identifier and the number of the write", async () => {
  const asked: [string, number][] = [];
  const content = flow(set("a", { x: "1" }, "b"), set("b", { y: "1" }, "hang up"), hangUp);
  const failWrite = (id: string, nth: number) => asked.push([id, nth]) === 1;
  const result = await run(content, { failWrite });
  expect(asked).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  expect(result.attributes).toEqual({ tier: "gold", y: "1" });
});

test("a loop runs all its iterations each time the flow enters the loop", async () => {
  const content = flow(
    action(
      "loop",
      "Loop",
      { LoopCount: "2" },
      {
        NextAction: "hang up",
        Conditions: [when("Equals", "ContinueLooping", "note"), when("Equals", "DoneLooping", "once more")],
      },
    ),
    set("note", { n: "$.Attributes.n|" }, "loop"),
    compare("once more", "$.Attributes.n", [when("Equals", "||||", "hang up")], "loop"),
    hangUp,
  );
  expect((await run(content)).attributes["n"]).toBe("||||");
});

test.each(["three", "-1", "1.5", "101", ""])("a loop with the count %j takes its error branch", async (n) => {
  const content = flow(
    action(
      "loop",
      "Loop",
      { LoopCount: "$.Attributes.times" },
      {
        NextAction: "done",
        Errors: [onError("hang up")],
        Conditions: [when("Equals", "ContinueLooping", "done"), when("Equals", "DoneLooping", "done")],
      },
    ),
    hangUp,
    { ...hangUp, Identifier: "done" },
  );
  const result = await run(content, { contact: { ...contact, Attributes: { times: n } } });
  expect(ids(result)).toEqual(["loop", "hang up"]);
  expect(ids(await run(content, { contact: { ...contact, Attributes: { times: "100" } } }))).toEqual(["loop", "done"]);
});

test("an endless loop is stopped", async () => {
  const content = flow(set("a", { x: "1" }, "b"), set("b", { x: "1" }, "a"));
  expect((await run(content)).ending).toEqual({ kind: "stuck", reason: "no end within 10000 actions" });
});

test("an endless loop around a Lambda that never responds is stopped after one minute", async () => {
  jest.useFakeTimers();
  try {
    const say = action("say", "MessageParticipant", { Text: "One moment" }, { NextAction: "a" });
    const invokeLambda = jest.fn(() => new Promise(() => undefined));
    const result = run(flow(call("a", "say"), say), { invokeLambda });
    await jest.advanceTimersByTimeAsync(70_000);
    expect((await result).ending).toEqual({ kind: "stuck", reason: "no end within 60000 ms of Lambda time" });
    expect(invokeLambda).toHaveBeenCalledTimes(8);
  } finally {
    jest.useRealTimers();
  }
});

test("the contact waits in the queue that was set, and Lambda events contain the queue", async () => {
  const invokeLambda = jest.fn<unknown, Parameters<Simulation["invokeLambda"]>>(() => ({}));
  const content = flow(
    action(
      "set queue",
      "UpdateContactTargetQueue",
      { QueueId: "queue-1" },
      { NextAction: "ask", Errors: [onError("hang up")] },
    ),
    call("ask", "to queue"),
    action(
      "to queue",
      "TransferContactToQueue",
      {},
      { NextAction: "hang up", Errors: [onError("hang up", "QueueAtCapacity"), onError("hang up")] },
    ),
    hangUp,
  );
  expect((await run(content, { invokeLambda })).ending).toEqual({ kind: "queued", queue: "queue-1" });
  expect(invokeLambda.mock.calls[0]?.[1].Details.ContactData.Queue).toEqual({ ARN: "queue-1", Name: "queue-1" });

  const full = await run(content, { failAction: (id) => (id === "to queue" ? "QueueAtCapacity" : undefined) });
  expect(full.path.at(-2)).toMatchObject({ identifier: "to queue", branch: "QueueAtCapacity" });
  expect(full.ending).toEqual({ kind: "disconnected" });

  const unset = await run({ ...content, StartAction: "to queue" });
  expect(unset.path[0]?.branch).toBe("NoMatchingError");
});

test("a transfer to another flow ends the flow", async () => {
  const content = flow(
    action(
      "go",
      "TransferToFlow",
      { ContactFlowId: "flow-1" },
      { NextAction: "hang up", Errors: [onError("hang up")] },
    ),
    hangUp,
  );
  expect((await run(content)).ending).toEqual({ kind: "transferred", flow: "flow-1" });
});

test("a chat contact receives text but not SSML", async () => {
  const say = (parameters: Record<string, JsonValue>) =>
    flow(
      action("say", "MessageParticipant", parameters, { NextAction: "hang up", Errors: [onError("hang up")] }),
      hangUp,
    );
  const chat = { contact: { ...contact, Channel: "CHAT" as const, CustomerEndpoint: null } };
  expect((await run(say({ SSML: "<speak>Bye</speak>" }), chat)).path[0]?.branch).toBe("NoMatchingError");
  expect((await run(say({ SSML: "<speak>Bye</speak>" }))).path[0]).toMatchObject({
    branch: "success",
    detail: "<speak>Bye</speak>",
  });
  expect((await run(say({ Text: "Bye $.Attributes.tier" }), chat)).path[0]).toMatchObject({
    branch: "success",
    detail: "Bye gold",
  });
});

test("a failing prompt without an error branch takes its success branch", async () => {
  const content = flow(
    action("say", "MessageParticipant", { SSML: "<speak>Bye</speak>" }, { NextAction: "hang up" }),
    hangUp,
  );
  const result = await run(content, { contact: { ...contact, Channel: "CHAT", CustomerEndpoint: null } });
  expect(result.path[0]?.branch).toBe("NoMatchingError");
  expect(result.ending).toEqual({ kind: "disconnected" });
});

test("a module result without a condition takes NoMatchingCondition", async () => {
  const content = flow(
    action(
      "module",
      "InvokeFlowModule",
      { FlowModuleId: "m" },
      {
        NextAction: "other",
        Errors: [onError("other"), onError("hang up", "NoMatchingCondition")],
        Conditions: [when("Equals", "busy", "other")],
      },
    ),
    hangUp,
    { ...hangUp, Identifier: "other" },
  );
  const result = await run(content, { modules: { m: module_(returnBlock) } });
  expect(ids(result)).toEqual(["module", "return", "hang up"]);
  expect(result.path[0]?.branch).toBe("NoMatchingCondition");
});

test("an error without a branch ends the simulation as stuck", async () => {
  const content = flow(set("a", { x: "1" }, "hang up"), hangUp);
  const result = await run(content, { failAction: (id) => (id === "a" ? "SomethingElse" : undefined) });
  expect(result.ending).toEqual({ kind: "stuck", reason: "the last action has no branch for its result" });
});

test("a reference reads only own properties of the contact data", async () => {
  const content = flow(
    set(
      "a",
      { length: "[$.Attributes.tier.length]", proto: "[$.Attributes.constructor]", endpoint: "[$.Queue.Name]" },
      "hang up",
    ),
    hangUp,
  );
  expect((await run(content)).attributes).toMatchObject({ length: "[]", proto: "[]", endpoint: "[]" });
});

test("references in nested parameters are resolved", async () => {
  const invokeLambda = jest.fn<unknown, Parameters<Simulation["invokeLambda"]>>(() => ({}));
  const nested = { a: { tier: "$.Attributes.tier", list: ["$.Channel", 1], none: "$.Attributes.none" }, flag: true };
  await run(flow(call("ask", "hang up", "hang up", { LambdaInvocationAttributes: nested }), hangUp), { invokeLambda });
  expect(invokeLambda.mock.calls[0]?.[1].Details.Parameters).toEqual({
    a: { tier: "gold", list: ["VOICE", 1] },
    flag: true,
  });
});

test("an action of an unmodelled type takes its success branch with a note", async () => {
  const content = flow(
    { Identifier: "x", Type: "ShowView", Transitions: { NextAction: "hang up" } },
    {
      Identifier: "hang up",
      Type: "DisconnectParticipant",
    },
  );
  const result = await run(content);
  expect(result.path[0]?.detail).toBe("ShowView is not simulated");
  expect(result.ending).toEqual({ kind: "disconnected" });
});

test("an action that depends on the caller takes the chosen branch", async () => {
  const menu = action(
    "menu",
    "GetParticipantInput",
    { Text: "Press 1" },
    { NextAction: "hang up", Errors: [onError("hang up")], Conditions: [when("Equals", "1", "agent")] },
  );
  const content = flow(menu, action("agent", "TransferContactToAgent", {}, {}), hangUp);
  const offered: string[][] = [];
  const result = await run(content, {
    chooseBranch: (_identifier, branches) => {
      offered.push([...branches]);
      return "Equals 1";
    },
  });
  expect(offered).toEqual([["success", "NoMatchingError", "Equals 1"]]);
  expect(result.ending).toEqual({ kind: "agent" });
  expect((await run(content)).ending).toEqual({ kind: "disconnected" });
});

test.each([
  ["False", { kind: "third party", phoneNumber: "+15555550101" }],
  ["True", { kind: "disconnected" }],
])(
  "the flow continues after an external transfer only if ContinueFlowExecution is True (%s)",
  async (resume, ending) => {
    const parameters = { ThirdPartyPhoneNumber: "+15555550101", ContinueFlowExecution: resume };
    const transfer = action("call", "TransferParticipantToThirdParty", parameters, { NextAction: "hang up" });
    expect((await run(flow(transfer, hangUp))).ending).toEqual(ending);
  },
);

test("a transfer between queues uses the queue in its parameters", async () => {
  const errors = [onError("hang up", "QueueAtCapacity"), onError("hang up")];
  const move = (parameters: Record<string, JsonValue>) =>
    flow(
      action("move", "DequeueContactAndTransferToQueue", parameters, { NextAction: "hang up", Errors: errors }),
      hangUp,
    );
  expect((await run(move({ QueueId: "queue-2" }))).ending).toEqual({ kind: "queued", queue: "queue-2" });
  expect((await run(move({}))).ending).toEqual({ kind: "disconnected" });
});

test("a module can return the value of a reference as data", async () => {
  const back = action("back", "EndFlowModuleExecution", { ResultData: "$.External.customer" }, {});
  const inner = module_(call("ask", "back", "back", { ResponseValidation: { ResponseType: "JSON" } }), back);
  const content = flow(
    action("module", "InvokeFlowModule", { FlowModuleId: "m" }, { NextAction: "note", Errors: [onError("hang up")] }),
    set("note", { "name_$.Attributes.tier": "$.Modules.ResultData.name" }, "hang up"),
    hangUp,
  );
  const result = await run(content, { modules: { m: inner }, invokeLambda: () => ({ customer: { name: "Ann" } }) });
  expect(result.attributes).toMatchObject({ name_gold: "Ann" });
});

test("consecutive Lambdas share 20 seconds until a prompt resets the time", async () => {
  const clock = jest.spyOn(performance, "now");
  let now = 0;
  clock.mockImplementation(() => now);
  const limits: number[] = [];
  const invokeLambda: Simulation["invokeLambda"] = (_, __, limit) => {
    limits.push(limit);
    now += limit;
    return {};
  };
  const content = flow(
    call("a", "b"),
    call("b", "c"),
    call("c", "d"),
    call("d", "say"),
    action("say", "MessageParticipant", { Text: "One moment" }, { NextAction: "e" }),
    call("e", "hang up"),
    hangUp,
  );
  const result = await run(content, { invokeLambda });
  clock.mockRestore();
  expect(limits).toEqual([8000, 8000, 4000, 8000]);
  expect(result.path[3]?.branch).toBe("NoMatchingError");
});

test("text without a reference is written unchanged", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((t) => !t.includes("$.") && !t.includes("$["));
  await fc.assert(
    fc.asyncProperty(text, async (t) => {
      const result = await run(flow(set("a", { x: t }, "hang up"), hangUp));
      expect(result.attributes["x"]).toBe(t);
    }),
  );
});

test("the simulation of accepted content always ends, for any contact and Lambda response", async () => {
  const id = fc.constantFrom("0", "1", "2", "3", "4", "5", "6", "7");
  const value = fc.constantFrom("gold", "", "3", "$.External.a", "$.Attributes.a", "__proto__");
  const error = (next: string) => [onError(next), onError(next, "NoMatchingCondition")];
  const block = fc
    .record({ next: id, other: id, value: value.filter((v) => v !== ""), type: fc.nat({ max: 11 }) })
    .map(({ next, other, value, type }): ((identifier: string) => Action) => {
      const to = { NextAction: next, Errors: [onError(other)] };
      const branches = [when("Equals", "ContinueLooping", other), when("Equals", "DoneLooping", next)];
      return (it) =>
        [
          hangUp,
          set(it, { a: value }, next, other),
          call(it, next, other, {
            LambdaInvocationAttributes: { a: value },
            ResponseValidation: { ResponseType: "JSON" },
          }),
          compare(it, "$.External.a", [when("Equals", value, other)], next),
          action(it, "MessageParticipant", { SSML: value }, { NextAction: next }),
          action(it, "UpdateFlowAttributes", { FlowAttributes: { a: { Value: value } } }, to),
          action(it, "Loop", { LoopCount: "$.Attributes.a" }, { ...to, Conditions: branches }),
          action(
            it,
            "InvokeFlowModule",
            { FlowModuleId: "self" },
            { NextAction: next, Errors: error(other), Conditions: [when("Equals", value, other)] },
          ),
          action(it, "ShowView", {}, { NextAction: next }),
          action(it, "GetParticipantInput", { Text: "Press 1" }, { ...to, Conditions: [when("Equals", value, other)] }),
          action(it, "Wait", {}, { Errors: [onError(other)], Conditions: [when("Equals", "WaitCompleted", next)] }),
          action(it, "TransferParticipantToThirdParty", { ThirdPartyPhoneNumber: value }, { NextAction: next }),
        ].map((block) => ({ ...block, Identifier: it }))[type] ?? hangUp;
    });
  await fc.assert(
    fc.asyncProperty(
      fc.array(block, { minLength: 8, maxLength: 8 }),
      fc.dictionary(fc.constantFrom("a", "b"), value),
      fc.array(fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom("a", "b"), value)), { minLength: 1 }),
      fc.boolean(),
      fc.nat({ max: 2 }),
      async (blocks, attributes, answers, fails, choice) => {
        const content = flow(...blocks.map((make, n) => make(String(n))));
        let calls = 0;
        const result = await run(content, {
          contact: { ...contact, Attributes: attributes },
          modules: { self: module_(...content.Actions) },
          chooseBranch: (_identifier, branches) => branches[choice],
          invokeLambda: () => {
            calls += 1;
            if (fails && calls % 3 === 0) throw new Error("boom");
            return answers[calls % answers.length];
          },
        });
        expect(["disconnected", "stuck", "third party"]).toContain(result.ending.kind);
        expect(result.path.length).toBeLessThanOrEqual(10_000);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
