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
/** What is done to the content, and what Connect would say of it; the path where the message itself does not name the place. */
type Damage = [name: string, damage: (draft: Draft) => unknown, message: string, path?: string];

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

const invalid = (path: string) => `Invalid Action property value. Path: ${path}`;
const missing = (path: string) => `Action is missing required property. Path: ${path}`;
/** What is said of an action without any of the parameters of which it needs one, by its type. */
const noneOf: Readonly<Record<string, string>> = {
  MessageParticipant: "At least one of [Text, SSML, PromptId, Media, LexInitializationData] must be set",
  UpdateContactTargetQueue: "At least one of [QueueId, AgentId] must be set",
};

function damages(original: Draft, kind: ContentKind): Damage[] {
  const noField = (name: string) => `JSON field is missing or null for field name: ${name}`;
  const envelope: Damage[] = [
    ["no Version", (d) => Reflect.deleteProperty(d, "Version"), noField("version")],
    ["no StartAction", (d) => Reflect.deleteProperty(d, "StartAction"), noField("startAction")],
    ["no Actions", (d) => Reflect.deleteProperty(d, "Actions"), noField("actions")],
    ["another version", (d) => (d["Version"] = "2020-01-01"), "Invalid flow language version. Path: Version"],
    ["a start that does not exist", (d) => (d["StartAction"] = "Nowhere"), "Invalid value. Path: StartAction"],
    kind === "module"
      ? ["no Settings", (d) => Reflect.deleteProperty(d, "Settings"), noField("settings")]
      : [
          "Settings in a flow",
          (d) => (d["Settings"] = { InputParameters: [], OutputParameters: [], Transitions: [] }),
          "Invalid property name. Path: Settings",
        ],
    [
      "251 actions",
      (d) => {
        while (d.Actions.length < 251) d.Actions.push({ ...actionAt(d, -1), Identifier: `more ${d.Actions.length}` });
      },
      "Number of actions exceeds the maximum of 250",
    ],
  ];
  const perAction = original.Actions.flatMap((action, n): Damage[] => {
    const at = (d: Draft) => actionAt(d, n);
    const here = `Actions[${n}]`;
    const { Type: type } = action;
    const name = (what: string) => `${String(action.Identifier)}: ${what}`;
    const terminal = Object.keys(action.Transitions).length === 0;
    const identifier = (what: string, id: string): Damage => [
      what,
      (d) => rename(d, n, id),
      invalid(`${here}.Identifier`),
    ];
    const noError = (error: string) => `Action is missing required error. Error: ${error}, Path: ${here}`;
    const strangeError = (error: string) => `Invalid Action error. Error: ${error}, Path: ${here}`;
    const damage: Damage[] = [
      ["no identifier", (d) => Reflect.deleteProperty(at(d), "Identifier"), missing(`${here}.Identifier`)],
      ["no type", (d) => Reflect.deleteProperty(at(d), "Type"), missing(`${here}.Type`)],
      [
        "the identifier of another",
        (d) => rename(d, n, String(d.Actions[n === 0 ? 1 : 0]?.Identifier)),
        // The later of the two is the one too many.
        invalid(`Actions[${n === 0 ? 1 : n}].Identifier`),
      ],
      identifier("an identifier of 51 characters", "x".repeat(51)),
      identifier("an empty identifier", ""),
      ...Array.from("%:(\\/)=$,;[]{}", (c) => identifier(`${c} in the identifier`, `a${c}b`)),
      ...reserved.map((word) => identifier(`the identifier ${word}`, word)),
      [
        "an unknown parameter",
        (d) => (at(d).Parameters["Unknown"] = "x"),
        `Invalid Action property name. Path: ${here}.Parameters.Unknown`,
      ],
      [
        "a type of the other kind",
        (d) => {
          const other = kind === "flow" ? "EndFlowModuleExecution" : "EndFlowExecution";
          d.Actions[n] = { ...at(d), Type: other, Parameters: {}, Transitions: {} };
        },
        "Invalid Action type",
        `${here}.Type`,
      ],
      ...Object.keys(action.Parameters)
        .filter(
          (key) =>
            !["InvocationType", "LambdaInvocationAttributes", "ResponseValidation", "TargetContact"].includes(key),
        )
        .map((key): Damage => {
          const remove = (d: Draft) => Reflect.deleteProperty(at(d).Parameters, key);
          const none = noneOf[type];
          return none === undefined
            ? [`no ${key}`, remove, missing(`${here}.Parameters.${key}`)]
            : [`no ${key}`, remove, none, `${here}.Parameters`];
        }),
      ...texts(action.Parameters, "Parameters").map(([path], i): Damage => {
        const empty = (d: Draft) => texts(at(d).Parameters, "Parameters")[i]?.[1]("");
        const none = noneOf[type];
        if (none !== undefined) return [`an empty ${path}`, empty, none, `${here}.Parameters`];
        const message =
          type === "UpdateContactAttributes" ? "Empty value in Parameters.Attributes" : invalid(`${n}.Parameter`);
        return [`an empty ${path}`, empty, message, `${here}.${path}`];
      }),
    ];
    const ways = `${here}.Transitions`;
    if (terminal) {
      damage.push([
        "a way on",
        (d) => (at(d).Transitions.NextAction = d.Actions[0]?.Identifier),
        `Action does not support transitions. Path: ${ways}`,
      ]);
    } else {
      damage.push(
        ["no way on", (d) => Reflect.deleteProperty(at(d).Transitions, "NextAction"), missing(`${ways}.NextAction`)],
        ["a way to nowhere", (d) => (at(d).Transitions.NextAction = "Nowhere"), invalid(`${ways}.NextAction`)],
        [
          "an error it does not have",
          (d) => (at(d).Transitions.Errors ??= []).push({ ErrorType: "Unknown", NextAction: d.Actions[0]?.Identifier }),
          strangeError("Unknown"),
        ],
        ["no transitions", (d) => (at(d).Transitions = {}), missing(`${ways}.NextAction`)],
      );
    }
    (action.Transitions.Errors ?? []).forEach(({ ErrorType: error }, e) => {
      // The errors of a prompt and of a loop are the ones that Connect does not demand.
      if (type !== "MessageParticipant" && type !== "Loop") {
        const misspell = (d: Draft) => Object.assign(at(d).Transitions.Errors?.[e] ?? {}, { ErrorType: "NoMatch" });
        damage.push(
          [`no ${error}`, (d) => at(d).Transitions.Errors?.splice(e, 1), noError(error)],
          [`${error} misspelt, so missing`, misspell, noError(error)],
          [`${error} misspelt`, misspell, strangeError("NoMatch")],
        );
      }
      damage.push([
        `${error} to nowhere`,
        (d) => Object.assign(at(d).Transitions.Errors?.[e] ?? {}, { NextAction: "Nowhere" }),
        invalid(`${ways}.Errors[${e}].NextAction`),
      ]);
    });
    const branch = (d: Draft) => (at(d).Transitions.Conditions ?? [])[0];
    /** Gives the first condition another operator or other operands. */
    const condition = (what: string, change: object, message: string): Damage => [
      what,
      (d) => Object.assign(branch(d)?.Condition ?? {}, change),
      message,
    ];
    /** Gives a parameter another value, which is refused for itself. */
    const parameter = (what: string, key: string, value: unknown): Damage => [
      what,
      (d) => (at(d).Parameters[key] = value),
      invalid(`${here}.Parameters.${key}`),
    ];
    switch (type) {
      case "Compare": {
        const first = `${ways}.Conditions[0]`;
        damage.push(
          ["no conditions", (d) => (at(d).Transitions.Conditions = []), invalid(`${ways}.Conditions`)],
          [
            "a condition to nowhere",
            (d) => Object.assign(branch(d) ?? {}, { NextAction: "Nowhere" }),
            invalid(`${first}.NextAction`),
          ],
          condition("an unknown operator", { Operator: "Contains" }, invalid(`${first}.Condition.Operator`)),
          condition("an empty operand", { Operands: [""] }, `Invalid branch. Path: ${n}.Evaluate`),
          condition("two operands", { Operands: ["a", "b"] }, invalid(`${first}.Condition.Operands`)),
          condition("no operand", { Operands: [] }, invalid(`${first}.Condition.Operands`)),
          [
            "NoMatchingError",
            (d) =>
              at(d).Transitions.Errors?.push({
                ErrorType: "NoMatchingError",
                NextAction: at(d).Transitions.NextAction,
              }),
            strangeError("NoMatchingError"),
          ],
          parameter("a literal", "ComparisonValue", "match"),
          parameter("a bare root", "ComparisonValue", "$.External"),
        );
        break;
      }
      case "Loop":
        damage.push(
          parameter("too many times", "LoopCount", "101"),
          ["one condition", (d) => at(d).Transitions.Conditions?.pop(), invalid(`${ways}.Conditions`)],
          condition("another condition", { Operands: ["Looping"] }, invalid(`${ways}.Conditions`)),
        );
        break;
      case "InvokeLambdaFunction":
        damage.push(
          parameter("no time", "InvocationTimeLimitSeconds", "0"),
          parameter("too much time", "InvocationTimeLimitSeconds", "9"),
          parameter("an unknown invocation type", "InvocationType", "Event"),
          parameter("an unknown response type", "ResponseValidation", { ResponseType: "MAP" }),
          [
            "a condition",
            (d) =>
              (at(d).Transitions.Conditions = [
                { NextAction: d["StartAction"], Condition: { Operator: "Equals", Operands: ["a"] } },
              ]),
            "Action does not support conditions",
            `${ways}.Conditions`,
          ],
        );
        break;
      case "UpdateContactAttributes":
        damage.push(
          parameter("an unknown contact", "TargetContact", "Other"),
          parameter("a number for an attribute", "Attributes", { blockedStatus: 1 }),
          parameter("a dot in an attribute's name", "Attributes", { "blocked.status": "a" }),
        );
        break;
      case "MessageParticipant":
        damage.push(
          [
            "text and SSML",
            (d) => Object.assign(at(d).Parameters, { Text: "a", SSML: "<speak>a</speak>" }),
            "Only one of these properties may be defined. Properties: [Text, SSML]",
            `${here}.Parameters`,
          ],
          [
            "6001 characters",
            (d) => (at(d).Parameters = { Text: "x".repeat(6001) }),
            invalid(`${here}.Parameters.Text`),
          ],
        );
        break;
      case "UpdateContactTargetQueue":
        damage.push([
          "a queue and an agent",
          (d) => (at(d).Parameters["AgentId"] = "a"),
          "Only one of these properties may be defined. Properties: [QueueId, AgentId]",
          `${here}.Parameters`,
        ]);
        break;
    }
    return damage.map(([what, ...rest]): Damage => [name(what), ...rest]);
  });
  return [...envelope, ...perAction];
}

test.each(intact)("every damage to %s is told in Connect's words, with its place", (_, kind, content) => {
  expect(validateContent(content, kind)).toEqual([]);
  const survivors = damages(structuredClone(content) as unknown as Draft, kind).flatMap(
    ([name, damage, message, path]) => {
      const draft = structuredClone(content) as unknown as Draft;
      damage(draft);
      expect(draft).not.toEqual(content);
      const problems = validateContent(draft, kind);
      const told = problems.some((problem) => problem.message === message && (path ?? problem.path) === problem.path);
      return told ? [] : [{ name, expected: [message, path], problems }];
    },
  );
  expect(survivors).toEqual([]);
});

test("the damages are many, so that catching all of them means something", () => {
  const count = intact.reduce(
    (sum, [, kind, content]) => sum + damages(structuredClone(content) as unknown as Draft, kind).length,
    0,
  );
  expect(count).toBeGreaterThan(1000);
});
