// Every small damage that Connect would refuse is refused at synth already: to our own flows, and to one of the blocks they lack.
import { blockedStatusModule } from "../../flows/blocked-status";
import { inboundFlow, type WhenBlocked } from "../../flows/inbound";
import type { ContentKind, FlowContent } from "../../flows/language/types";
import { validateContent } from "../../flows/language/validate";

/** Content that may be damaged in any way. */
interface Draft {
  [key: string]: unknown;
  Actions: DraftAction[];
}
interface DraftAction {
  [key: string]: unknown;
  Identifier: unknown;
  Type: string;
  Parameters: Record<string, unknown>;
  Transitions: {
    NextAction?: unknown;
    Errors?: { ErrorType: string; NextAction: unknown }[];
    Conditions?: { NextAction: unknown; Condition: { Operator: string; Operands: unknown[] } }[];
  };
}
type Damage = [name: string, damage: (draft: Draft) => unknown];

const whenBlocked: WhenBlocked[] = [
  { action: "disconnect" },
  { action: "message", message: { Text: "This number is blocked." } },
  { action: "message", message: { SSML: "<speak>This number is <emphasis>blocked</emphasis>.</speak>" } },
  { action: "queue", queueId: "22222222-2222-4333-8444-555555555555" },
  { action: "flow", flowId: "33333333-2222-4333-8444-555555555555" },
];
/** What the blocks that our flows do not use look like when the console exports them. */
const otherBlocks: FlowContent = {
  Version: "2019-10-30",
  StartAction: "log",
  Actions: [
    {
      Identifier: "log",
      Type: "UpdateFlowLoggingBehavior",
      Parameters: { FlowLoggingBehavior: "Enabled" },
      Transitions: { NextAction: "remember" },
    },
    {
      Identifier: "remember",
      Type: "UpdateFlowAttributes",
      Parameters: { FlowAttributes: { tries: { Value: "3" }, queue: { Value: "$.Queue.ARN", Type: "String" } } },
      Transitions: { NextAction: "three times", Errors: [{ ErrorType: "NoMatchingError", NextAction: "over" }] },
    },
    {
      Identifier: "three times",
      Type: "Loop",
      Parameters: { LoopCount: "$.FlowAttributes.tries" },
      Transitions: {
        NextAction: "over",
        Errors: [{ ErrorType: "NoMatchingError", NextAction: "over" }],
        Conditions: [
          { NextAction: "menu", Condition: { Operator: "Equals", Operands: ["ContinueLooping"] } },
          { NextAction: "over", Condition: { Operator: "Equals", Operands: ["DoneLooping"] } },
        ],
      },
    },
    {
      Identifier: "menu",
      Type: "InvokeFlowModule",
      Parameters: { FlowModuleId: "menu:$LATEST" },
      Transitions: {
        NextAction: "three times",
        Errors: [
          { ErrorType: "NoMatchingCondition", NextAction: "three times" },
          { ErrorType: "NoMatchingError", NextAction: "over" },
        ],
        Conditions: [{ NextAction: "over", Condition: { Operator: "Equals", Operands: ["goodbye"] } }],
      },
    },
    { Identifier: "over", Type: "EndFlowExecution", Parameters: {}, Transitions: {} },
  ],
};
const intact: [name: string, kind: ContentKind, content: FlowContent][] = [
  [
    "the module",
    "module",
    blockedStatusModule({
      functionArn: "arn:aws:lambda:us-east-1:111122223333:function:blockedCalls-acme:live",
      blockedDisposition: "Blocked",
      instanceName: "acme",
      flowTimeLimitSeconds: 3,
    }),
  ],
  ...whenBlocked.map((blocked): [string, ContentKind, FlowContent] => [
    `the inbound flow with ${JSON.stringify(blocked)}`,
    "flow",
    inboundFlow({ moduleId: "blockedStatus", queueId: "11111111-2222-4333-8444-555555555555", whenBlocked: blocked }),
  ]),
  ["a flow of the other blocks", "flow", otherBlocks],
];

const reserved = [
  "__proto__",
  "constructor",
  "__defineGetter__",
  "__defineSetter__",
  "toString",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
  "valueOf",
];

/** Gives an action another identifier everywhere it is named, so that only the identifier itself can be wrong. */
function rename(draft: Draft, index: number, identifier: string): Draft {
  const old = draft.Actions[index]?.Identifier;
  const visit = (at: unknown): unknown => {
    if (Array.isArray(at)) return at.map(visit);
    if (typeof at === "object" && at !== null)
      return Object.fromEntries(Object.entries(at).map(([k, v]) => [k, visit(v)]));
    return at === old ? identifier : at;
  };
  draft.Actions = draft.Actions.map((a) => ({
    ...a,
    Identifier: visit(a.Identifier),
    Transitions: visit(a.Transitions) as DraftAction["Transitions"],
  }));
  draft["StartAction"] = visit(draft["StartAction"]);
  return draft;
}

/** Each place in `Parameters`, however deep, that holds a text, with a way to put another one there. */
function texts(holder: Record<string, unknown>, path: string): [path: string, put: (text: unknown) => void][] {
  return Object.entries(holder).flatMap(([key, value]) =>
    typeof value === "object" && value !== null
      ? texts(value as Record<string, unknown>, `${path}.${key}`)
      : [[`${path}.${key}`, (text: unknown) => (holder[key] = text)] as [string, (text: unknown) => void]],
  );
}

function actionAt(draft: Draft, index: number): DraftAction {
  const action = draft.Actions.at(index);
  if (action === undefined) throw new Error(`there is no action ${index}`);
  return action;
}

function damages(original: Draft, kind: ContentKind): Damage[] {
  const envelope: Damage[] = [
    ...["Version", "StartAction", "Actions"].map((key): Damage => [`no ${key}`, (d) => Reflect.deleteProperty(d, key)]),
    ["another version", (d) => (d["Version"] = "2020-01-01")],
    ["a start that does not exist", (d) => (d["StartAction"] = "Nowhere")],
    kind === "module"
      ? ["no Settings", (d) => Reflect.deleteProperty(d, "Settings")]
      : ["Settings in a flow", (d) => (d["Settings"] = { InputParameters: [], OutputParameters: [], Transitions: [] })],
    [
      "251 actions",
      (d) => {
        while (d.Actions.length < 251) d.Actions.push({ ...actionAt(d, -1), Identifier: `more ${d.Actions.length}` });
      },
    ],
  ];
  const perAction = original.Actions.flatMap((action, n): Damage[] => {
    const at = (d: Draft) => actionAt(d, n);
    const name = (what: string) => `${String(action.Identifier)}: ${what}`;
    const terminal = Object.keys(action.Transitions).length === 0;
    const damage: Damage[] = [
      ["no identifier", (d) => Reflect.deleteProperty(at(d), "Identifier")],
      ["no type", (d) => Reflect.deleteProperty(at(d), "Type")],
      ["the identifier of another", (d) => rename(d, n, String(d.Actions[n === 0 ? 1 : 0]?.Identifier))],
      ["an identifier of 51 characters", (d) => rename(d, n, "x".repeat(51))],
      ["an empty identifier", (d) => rename(d, n, "")],
      ...Array.from("%:(\\/)=$,;[]{}", (c): Damage => [`${c} in the identifier`, (d) => rename(d, n, `a${c}b`)]),
      ...reserved.map((word): Damage => [`the identifier ${word}`, (d) => rename(d, n, word)]),
      ["an unknown parameter", (d) => (at(d).Parameters["Unknown"] = "x")],
      [
        "a type of the other kind",
        (d) => {
          const type = kind === "flow" ? "EndFlowModuleExecution" : "EndFlowExecution";
          d.Actions[n] = { ...at(d), Type: type, Parameters: {}, Transitions: {} };
        },
      ],
      ...Object.keys(action.Parameters)
        .filter(
          (key) =>
            !["InvocationType", "LambdaInvocationAttributes", "ResponseValidation", "TargetContact"].includes(key),
        )
        .map((key): Damage => [`no ${key}`, (d) => Reflect.deleteProperty(at(d).Parameters, key)]),
      ...texts(action.Parameters, "Parameters").map(([path], i): Damage => [
        `an empty ${path}`,
        (d) => texts(at(d).Parameters, "Parameters")[i]?.[1](""),
      ]),
    ];
    if (terminal) damage.push(["a way on", (d) => (at(d).Transitions.NextAction = d.Actions[0]?.Identifier)]);
    else {
      damage.push(
        ["no way on", (d) => Reflect.deleteProperty(at(d).Transitions, "NextAction")],
        ["a way to nowhere", (d) => (at(d).Transitions.NextAction = "Nowhere")],
        [
          "an error it does not have",
          (d) => (at(d).Transitions.Errors ??= []).push({ ErrorType: "Unknown", NextAction: d.Actions[0]?.Identifier }),
        ],
        ["no transitions", (d) => (at(d).Transitions = {})],
      );
    }
    (action.Transitions.Errors ?? []).forEach((error, e) => {
      // The errors of a prompt and of a loop are the ones that Connect does not demand.
      if (action.Type !== "MessageParticipant" && action.Type !== "Loop") {
        damage.push([`no ${error.ErrorType}`, (d) => at(d).Transitions.Errors?.splice(e, 1)]);
        damage.push([
          `${error.ErrorType} misspelt`,
          (d) => Object.assign(at(d).Transitions.Errors?.[e] ?? {}, { ErrorType: "NoMatch" }),
        ]);
      }
      damage.push([
        `${error.ErrorType} to nowhere`,
        (d) => Object.assign(at(d).Transitions.Errors?.[e] ?? {}, { NextAction: "Nowhere" }),
      ]);
    });
    const branch = (d: Draft) => (at(d).Transitions.Conditions ?? [])[0];
    switch (action.Type) {
      case "Compare":
        damage.push(
          ["no conditions", (d) => (at(d).Transitions.Conditions = [])],
          ["a condition to nowhere", (d) => Object.assign(branch(d) ?? {}, { NextAction: "Nowhere" })],
          ["an unknown operator", (d) => Object.assign(branch(d)?.Condition ?? {}, { Operator: "Contains" })],
          ["an empty operand", (d) => Object.assign(branch(d)?.Condition ?? {}, { Operands: [""] })],
          ["two operands", (d) => Object.assign(branch(d)?.Condition ?? {}, { Operands: ["a", "b"] })],
          ["no operand", (d) => Object.assign(branch(d)?.Condition ?? {}, { Operands: [] })],
          [
            "NoMatchingError",
            (d) =>
              at(d).Transitions.Errors?.push({
                ErrorType: "NoMatchingError",
                NextAction: at(d).Transitions.NextAction,
              }),
          ],
          ["a literal", (d) => (at(d).Parameters["ComparisonValue"] = "match")],
          ["a bare root", (d) => (at(d).Parameters["ComparisonValue"] = "$.External")],
        );
        break;
      case "Loop":
        damage.push(
          ["too many times", (d) => (at(d).Parameters["LoopCount"] = "101")],
          ["one condition", (d) => at(d).Transitions.Conditions?.pop()],
          ["another condition", (d) => Object.assign(branch(d)?.Condition ?? {}, { Operands: ["Looping"] })],
        );
        break;
      case "InvokeLambdaFunction":
        damage.push(
          ["no time", (d) => (at(d).Parameters["InvocationTimeLimitSeconds"] = "0")],
          ["too much time", (d) => (at(d).Parameters["InvocationTimeLimitSeconds"] = "9")],
          ["an unknown invocation type", (d) => (at(d).Parameters["InvocationType"] = "Event")],
          ["an unknown response type", (d) => (at(d).Parameters["ResponseValidation"] = { ResponseType: "MAP" })],
          [
            "a condition",
            (d) =>
              (at(d).Transitions.Conditions = [
                { NextAction: d["StartAction"], Condition: { Operator: "Equals", Operands: ["a"] } },
              ]),
          ],
        );
        break;
      case "UpdateContactAttributes":
        damage.push(
          ["an unknown contact", (d) => (at(d).Parameters["TargetContact"] = "Other")],
          ["a number for an attribute", (d) => (at(d).Parameters["Attributes"] = { blockedStatus: 1 })],
          ["a dot in an attribute's name", (d) => (at(d).Parameters["Attributes"] = { "blocked.status": "a" })],
        );
        break;
      case "MessageParticipant":
        damage.push(
          ["text and SSML", (d) => Object.assign(at(d).Parameters, { Text: "a", SSML: "<speak>a</speak>" })],
          ["6001 characters", (d) => (at(d).Parameters = { Text: "x".repeat(6001) })],
        );
        break;
      case "UpdateContactTargetQueue":
        damage.push(["a queue and an agent", (d) => (at(d).Parameters["AgentId"] = "a")]);
        break;
    }
    return damage.map(([what, apply]): Damage => [name(what), apply]);
  });
  return [...envelope, ...perAction];
}

test.each(intact)("every damage to %s is caught", (_, kind, content) => {
  expect(validateContent(content, kind)).toEqual([]);
  const survivors = damages(structuredClone(content) as unknown as Draft, kind).filter(([, damage]) => {
    const draft = structuredClone(content) as unknown as Draft;
    damage(draft);
    expect(draft).not.toEqual(content);
    return validateContent(draft, kind).length === 0;
  });
  expect(survivors.map(([name]) => name)).toEqual([]);
});

test("the damages are many, so that catching all of them means something", () => {
  const count = intact.reduce(
    (sum, [, kind, content]) => sum + damages(structuredClone(content) as unknown as Draft, kind).length,
    0,
  );
  expect(count).toBeGreaterThan(1000);
});
