// Mutates our flows and a flow with other blocks. The validator must refuse every mutation that Connect refuses.
import { blockedStatusModule } from "../../flows/blocked-status";
import { inboundFlow, type WhenBlocked } from "../../flows/inbound";
import type { ContentKind, FlowContent } from "../../flows/language/types";
import { validateContent } from "../../flows/language/validate";

/** Content that may be invalid. */
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
/** A change, the message of Connect, and the path if the message does not contain it. */
type Mutation = [name: string, mutate: (draft: Draft) => unknown, message: string, path?: string];

const whenBlocked: WhenBlocked[] = [
  { action: "disconnect" },
  { action: "message", message: { Text: "This number is blocked." } },
  { action: "message", message: { SSML: "<speak>This number is <emphasis>blocked</emphasis>.</speak>" } },
  { action: "queue", queueId: "22222222-2222-4333-8444-555555555555" },
  { action: "flow", flowId: "33333333-2222-4333-8444-555555555555" },
];
/** Blocks that our flows do not use, in the form of a console export. */
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

/** Renames an action in all transitions, so that only the new identifier can be invalid. */
function rename(draft: Draft, index: number, identifier: string): Draft {
  const old = draft.Actions[index]?.Identifier;
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit);
    if (typeof value === "object" && value !== null)
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, visit(v)]));
    return value === old ? identifier : value;
  };
  draft.Actions = draft.Actions.map((a) => ({
    ...a,
    Identifier: visit(a.Identifier),
    Transitions: visit(a.Transitions) as DraftAction["Transitions"],
  }));
  draft["StartAction"] = visit(draft["StartAction"]);
  return draft;
}

/** Returns the path of each text in `Parameters`, at any depth, with a setter. */
function texts(holder: Record<string, unknown>, path: string): [path: string, set: (text: unknown) => void][] {
  return Object.entries(holder).flatMap(([key, value]) =>
    typeof value === "object" && value !== null
      ? texts(value as Record<string, unknown>, `${path}.${key}`)
      : [[`${path}.${key}`, (text: unknown) => (holder[key] = text)] as [string, (text: unknown) => void]],
  );
}

function actionAt(draft: Draft, index: number): DraftAction {
  const action = draft.Actions.at(index);
  if (action === undefined) throw new Error(`action ${index} does not exist`);
  return action;
}

const invalid = (path: string) => `Invalid Action property value. Path: ${path}`;
const missing = (path: string) => `Action is missing required property. Path: ${path}`;
/** Message for an action without any of its alternative parameters, by type. */
const noAlternative: Readonly<Record<string, string>> = {
  MessageParticipant: "At least one of [Text, SSML, PromptId, Media, LexInitializationData] must be set",
  UpdateContactTargetQueue: "At least one of [QueueId, AgentId] must be set",
};

function mutations(original: Draft, kind: ContentKind): Mutation[] {
  const noField = (name: string) => `JSON field is missing or null for field name: ${name}`;
  const envelope: Mutation[] = [
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
  const perAction = original.Actions.flatMap((action, n): Mutation[] => {
    const at = (d: Draft) => actionAt(d, n);
    const here = `Actions[${n}]`;
    const { Type: type } = action;
    const name = (what: string) => `${String(action.Identifier)}: ${what}`;
    const terminal = Object.keys(action.Transitions).length === 0;
    const identifier = (what: string, id: string): Mutation => [
      what,
      (d) => rename(d, n, id),
      invalid(`${here}.Identifier`),
    ];
    const noError = (error: string) => `Action is missing required error. Error: ${error}, Path: ${here}`;
    const invalidError = (error: string) => `Invalid Action error. Error: ${error}, Path: ${here}`;
    const list: Mutation[] = [
      ["no identifier", (d) => Reflect.deleteProperty(at(d), "Identifier"), missing(`${here}.Identifier`)],
      ["no type", (d) => Reflect.deleteProperty(at(d), "Type"), missing(`${here}.Type`)],
      [
        "the identifier of another",
        (d) => rename(d, n, String(d.Actions[n === 0 ? 1 : 0]?.Identifier)),
        // The second of the two is reported.
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
        .map((key): Mutation => {
          const remove = (d: Draft) => Reflect.deleteProperty(at(d).Parameters, key);
          const none = noAlternative[type];
          return none === undefined
            ? [`no ${key}`, remove, missing(`${here}.Parameters.${key}`)]
            : [`no ${key}`, remove, none, `${here}.Parameters`];
        }),
      ...texts(action.Parameters, "Parameters").map(([path], i): Mutation => {
        const empty = (d: Draft) => texts(at(d).Parameters, "Parameters")[i]?.[1]("");
        const none = noAlternative[type];
        if (none !== undefined) return [`an empty ${path}`, empty, none, `${here}.Parameters`];
        const message =
          type === "UpdateContactAttributes" ? "Empty value in Parameters.Attributes" : invalid(`${n}.Parameter`);
        return [`an empty ${path}`, empty, message, `${here}.${path}`];
      }),
    ];
    const transitions = `${here}.Transitions`;
    if (terminal) {
      list.push([
        "a next action",
        (d) => (at(d).Transitions.NextAction = d.Actions[0]?.Identifier),
        `Action does not support transitions. Path: ${transitions}`,
      ]);
    } else {
      list.push(
        [
          "no next action",
          (d) => Reflect.deleteProperty(at(d).Transitions, "NextAction"),
          missing(`${transitions}.NextAction`),
        ],
        [
          "a next action that does not exist",
          (d) => (at(d).Transitions.NextAction = "Nowhere"),
          invalid(`${transitions}.NextAction`),
        ],
        [
          "an unsupported error",
          (d) => (at(d).Transitions.Errors ??= []).push({ ErrorType: "Unknown", NextAction: d.Actions[0]?.Identifier }),
          invalidError("Unknown"),
        ],
        ["no transitions", (d) => (at(d).Transitions = {}), missing(`${transitions}.NextAction`)],
      );
    }
    (action.Transitions.Errors ?? []).forEach(({ ErrorType: error }, e) => {
      // Connect does not require the errors of a prompt or a loop.
      if (type !== "MessageParticipant" && type !== "Loop") {
        const misspell = (d: Draft) => Object.assign(at(d).Transitions.Errors?.[e] ?? {}, { ErrorType: "NoMatch" });
        list.push(
          [`no ${error}`, (d) => at(d).Transitions.Errors?.splice(e, 1), noError(error)],
          [`${error} misspelt and therefore missing`, misspell, noError(error)],
          [`${error} misspelt`, misspell, invalidError("NoMatch")],
        );
      }
      list.push([
        `${error} to an action that does not exist`,
        (d) => Object.assign(at(d).Transitions.Errors?.[e] ?? {}, { NextAction: "Nowhere" }),
        invalid(`${transitions}.Errors[${e}].NextAction`),
      ]);
    });
    const branch = (d: Draft) => (at(d).Transitions.Conditions ?? [])[0];
    /** Changes the operator or the operands of the first condition. */
    const condition = (what: string, change: object, message: string): Mutation => [
      what,
      (d) => Object.assign(branch(d)?.Condition ?? {}, change),
      message,
    ];
    /** Sets a parameter to an invalid value. */
    const parameter = (what: string, key: string, value: unknown): Mutation => [
      what,
      (d) => (at(d).Parameters[key] = value),
      invalid(`${here}.Parameters.${key}`),
    ];
    switch (type) {
      case "Compare": {
        const first = `${transitions}.Conditions[0]`;
        list.push(
          ["no conditions", (d) => (at(d).Transitions.Conditions = []), invalid(`${transitions}.Conditions`)],
          [
            "a condition to an action that does not exist",
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
            invalidError("NoMatchingError"),
          ],
          parameter("a literal", "ComparisonValue", "match"),
          parameter("a bare root", "ComparisonValue", "$.External"),
        );
        break;
      }
      case "Loop":
        list.push(
          parameter("too many times", "LoopCount", "101"),
          ["one condition", (d) => at(d).Transitions.Conditions?.pop(), invalid(`${transitions}.Conditions`)],
          condition("another condition", { Operands: ["Looping"] }, invalid(`${transitions}.Conditions`)),
        );
        break;
      case "InvokeLambdaFunction":
        list.push(
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
            `${transitions}.Conditions`,
          ],
        );
        break;
      case "UpdateContactAttributes":
        list.push(
          parameter("an unknown contact", "TargetContact", "Other"),
          parameter("a number for an attribute", "Attributes", { blockedStatus: 1 }),
          parameter("a dot in an attribute's name", "Attributes", { "blocked.status": "a" }),
        );
        break;
      case "MessageParticipant":
        list.push(
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
        list.push([
          "a queue and an agent",
          (d) => (at(d).Parameters["AgentId"] = "a"),
          "Only one of these properties may be defined. Properties: [QueueId, AgentId]",
          `${here}.Parameters`,
        ]);
        break;
    }
    return list.map(([what, ...rest]): Mutation => [name(what), ...rest]);
  });
  return [...envelope, ...perAction];
}

test.each(intact)("every mutation of %s is reported with the message of Connect and its path", (_, kind, content) => {
  expect(validateContent(content, kind)).toEqual([]);
  const survivors = mutations(structuredClone(content) as unknown as Draft, kind).flatMap(
    ([name, mutate, message, path]) => {
      const draft = structuredClone(content) as unknown as Draft;
      mutate(draft);
      expect(draft).not.toEqual(content);
      const problems = validateContent(draft, kind);
      const isReported = problems.some(
        (problem) => problem.message === message && (path ?? problem.path) === problem.path,
      );
      return isReported ? [] : [{ name, expected: [message, path], problems }];
    },
  );
  expect(survivors).toEqual([]);
});

test("there are more than 1000 mutations", () => {
  const count = intact.reduce(
    (sum, [, kind, content]) => sum + mutations(structuredClone(content) as unknown as Draft, kind).length,
    0,
  );
  expect(count).toBeGreaterThan(1000);
});
