// Coverage analysis: each verdict with its path, and agreement with the simulator over generated flows.
import fc from "fast-check";
import { blockedStatusModule } from "../../../flows/blocked-status";
import {
  analyzeCoverage,
  type Coverage,
  type CoverageProps,
  type ResolvedModule,
} from "../../../flows/coverage/analyze";
import { confirmCoverage } from "../../../flows/coverage/confirm";
import { inboundFlow, type WhenBlocked } from "../../../flows/inbound";
import type { JsonValue } from "../../../flows/language/json";
import type { Action, FlowContent, Transitions } from "../../../flows/language/types";
import { validateContent } from "../../../flows/language/validate";

const checkModule = blockedStatusModule({
  functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
  blockedDisposition: "Blocked",
  instanceName: "acme",
  flowTimeLimitSeconds: 3,
});

function action(id: string, type: string, parameters: Record<string, JsonValue>, transitions: Transitions): Action {
  return { Identifier: id, Type: type, Parameters: parameters, Transitions: transitions };
}
const onError = (next: string, type = "NoMatchingError") => ({ NextAction: next, ErrorType: type });
const equals = (operand: string, next: string) => ({
  NextAction: next,
  Condition: { Operator: "Equals", Operands: [operand] },
});
const block = {
  check: (id: string, next: string, other = next) =>
    action(id, "InvokeFlowModule", { FlowModuleId: "check" }, { NextAction: next, Errors: [onError(other)] }),
  compare: (id: string, match: string, other: string) =>
    action(
      id,
      "Compare",
      { ComparisonValue: "$.Attributes.blockedStatus" },
      { NextAction: other, Errors: [onError(other, "NoMatchingCondition")], Conditions: [equals("match", match)] },
    ),
  setStatus: (id: string, value: string, next: string, other = next) =>
    action(
      id,
      "UpdateContactAttributes",
      { Attributes: { blockedStatus: value } },
      { NextAction: next, Errors: [onError(other)] },
    ),
  say: (id: string, next: string) => action(id, "MessageParticipant", { Text: "Hello" }, { NextAction: next }),
  menu: (id: string, next: string, nextAfterOne: string) =>
    action(
      id,
      "GetParticipantInput",
      { Text: "Press 1" },
      { NextAction: next, Errors: [onError(next)], Conditions: [equals("1", nextAfterOne)] },
    ),
  setQueue: (id: string, next: string, other = next, queue = "queue-1") =>
    action(id, "UpdateContactTargetQueue", { QueueId: queue }, { NextAction: next, Errors: [onError(other)] }),
  toQueue: (id: string, other: string) =>
    action(
      id,
      "TransferContactToQueue",
      {},
      { NextAction: other, Errors: [onError(other, "QueueAtCapacity"), onError(other)] },
    ),
  moveQueue: (id: string, other: string) =>
    action(
      id,
      "DequeueContactAndTransferToQueue",
      { QueueId: "queue-2" },
      { NextAction: other, Errors: [onError(other, "QueueAtCapacity"), onError(other)] },
    ),
  toFlow: (id: string, flow: string, other: string) =>
    action(id, "TransferToFlow", { ContactFlowId: flow }, { NextAction: other, Errors: [onError(other)] }),
  module: (id: string, module: string, next: string, other = next) =>
    action(id, "InvokeFlowModule", { FlowModuleId: module }, { NextAction: next, Errors: [onError(other)] }),
  loop: (id: string, again: string, done: string, count = "1") =>
    action(
      id,
      "Loop",
      { LoopCount: count },
      { NextAction: done, Conditions: [equals("ContinueLooping", again), equals("DoneLooping", done)] },
    ),
  callback: (id: string, next: string, other = next) =>
    action(
      id,
      "CreateCallbackContact",
      { InitialCallDelaySeconds: "5", MaximumConnectionAttempts: "1", RetryDelaySeconds: "600" },
      { NextAction: next, Errors: [onError(other)] },
    ),
  external: (id: string, next: string, resume: string) =>
    action(
      id,
      "TransferParticipantToThirdParty",
      { ThirdPartyPhoneNumber: "+15555550101", ContinueFlowExecution: resume },
      { NextAction: next, Errors: [onError(next, "CallFailed")] },
    ),
  queueFlow: (id: string, flow: string, next: string) =>
    action(
      id,
      "UpdateContactEventHooks",
      { EventHooks: { CustomerQueue: flow } },
      { NextAction: next, Errors: [onError(next)] },
    ),
  agent: (id: string) => action(id, "TransferContactToAgent", {}, {}),
  view: (id: string, next: string) => action(id, "ShowView", {}, { NextAction: next }),
  route: (id: string, next: string) => action(id, "RouteContactToAgent", {}, { NextAction: next }),
  choose: (id: string, next: string, nextIfYes: string) =>
    action(
      id,
      "Compare",
      { ComparisonValue: "$.Attributes.customer" },
      { NextAction: next, Errors: [onError(next, "NoMatchingCondition")], Conditions: [equals("yes", nextIfYes)] },
    ),
  hangUp: (id = "end") => action(id, "DisconnectParticipant", {}, {}),
  giveBack: (id: string) => action(id, "EndFlowModuleExecution", {}, {}),
};
function flow(...actions: Action[]): FlowContent {
  return { Version: "2019-10-30", StartAction: actions[0]?.Identifier ?? "", Actions: actions };
}
function module_(...actions: Action[]): FlowContent {
  return { ...flow(...actions), Settings: { InputParameters: [], OutputParameters: [], Transitions: [] } };
}
interface World {
  readonly flows?: Readonly<Record<string, FlowContent>>;
  readonly modules?: Readonly<Record<string, FlowContent>>;
}
const propsOf = (
  content: FlowContent,
  { flows = {}, modules = {} }: World,
  blockedTargets: string[],
): CoverageProps => ({
  name: "main",
  content,
  world: {
    flows: new Map(Object.entries(flows).map(([id, one]) => [id, { content: one }])),
    modules: new Map<string, ResolvedModule>([
      ["check", { check: checkModule }],
      ["gone", { absent: true as const }],
      ...Object.entries(modules).map(([id, one]) => [id, { content: one }] as const),
    ]),
  },
  blockedTargets,
});
/** The verdict without the pictures. */
const analyze = (content: FlowContent, world: World = {}, blockedTargets: string[] = []): Omit<Coverage, "flows"> => {
  expect(validateContent(content, "flow")).toEqual([]);
  const { flows, ...coverage } = analyzeCoverage(propsOf(content, world, blockedTargets));
  expect(flows[0]?.content).toBe(content);
  return coverage;
};
const blocks = (coverage: Omit<Coverage, "flows">) => coverage.path?.map((step) => step.block);
/** Checks the caller, then continues at `next`. */
const checked = (next: string) => [block.check("check", "compare", next), block.compare("compare", "end", next)];
const queued = [block.setQueue("set", "to", "end"), block.toQueue("to", "end"), block.hangUp()];

test.each<[string, WhenBlocked, string[]]>([
  ["disconnects", { action: "disconnect" }, []],
  ["plays a message", { action: "message", message: { Text: "Goodbye" } }, []],
  ["uses a separate queue", { action: "queue", queueId: "queue-2" }, ["queue-2"]],
  ["uses a separate flow", { action: "flow", flowId: "flow-2" }, ["flow-2"]],
])("our inbound flow is protected when it %s", (_, whenBlocked, targets) => {
  const content = inboundFlow({ moduleId: "check", queueId: "queue-1", whenBlocked });
  expect(analyze(content, {}, targets)).toEqual({ verdict: "protected" });
  // Without the configuration, the separate queue or flow is like any other.
  expect(analyze(content).verdict).toBe(
    { disconnect: "protected", message: "protected", queue: "answer ignored", flow: "answer ignored" }[
      whenBlocked.action
    ],
  );
});

test("a flow that never invokes the module is not checked", () => {
  const coverage = analyze(flow(...queued));
  expect(coverage).toMatchObject({ verdict: "not checked", reason: "a blocked caller reaches a queue" });
  expect(coverage.path).toEqual([
    { flow: "main", block: "set", branch: "success" },
    { flow: "main", block: "to", branch: "success" },
  ]);
});

test("an answer that is not compared is ignored", () => {
  const coverage = analyze(flow(block.check("check", "set"), ...queued));
  expect(coverage.verdict).toBe("answer ignored");
  expect(blocks(coverage)).toEqual(["check", "set", "to"]);
});

test.each([
  ["a comparison with another value", block.compare("compare", "set", "end")],
  ["a comparison whose match branch leads to the queue", block.compare("compare", "set", "set")],
])("%s ignores the answer", (_, compare) => {
  expect(analyze(flow(block.check("check", "compare"), compare, ...queued)).verdict).toBe("answer ignored");
});

test("an answer that is overwritten before the comparison protects only if the write fails", () => {
  const content = flow(
    block.check("check", "reset"),
    block.setStatus("reset", "nomatch", "compare"),
    block.compare("compare", "end", "set"),
    ...queued,
  );
  const coverage = analyze(content);
  expect(coverage.verdict).toBe("protected on some paths");
  expect(coverage.path?.[1]).toEqual({ flow: "main", block: "reset", branch: "success" });
});

test.each([
  ["a callback", [block.callback("first", "check")]],
  ["an external number", [block.external("first", "check", "True")]],
  ["a queue that is full", [block.setQueue("before", "first"), block.toQueue("first", "check")]],
])("a check after %s is too late", (_, before) => {
  const coverage = analyze(flow(...before, ...checked("set"), ...queued));
  expect(coverage.verdict).toBe("checked too late");
  expect(coverage.reason).toBe('the module is invoked only after the block "first"');
});

test("a check in the customer queue flow is too late", () => {
  const content = flow(block.queueFlow("hook", "waiting", "set"), ...queued);
  const waiting = flow(...checked("end"), block.hangUp());
  const coverage = analyze(content, { flows: { waiting } });
  expect(coverage.verdict).toBe("checked too late");
  expect(coverage.path?.at(-1)).toEqual({ flow: "waiting", block: "check", branch: "success" });
});

test("a menu option around the check is protected on some paths", () => {
  const content = flow(block.menu("menu", "check", "agent"), ...checked("set"), block.agent("agent"), ...queued);
  const coverage = analyze(content);
  expect(coverage).toMatchObject({ verdict: "protected on some paths", reason: "a blocked caller reaches an agent" });
  expect(coverage.path).toEqual([
    { flow: "main", block: "menu", branch: "Equals 1" },
    { flow: "main", block: "agent", branch: "end" },
  ]);
});

test("the analysis follows transfers and nested modules", () => {
  const gate = module_(...checked("back"), block.giveBack("back"), block.hangUp());
  const second = flow(...queued);
  const content = flow(block.module("gate", "gate", "go", "end"), block.toFlow("go", "second", "end"), block.hangUp());
  expect(analyze(content, { flows: { second }, modules: { gate } }).verdict).toBe("protected");

  const late = flow(block.toFlow("go", "second", "end"), block.hangUp());
  const coverage = analyze(late, { flows: { second } });
  expect(coverage.verdict).toBe("not checked");
  expect(coverage.path?.map((step) => step.flow)).toEqual(["main", "second", "second"]);
});

test("a module that fails before it checks leaves a path around the check", () => {
  const gate = module_(...checked("back"), block.giveBack("back"), block.hangUp());
  const content = flow(block.module("gate", "gate", "set"), ...queued);
  const coverage = analyze(content, { modules: { gate } });
  expect(coverage.verdict).toBe("protected on some paths");
  expect(coverage.path?.[0]).toEqual({ flow: "main", block: "gate", branch: "NoMatchingError" });
});

test.each<[string, Action, string]>([
  [
    "a flow that is chosen at run time",
    block.toFlow("go", "$.Attributes.flow", "end"),
    "the flow is chosen at run time",
  ],
  ["a flow that is not found", block.toFlow("go", "other", "end"), "the flow other was not found"],
  [
    "a module that is chosen at run time",
    block.module("go", "$.Attributes.module", "end"),
    "the module is chosen at run time",
  ],
  ["a module that is not found", block.module("go", "other", "end"), "the module other was not found"],
  ["a block that is not modelled", block.route("go", "end"), "the block type RouteContactToAgent is not modelled"],
])("%s is unknown", (_, go, reason) => {
  const coverage = analyze(flow(go, block.hangUp()));
  expect(coverage).toMatchObject({ verdict: "unknown", reason });
  expect(blocks(coverage)).toEqual(["go"]);
});

test("a check in the second iteration of a loop is too late for the first iteration", () => {
  const content = flow(
    block.loop("loop", "ring", "check", "2"),
    block.callback("ring", "loop"),
    ...checked("set"),
    ...queued,
  );
  expect(analyze(content).verdict).toBe("checked too late");
});

describe("a flow with opening hours, a menu, staffing and a callback", () => {
  /** Blocks after the entry, in the shape of console exports; `entry` starts the flow and leads to `hours`. */
  const officeFlow = (...entry: Action[]) =>
    flow(
      action("log", "UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, { NextAction: "voice" }),
      action("voice", "UpdateContactTextToSpeechVoice", { TextToSpeechVoice: "Joanna" }, { NextAction: "record" }),
      action(
        "record",
        "UpdateContactRecordingBehavior",
        { RecordingBehavior: { RecordedParticipants: ["Agent", "Customer"] } },
        { NextAction: entry[0]?.Identifier ?? "hours" },
      ),
      ...entry,
      action(
        "hours",
        "CheckHoursOfOperation",
        { HoursOfOperationId: "hours-1" },
        { NextAction: "end", Errors: [onError("end")], Conditions: [equals("True", "menu"), equals("False", "end")] },
      ),
      block.menu("menu", "end", "set"),
      block.setQueue("set", "staff", "end"),
      action(
        "staff",
        "CheckMetricData",
        { MetricType: "NumberOfAgentsAvailable" },
        {
          NextAction: "number",
          Errors: [onError("number"), onError("number", "NoMatchingCondition")],
          Conditions: [{ NextAction: "to", Condition: { Operator: "NumberGreaterThan", Operands: ["0"] } }],
        },
      ),
      block.toQueue("to", "number"),
      action(
        "number",
        "UpdateContactCallbackNumber",
        { CallbackNumber: "$.CustomerEndpoint.Address" },
        {
          NextAction: "ring",
          Errors: [onError("end", "InvalidCallbackNumber"), onError("end", "CallbackNumberNotDialable")],
        },
      ),
      block.callback("ring", "end"),
      block.hangUp(),
    );

  test("is not checked without the module", () => {
    const coverage = analyze(officeFlow());
    expect(coverage.verdict).toBe("not checked");
    expect(blocks(coverage)).toEqual(["log", "voice", "record", "hours", "menu", "set", "staff", "to"]);
  });

  test("is protected if the module comes first", () => {
    expect(analyze(officeFlow(...checked("hours")))).toEqual({ verdict: "protected" });
  });
});

test("the analysis ends for flows that transfer to each other in a circle", () => {
  const first = flow(block.toFlow("go", "second", "end"), block.hangUp());
  const second = flow(block.toFlow("go", "first", "end"), block.hangUp());
  expect(analyze(first, { flows: { first, second } }).verdict).toBe("protected");
});

test.each([
  ["removed check", (id: string) => id !== "check"],
  ["removed comparison", (id: string) => id !== "compare"],
])("a %s of our inbound flow is found", (_, keep) => {
  const actions = [...checked("set"), ...queued].filter((one) => keep(one.Identifier));
  const bypassed = JSON.parse(
    JSON.stringify(flow(...actions))
      .replaceAll('"NextAction":"check"', '"NextAction":"set"')
      .replaceAll('"NextAction":"compare"', '"NextAction":"set"'),
  ) as FlowContent;
  expect(analyze(flow(...checked("set"), ...queued)).verdict).toBe("protected");
  expect(["not checked", "answer ignored"]).toContain(analyze(bypassed).verdict);
});

test("every redirected branch that leads around the check or the comparison is found", () => {
  const intact = flow(block.say("hello", "check"), ...checked("set"), ...queued);
  expect(analyze(intact).verdict).toBe("protected");
  const redirected = intact.Actions.flatMap(({ Identifier, Transitions }) => {
    const targets = JSON.stringify(Transitions ?? {}).match(/"NextAction":"[^"]+"/g) ?? [];
    return targets.map((_, n) => [Identifier, n] as const);
  }).map(([id, n]) => {
    let seen = 0;
    const change = (original: Action): Action =>
      original.Identifier !== id
        ? original
        : (JSON.parse(
            JSON.stringify(original).replace(/"NextAction":"[^"]+"/g, (text) =>
              seen++ === n ? '"NextAction":"set"' : text,
            ),
          ) as Action);
    return [`${id} ${n}`, analyze(flow(...intact.Actions.map(change))).verdict] as const;
  });
  // The other branches are taken only by callers who are not blocked, or after the call ended.
  expect(redirected.filter(([, verdict]) => verdict !== "protected").map(([name]) => name)).toEqual([
    "hello 0",
    "check 0",
    "compare 2",
  ]);
});

// Generated flows.

const builders: readonly ((id: string, next: string, other: string, end: () => Action) => Action)[] = [
  (id, next, other) => block.check(id, next, other),
  (id, next, other) => block.compare(id, next, other),
  (id, next, other) => block.compare(id, next, other),
  (id, next, other) => block.menu(id, next, other),
  (id, next, other) => block.setQueue(id, next, other),
  (id, _, other) => block.toQueue(id, other),
  (id, _, other) => block.moveQueue(id, other),
  (id, _, other) => block.moveQueue(id, other),
  (id, next, other) => block.loop(id, next, other),
  (id, next, other) => block.module(id, "m", next, other),
  (id, _, other) => block.toFlow(id, "f", other),
  (id, next, other) => block.setStatus(id, "nomatch", next, other),
  (id, next, other) => block.setStatus(id, "match", next, other),
  (id, next, other) => block.callback(id, next, other),
  (id, next) => block.external(id, next, "True"),
  (id, next) => block.external(id, next, "False"),
  (id, next) => block.say(id, next),
  (id) => block.agent(id),
  (id, next) => block.view(id, next),
  (id, next) => block.route(id, next),
  (id, next, other) => block.choose(id, next, other),
  (id, next, other) => block.choose(id, next, other),
  (id, next, other) => block.loop(id, next, other, "3"),
  (id, next, other) => block.loop(id, next, other, "$.Attributes.count"),
  (id, next, other) => block.setStatus(id, "$.Attributes.other", next, other),
  (id, next, other) => block.setQueue(id, next, other, "$.Attributes.queue"),
  (id, next) => block.module(id, "gone", next),
  (id, next, other) => block.queueFlow(id, "f", next === id ? other : next),
  (_id, _next, _other, end) => end(),
  (_id, _next, _other, end) => end(),
];

/** Generates a number from 0 to `count - 1` with equal probability. fast-check itself prefers small numbers. */
const uniform = (count: number) => fc.noBias(fc.nat({ max: count - 1 }));

/** Content with blocks named `<prefix>0` to `<prefix>5`. Many start with a check and a comparison. */
const content = (prefix: string): fc.Arbitrary<readonly Action[]> => {
  const ids = Array.from({ length: 6 }, (_, n) => `${prefix}${n}`);
  const part = fc.record({ type: uniform(builders.length), next: uniform(6), other: uniform(6) });
  return fc.tuple(fc.array(part, { minLength: 6, maxLength: 6 }), uniform(8)).map(([parts, kind]) =>
    parts.map(({ type, next, other }, n) => {
      const id = ids[n] ?? "";
      const [to, or] = [ids[next] ?? id, ids[other] ?? id];
      const end = () => (prefix === "m" ? block.giveBack(id) : block.hangUp(id));
      if (kind === 0 && n === 0) return block.check(id, ids[1] ?? id, or);
      if (kind === 0 && n === 1) return block.compare(id, ids[5] ?? id, or);
      // A menu with a path around the check.
      if (kind === 1 && n === 0) return block.menu(id, ids[1] ?? id, ids[3] ?? id);
      if (kind === 1 && n === 1) return block.check(id, ids[2] ?? id, or);
      if (kind === 1 && n === 2) return block.compare(id, ids[5] ?? id, or);
      if (kind === 1 && n === 3) return block.moveQueue(id, to);
      // A check without a comparison, and a check after a callback.
      if (kind === 2 && n === 0) return block.check(id, ids[1] ?? id, or);
      if (kind === 2 && n === 1) return block.moveQueue(id, or);
      if (kind === 3 && n === 0) return block.callback(id, ids[1] ?? id, or);
      if (kind === 3 && n === 1) return block.check(id, ids[5] ?? id, or);
      if (kind === 4 && n === 0) return block.route(id, to);
      if (n === 5) return end();
      return builders[type]?.(id, to, or, end) ?? end();
    }),
  );
};

test("the simulator confirms every verdict over generated flows", async () => {
  const verdicts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(content("a"), content("f"), content("m"), async (a, f, m) => {
      const main = flow(...a);
      const world = { flows: { f: flow(...f) }, modules: { m: module_(...m) } };
      expect(validateContent(main, "flow")).toEqual([]);
      const props = propsOf(main, world, []);
      const coverage = analyzeCoverage(props);
      verdicts.set(coverage.verdict, (verdicts.get(coverage.verdict) ?? 0) + 1);
      expect(await confirmCoverage(props, coverage)).toMatchObject({ agrees: true });
    }),
    { numRuns: Number(process.env["RUNS"] ?? 300) },
  );
  expect([...verdicts.keys()].sort()).toEqual(
    ["answer ignored", "checked too late", "not checked", "protected", "protected on some paths", "unknown"].sort(),
  );
}, 120_000);
