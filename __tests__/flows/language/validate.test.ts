// Each rule of the validator: an example that Connect refuses, with its words, and a neighbour that it accepts.
import fc from "fast-check";
import type { JsonValue } from "../../../flows/language/json";
import type { Action, ContentKind, Transitions } from "../../../flows/language/types";
import { uncheckedActionTypes, validateContent } from "../../../flows/language/validate";

const settings = { InputParameters: [], OutputParameters: [], Transitions: [] };
const end: Action = { Identifier: "end", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} };
const lambda = "arn:aws:lambda:us-east-1:111122223333:function:any:live";

/** A flow of one action, which leads to the end. */
function one(type: string, parameters: Record<string, JsonValue>, transitions: Transitions): Record<string, unknown> {
  const action = { Identifier: "it", Type: type, Parameters: parameters, Transitions: transitions };
  return { Version: "2019-10-30", StartAction: "it", Actions: [action, end] };
}
const next = { NextAction: "end" };
const error = (type = "NoMatchingError") => ({ ErrorType: type, NextAction: "end" });
const equals = (operand: string) => ({ NextAction: "end", Condition: { Operator: "Equals", Operands: [operand] } });
const failing = { ...next, Errors: [error()] };
const branching = { ...next, Errors: [error("NoMatchingCondition")], Conditions: [equals("x")] };

const invoke = (more: Record<string, JsonValue>) =>
  one("InvokeLambdaFunction", { LambdaFunctionARN: lambda, InvocationTimeLimitSeconds: "3", ...more }, failing);
const compare = (value: JsonValue, transitions: Transitions = branching) =>
  one("Compare", { ComparisonValue: value }, transitions);
const condition = (operator: JsonValue, operands: JsonValue) =>
  compare("$.External.a", {
    ...branching,
    Conditions: [{ NextAction: "end", Condition: { Operator: operator, Operands: operands } as never }],
  });
const set = (attributes: JsonValue, more: Record<string, JsonValue> = {}) =>
  one("UpdateContactAttributes", { Attributes: attributes, ...more }, failing);
const say = (parameters: Record<string, JsonValue>, transitions: Transitions = next) =>
  one("MessageParticipant", parameters, transitions);
const named = (id: unknown) => ({ Version: "2019-10-30", StartAction: id, Actions: [{ ...end, Identifier: id }] });
const loop = (...operands: string[]) => looping({}, ...operands);
const looping = (more: Partial<Transitions>, ...operands: string[]) =>
  one("Loop", { LoopCount: "3" }, { ...next, ...more, Conditions: operands.map((operand) => equals(operand)) });
const flow = one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, next);
const many = (count: number) => ({
  Version: "2019-10-30",
  StartAction: "0",
  Actions: Array.from({ length: count }, (_, n) => ({ ...end, Identifier: String(n) })),
});
/** A module of this many characters. */
function padded(length: number) {
  const module = (pad: string) => ({ ...flow, Settings: settings, Metadata: { pad } });
  return module("x".repeat(length - JSON.stringify(module("")).length));
}
const returning = (result: JsonValue) => ({
  ...one("EndFlowModuleExecution", { Result: result }, {}),
  Settings: settings,
});
const value = (path: string) => `Invalid Action property value. Path: Actions[0].${path}`;
const missing = (path: string) => `Action is missing required property. Path: Actions[0].${path}`;

interface Rule {
  rule: string;
  refused: unknown;
  says: string[];
  accepted: unknown;
  kind?: ContentKind;
}
const rules: Rule[] = [
  { rule: "content is an object", refused: [], says: ["Content is not a JSON object"], accepted: flow },
  {
    rule: "the version is there",
    refused: { ...flow, Version: undefined },
    says: ["JSON field is missing or null for field name: version"],
    accepted: flow,
  },
  {
    rule: "the version is the only one",
    refused: { ...flow, Version: "2019-10-31" },
    says: ["Invalid flow language version. Path: Version"],
    accepted: flow,
  },
  {
    rule: "the start action is there",
    refused: { ...flow, StartAction: null },
    says: ["JSON field is missing or null for field name: startAction"],
    accepted: flow,
  },
  {
    rule: "the start action exists",
    refused: { ...flow, StartAction: "It" },
    says: ["Invalid value. Path: StartAction"],
    accepted: flow,
  },
  {
    rule: "there are actions",
    refused: { Version: "2019-10-30", StartAction: "it" },
    says: ["JSON field is missing or null for field name: actions", "Invalid value. Path: StartAction"],
    accepted: flow,
  },
  {
    rule: "actions are a list that is not empty",
    refused: { ...flow, Actions: [] },
    says: ["Invalid value. Path: Actions", "Invalid value. Path: StartAction"],
    accepted: flow,
  },
  {
    rule: "there are at most 250 actions",
    refused: many(251),
    says: ["Number of actions exceeds the maximum of 250"],
    accepted: many(250),
  },
  {
    rule: "an action has an identifier",
    refused: { ...flow, Actions: [...(flow["Actions"] as Action[]), { ...end, Identifier: undefined }] },
    says: ["Action is missing required property. Path: Actions[2].Identifier"],
    accepted: { ...flow, Actions: [...(flow["Actions"] as Action[]), { ...end, Identifier: "other" }] },
  },
  {
    rule: "identifiers are unique",
    refused: { ...flow, Actions: [...(flow["Actions"] as Action[]), end] },
    says: ["Invalid Action property value. Path: Actions[2].Identifier"],
    accepted: { ...flow, Actions: [...(flow["Actions"] as Action[]), { ...end, Identifier: "End" }] },
  },
  {
    rule: "an identifier has at most 50 characters",
    refused: named("x".repeat(51)),
    says: [value("Identifier")],
    accepted: named("x".repeat(50)),
  },
  { rule: "an identifier is not empty", refused: named(""), says: [value("Identifier")], accepted: named(" ") },
  {
    rule: "an identifier is text",
    refused: named(7),
    says: ["Invalid value. Path: StartAction", value("Identifier")],
    accepted: named("7"),
  },
  ...Array.from("%:(\\/)=$,;[]{}", (character) => ({
    rule: `an identifier has no ${character}`,
    refused: named(`a${character}b`),
    says: [value("Identifier")],
    accepted: named("***Was the vmx3_flag already set? - #1"),
  })),
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"].map((word) => ({
    rule: `an identifier is not ${word}`,
    refused: named(word),
    says: [value("Identifier")],
    accepted: named(`${word}s`),
  })),
  {
    rule: "an action has a type",
    refused: { ...flow, Actions: [{ Identifier: "it", Parameters: {}, Transitions: {} }] },
    says: [missing("Type")],
    accepted: { ...flow, Actions: [{ Identifier: "it", Type: "DisconnectParticipant" }] },
  },
  {
    rule: "Return stands in a module only",
    refused: {
      ...flow,
      Actions: [{ Identifier: "it", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} }],
    },
    says: ["Invalid Action type"],
    accepted: { ...flow, Actions: [{ Identifier: "it", Type: "EndFlowExecution", Parameters: {}, Transitions: {} }] },
  },
  {
    rule: "End flow stands in a flow only",
    kind: "module",
    refused: {
      ...flow,
      Settings: settings,
      Actions: [{ Identifier: "it", Type: "EndFlowExecution", Parameters: {}, Transitions: {} }],
    },
    says: ["Invalid Action type"],
    accepted: {
      ...flow,
      Settings: settings,
      Actions: [{ Identifier: "it", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} }],
    },
  },
  {
    rule: "a module has Settings",
    kind: "module",
    refused: flow,
    says: ["JSON field is missing or null for field name: settings"],
    accepted: { ...flow, Settings: settings },
  },
  {
    rule: "Settings are an object",
    kind: "module",
    refused: { ...flow, Settings: "{}" },
    says: ["Invalid value. Path: Settings"],
    accepted: { ...flow, Settings: settings },
  },
  {
    rule: "a flow has no Settings",
    refused: { ...flow, Settings: settings },
    says: ["Invalid property name. Path: Settings"],
    accepted: { ...flow, Metadata: { anything: [1] } },
  },
  {
    rule: "a module's content has at most 256 000 characters",
    kind: "module",
    refused: padded(256_001),
    says: ["Content exceeds the maximum length of 256000"],
    accepted: padded(256_000),
  },
  {
    rule: "an action that goes on says where to",
    refused: one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, {}),
    says: [missing("Transitions.NextAction")],
    accepted: flow,
  },
  {
    rule: "the next action exists",
    refused: one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, { NextAction: "END" }),
    says: [value("Transitions.NextAction")],
    accepted: flow,
  },
  {
    rule: "an error branch leads to an action",
    refused: one(
      "UpdateContactAttributes",
      { Attributes: { a: "b" } },
      { ...next, Errors: [{ ErrorType: "NoMatchingError", NextAction: "END" }] },
    ),
    says: [value("Transitions.Errors[0].NextAction")],
    accepted: set({ a: "b" }),
  },
  {
    rule: "a condition leads to an action",
    refused: compare("$.External.a", { ...branching, Conditions: [{ ...equals("x"), NextAction: "END" }] }),
    says: [value("Transitions.Conditions[0].NextAction")],
    accepted: compare("$.External.a"),
  },
  {
    rule: "branches of a type that is not modelled lead to actions too",
    refused: one("GetParticipantInput", { Any: "" }, { ...next, Errors: [{ ErrorType: "Any", NextAction: "END" }] }),
    says: [value("Transitions.Errors[0].NextAction")],
    accepted: one("GetParticipantInput", { Any: "" }, { Errors: [error("Any")], Conditions: [equals("1")] }),
  },
  {
    rule: "transitions are an object",
    refused: { ...flow, Actions: [{ Identifier: "it", Type: "DisconnectParticipant", Transitions: [] }] },
    says: [value("Transitions")],
    accepted: { ...flow, Actions: [{ Identifier: "it", Type: "DisconnectParticipant", Transitions: {} }] },
  },
  {
    rule: "branches are lists",
    refused: one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, { ...next, Errors: {} as never }),
    says: [value("Transitions.Errors")],
    accepted: one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, { ...next, Errors: [] }),
  },
  {
    rule: "a terminal action leads nowhere",
    refused: one("DisconnectParticipant", {}, next),
    says: ["Action does not support transitions. Path: Actions[0].Transitions"],
    accepted: one("DisconnectParticipant", {}, { Errors: [], Conditions: [] }),
  },
  {
    rule: "parameters are an object",
    refused: one("DisconnectParticipant", [] as never, {}),
    says: [value("Parameters")],
    accepted: one("DisconnectParticipant", {}, {}),
  },
  {
    rule: "parameters have known names",
    refused: invoke({ Timeout: "3", toString: "x" }),
    says: [
      "Invalid Action property name. Path: Actions[0].Parameters.Timeout",
      "Invalid Action property name. Path: Actions[0].Parameters.toString",
    ],
    accepted: invoke({ InvocationType: "SYNCHRONOUS" }),
  },
  {
    rule: "a required parameter is there",
    refused: one("InvokeLambdaFunction", {}, failing),
    says: [missing("Parameters.LambdaFunctionARN"), missing("Parameters.InvocationTimeLimitSeconds")],
    accepted: invoke({}),
  },
  {
    rule: "a required error has a branch",
    refused: one("UpdateContactAttributes", { Attributes: { a: "b" } }, next),
    says: ["Action is missing required error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: set({ a: "b" }),
  },
  {
    rule: "a transfer to a queue has both its errors",
    refused: one("TransferContactToQueue", {}, failing),
    says: ["Action is missing required error. Error: QueueAtCapacity, Path: Actions[0]"],
    accepted: one("TransferContactToQueue", {}, { ...next, Errors: [error("QueueAtCapacity"), error()] }),
  },
  {
    rule: "an error that the type does not have has no branch",
    refused: compare("$.External.a", { ...branching, Errors: [error("NoMatchingCondition"), error()] }),
    says: ["Invalid Action error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: compare("$.External.a"),
  },
  {
    rule: "an error has one branch",
    refused: one("UpdateContactAttributes", { Attributes: { a: "b" } }, { ...next, Errors: [error(), error()] }),
    says: ["Invalid Action error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: set({ a: "b" }),
  },
  {
    rule: "setting the logging behavior has no errors",
    refused: one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, failing),
    says: ["Invalid Action error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: flow,
  },
  {
    rule: "only some types have conditions",
    refused: one("UpdateContactAttributes", { Attributes: { a: "b" } }, { ...failing, Conditions: [equals("x")] }),
    says: ["Action does not support conditions"],
    accepted: one("UpdateContactAttributes", { Attributes: { a: "b" } }, { ...failing, Conditions: [] }),
  },
  {
    rule: "a comparison has a condition",
    refused: compare("$.External.a", { ...branching, Conditions: [] }),
    says: [value("Transitions.Conditions")],
    accepted: compare("$.External.a"),
  },
  ...["And", "Or", "Not", "Contains", "Exists", "StartsWith", "NumberEquals", "NumberLessThanOrEqualTo", "equals"].map(
    (operator) => ({
      rule: `${operator} is no operator`,
      refused: condition(operator, ["x"]),
      says: [value("Transitions.Conditions[0].Condition.Operator")],
      accepted: condition("TextContains", ["x"]),
    }),
  ),
  ...[[], ["a", "b"], [1], "a"].map((operands) => ({
    rule: `${JSON.stringify(operands)} is not one operand`,
    refused: condition("Equals", operands),
    says: [value("Transitions.Conditions[0].Condition.Operands")],
    accepted: condition("KeyExists", ["a"]),
  })),
  {
    rule: "an operand is not empty",
    refused: condition("Equals", [""]),
    says: ["Invalid branch. Path: 0.Evaluate"],
    accepted: condition("Equals", [" "]),
  },
  {
    rule: "a condition has the shape of one",
    refused: compare("$.External.a", { ...branching, Conditions: [{ NextAction: "end" } as never] }),
    says: [missing("Transitions.Conditions[0].Condition")],
    accepted: compare("$.External.a"),
  },
  ...[
    "gold",
    "$.External",
    "$.Attributes",
    "$.Nothing.a",
    "$.External.a and more",
    "$",
    "$.channel",
    "$.Attributes.$.Attributes.a",
    "$.AgenticCX",
    7,
  ].map((bad) => ({
    rule: `${JSON.stringify(bad)} cannot be compared`,
    refused: compare(bad),
    says: [value("Parameters.ComparisonValue")],
    accepted: compare("$.External.customer.tier"),
  })),
  ...[
    "$.Channel",
    "$.Attributes.['a b']",
    "$.SegmentAttributes['connect:Subtype']",
    "$['Channel']",
    "$.Modules.Result",
    "$.Tags",
    "$.Tags.team",
    "$.Task.ContactId",
    "$.Email.EmailMessage.Plaintext",
    "$.DataTableList.ResultData.primaryKeyGroups.default[0].attributes[1].attributeValue",
    "$.AgenticCX.ContextVariables.known",
    "$.SegmentAttributes['connect:CustomerAuthentication']['Status']",
    "$.Views.ViewResultData.Category.0",
    "$.Media.Sip.Headers.P-Charge-Info",
  ].map((good) => ({
    rule: `${good} can be compared`,
    refused: compare(`${good} `),
    says: [value("Parameters.ComparisonValue")],
    accepted: compare(good),
  })),
  ...["0", "9", "3.5", "three", " 3", "", 0, 3.5, true].map((bad) => ({
    rule: `${JSON.stringify(bad)} is no time limit`,
    refused: invoke({ InvocationTimeLimitSeconds: bad }),
    says: [
      bad === "" ? "Invalid Action property value. Path: 0.Parameter" : value("Parameters.InvocationTimeLimitSeconds"),
    ],
    accepted: invoke({ InvocationTimeLimitSeconds: typeof bad === "string" ? "1" : 8 }),
  })),
  ...[
    ["61", "60"],
    [0, 60],
  ].map(([bad, good]) => ({
    rule: `${bad} is no time limit of a function that is not waited for, ${good} is`,
    refused: invoke({ InvocationType: "ASYNCHRONOUS", InvocationTimeLimitSeconds: bad ?? null }),
    says: [value("Parameters.InvocationTimeLimitSeconds")],
    accepted: invoke({ InvocationType: "ASYNCHRONOUS", InvocationTimeLimitSeconds: good ?? null }),
  })),
  {
    rule: "a function that is waited for has at most 8 seconds",
    refused: invoke({ InvocationType: "SYNCHRONOUS", InvocationTimeLimitSeconds: "9" }),
    says: [value("Parameters.InvocationTimeLimitSeconds")],
    accepted: invoke({ InvocationType: "SYNCHRONOUS", InvocationTimeLimitSeconds: "8" }),
  },
  {
    rule: "a function is named by its ARN or a reference",
    refused: invoke({ LambdaFunctionARN: "my function" }),
    says: [value("Parameters.LambdaFunctionARN")],
    accepted: invoke({ LambdaFunctionARN: "$.Attributes.function" }),
  },
  {
    rule: "an invocation type is one of two",
    refused: invoke({ InvocationType: "sync" }),
    says: [value("Parameters.InvocationType")],
    accepted: invoke({ InvocationType: "ASYNCHRONOUS" }),
  },
  {
    rule: "a response is validated as one of two",
    refused: invoke({ ResponseValidation: { ResponseType: "STRING" } }),
    says: [value("Parameters.ResponseValidation")],
    accepted: invoke({ ResponseValidation: { ResponseType: "JSON" } }),
  },
  {
    rule: "a response validation has nothing else",
    refused: invoke({ ResponseValidation: { ResponseType: "JSON", Strict: "true" } }),
    says: [value("Parameters.ResponseValidation")],
    accepted: invoke({ ResponseValidation: { ResponseType: "STRING_MAP" } }),
  },
  {
    rule: "what a Lambda is told is an object",
    refused: invoke({ LambdaInvocationAttributes: "a" }),
    says: [value("Parameters.LambdaInvocationAttributes")],
    accepted: invoke({ LambdaInvocationAttributes: { a: { nested: "b" } } }),
  },
  {
    rule: "an empty text is refused, however deep",
    refused: invoke({ LambdaInvocationAttributes: { a: { nested: ["x", ""] } } }),
    says: ["Invalid Action property value. Path: 0.Parameter"],
    accepted: invoke({ LambdaInvocationAttributes: { a: { nested: ["x", " "] } } }),
  },
  {
    rule: "an attribute is not empty",
    refused: set({ a: "" }),
    says: ["Empty value in Parameters.Attributes"],
    accepted: set({ a: " " }),
  },
  ...[{ "a.b": "x" }, { a$: "x" }, { a: 1 }, { a: null }, ["x"]].map((bad) => ({
    rule: `${JSON.stringify(bad)} are no attributes`,
    refused: set(bad),
    says: [value("Parameters.Attributes")],
    accepted: set({ "a-b_c": "$.Attributes.Journey >> x", "$.External.key": "x" }),
  })),
  {
    rule: "attributes are written to one of two contacts",
    refused: set({ a: "b" }, { TargetContact: "Initial" }),
    says: [value("Parameters.TargetContact")],
    accepted: set({ a: "b" }, { TargetContact: "Related" }),
  },
  {
    rule: "flow attributes have values",
    refused: one("UpdateFlowAttributes", { FlowAttributes: { a: "b" } }, failing),
    says: [value("Parameters.FlowAttributes")],
    accepted: one("UpdateFlowAttributes", { FlowAttributes: { a: { Value: "b", Type: "String" } } }, failing),
  },
  {
    rule: "a flow attribute has a value and a type, nothing else",
    refused: one("UpdateFlowAttributes", { FlowAttributes: { a: { Value: "b", Scope: "Flow" } } }, failing),
    says: [value("Parameters.FlowAttributes")],
    accepted: one("UpdateFlowAttributes", { FlowAttributes: { "FLOW_MAP/current": { Value: "b" } } }, failing),
  },
  {
    rule: "a logging behavior is one of two",
    refused: one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "On" }, next),
    says: [value("Parameters.FlowLoggingBehavior")],
    accepted: one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Disabled" }, next),
  },
  {
    rule: "a prompt says something",
    refused: say({ Text: "" }),
    says: ["At least one of [Text, SSML, PromptId, Media, LexInitializationData] must be set"],
    accepted: say({ Text: " " }),
  },
  {
    rule: "a prompt says one thing",
    refused: say({ Text: "a", SSML: "<speak>a</speak>" }),
    says: ["Only one of these properties may be defined. Properties: [Text, SSML]"],
    accepted: say({ SSML: "<speak>a</speak>", SkipWhenDTMFBufferEnabled: "false" }, failing),
  },
  ...[
    { SourceType: "S3", MediaType: "Audio" },
    { Uri: "https://example.com/hello.wav", SourceType: "HTTP", MediaType: "Audio" },
    { Uri: "https://example.com/hello.wav", SourceType: "S3", MediaType: "Video" },
    { Uri: "https://example.com/hello.wav", SourceType: "S3", MediaType: "Audio", Loop: "true" },
  ].map((bad) => ({
    rule: `${JSON.stringify(bad)} is no recording`,
    refused: say({ Media: bad }),
    says: [value("Parameters.Media")],
    accepted: say({ Media: { Uri: "$.Attributes.recording", SourceType: "S3", MediaType: "Audio" } }),
  })),
  {
    rule: "a prompt has at most 6000 characters",
    refused: say({ Text: "x".repeat(6001) }),
    says: [value("Parameters.Text")],
    accepted: say({ Text: "x".repeat(6000) }),
  },
  {
    rule: "skipping a prompt is yes or no",
    refused: say({ Text: "a", SkipWhenDTMFBufferEnabled: "maybe" }),
    says: [value("Parameters.SkipWhenDTMFBufferEnabled")],
    accepted: say({ Text: "a", SkipWhenDTMFBufferEnabled: true }),
  },
  {
    rule: "a queue or an agent is set, not both",
    refused: one("UpdateContactTargetQueue", { QueueId: "a", AgentId: "b" }, failing),
    says: ["Only one of these properties may be defined. Properties: [QueueId, AgentId]"],
    accepted: one("UpdateContactTargetQueue", { AgentId: "b" }, failing),
  },
  {
    rule: "a queue is named by an id or one reference",
    refused: one("UpdateContactTargetQueue", { QueueId: "$.Queue" }, failing),
    says: [value("Parameters.QueueId")],
    accepted: one("UpdateContactTargetQueue", { QueueId: "$.Queue.ARN" }, failing),
  },
  {
    rule: "a module is named",
    refused: one("InvokeFlowModule", { ContactFlowModuleId: "m" }, failing),
    says: [
      "Invalid Action property name. Path: Actions[0].Parameters.ContactFlowModuleId",
      missing("Parameters.FlowModuleId"),
    ],
    accepted: one(
      "InvokeFlowModule",
      { FlowModuleId: "m:$LATEST", Input: { a: "b" } },
      { ...next, Errors: [error(), error("NoMatchingCondition")], Conditions: [equals("busy")] },
    ),
  },
  {
    rule: "a module's branches leave one for the results they do not name",
    refused: one("InvokeFlowModule", { FlowModuleId: "m" }, { ...failing, Conditions: [equals("busy")] }),
    says: ["Action is missing required error. Error: NoMatchingCondition, Path: Actions[0]"],
    accepted: one("InvokeFlowModule", { FlowModuleId: "m" }, { ...failing, Conditions: [] }),
  },
  {
    rule: "a flow is named",
    refused: one("TransferToFlow", {}, failing),
    says: [missing("Parameters.ContactFlowId")],
    accepted: one("TransferToFlow", { ContactFlowId: "f" }, failing),
  },
  {
    rule: "a module's result is text",
    kind: "module",
    refused: returning(7),
    says: [value("Parameters.Result")],
    accepted: returning("busy"),
  },
  {
    rule: "a loop has its two conditions",
    refused: loop("ContinueLooping"),
    says: [value("Transitions.Conditions")],
    accepted: loop("DoneLooping", "ContinueLooping"),
  },
  {
    rule: "a loop has no other conditions",
    refused: loop("ContinueLooping", "Done"),
    says: [value("Transitions.Conditions")],
    accepted: loop("ContinueLooping", "DoneLooping"),
  },
  {
    rule: "a loop may have an error branch, as the console exports it, and no other",
    refused: looping({ Errors: [error("NoMatchingCondition")] }, "ContinueLooping", "DoneLooping"),
    says: ["Invalid Action error. Error: NoMatchingCondition, Path: Actions[0]"],
    accepted: looping({ Errors: [error()] }, "ContinueLooping", "DoneLooping"),
  },
  {
    rule: "a loop runs at most 100 times",
    refused: one(
      "Loop",
      { LoopCount: "101" },
      { ...next, Conditions: [equals("ContinueLooping"), equals("DoneLooping")] },
    ),
    says: [value("Parameters.LoopCount")],
    accepted: one(
      "Loop",
      { LoopCount: "$.Attributes.n" },
      { ...next, Conditions: [equals("ContinueLooping"), equals("DoneLooping")] },
    ),
  },
];

test.each(rules)("$rule", ({ refused, says, accepted, kind = "flow" }) => {
  expect(validateContent(refused, kind).map((problem) => problem.message)).toEqual(says);
  expect(validateContent(accepted, kind)).toEqual([]);
});

test.each([
  ["Equals", "TextStartsWith", "TextEndsWith", "TextContains", "KeyExists"],
  ["NumberGreaterThan", "NumberGreaterOrEqualTo", "NumberLessThan", "NumberLessOrEqualTo"],
])("every operator that the service knows is accepted: %s, %s, …", (...operators) => {
  expect(operators.flatMap((operator) => validateContent(condition(operator, ["1"]), "flow"))).toEqual([]);
});

test("a problem tells where it is and what to do", () => {
  expect(validateContent(invoke({ InvocationTimeLimitSeconds: "30" }), "flow")).toEqual([
    {
      message: "Invalid Action property value. Path: Actions[0].Parameters.InvocationTimeLimitSeconds",
      path: "Actions[0].Parameters.InvocationTimeLimitSeconds",
      hint: '"30" was given; allowed is a whole number from 1 to 8.',
    },
  ]);
});

test.each([
  [one("DisconnectParticipant", { Reason: "a" }, {}), "DisconnectParticipant has no parameters."],
  [
    invoke({ Timeout: "3" }),
    "InvokeLambdaFunction has LambdaFunctionARN, InvocationTimeLimitSeconds, InvocationType, ",
  ],
  [
    one("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, failing),
    "UpdateFlowLoggingBehavior has no errors.",
  ],
  [
    compare("$.External.a", { ...branching, Errors: [...branching.Errors, error()] }),
    "Compare has NoMatchingCondition.",
  ],
  [compare("x".repeat(58)), `"${"x".repeat(58)}" was given; `],
  [compare("x".repeat(59)), `"${"x".repeat(56)}… was given; `],
])("a hint says what is allowed: %#", (content, hint) => {
  expect(validateContent(content, "flow")[0]?.hint).toContain(hint);
});

test("a message is cut where the service cuts it, at 256 characters", () => {
  const [problem] = validateContent(invoke({ ["x".repeat(300)]: "a" }), "flow");
  expect(problem?.message).toHaveLength(256);
  expect(problem?.path).toContain("x".repeat(300));
});

test("types that are not modelled are noted once each, and never refused", () => {
  const other = (id: string, type: string): Action => ({
    Identifier: id,
    Type: type,
    Transitions: { NextAction: "end" },
  });
  const content = {
    ...flow,
    Actions: [...(flow["Actions"] as Action[]), other("a", "Wait"), other("b", "ShowView"), other("c", "Wait")],
  };
  expect(validateContent(content, "flow")).toEqual([]);
  expect(uncheckedActionTypes(content)).toEqual(["Wait", "ShowView"]);
  expect(uncheckedActionTypes(null)).toEqual([]);
});

test("a flow as the console exports it is accepted, with its metadata and what older exports leave out", () => {
  const exported = {
    Version: "2019-10-30",
    StartAction: "f8c55a6e-7ec2-4347-b35c-e2578a2c5445",
    Metadata: {
      entryPointPosition: { x: 40, y: 40 },
      ActionMetadata: {
        "f8c55a6e-7ec2-4347-b35c-e2578a2c5445": {
          position: { x: 1.5, y: -2 },
          dynamicParams: ["a"],
          dynamicMetadata: {},
        },
      },
      Annotations: [],
      name: "Main",
      description: "",
      type: "contactFlow",
      status: "published",
      hash: {},
    },
    Actions: [
      {
        Parameters: { LambdaFunctionARN: lambda, InvocationTimeLimitSeconds: "3" },
        Identifier: "f8c55a6e-7ec2-4347-b35c-e2578a2c5445",
        Type: "InvokeLambdaFunction",
        Transitions: {
          NextAction: "***Return to source flow***",
          Errors: [{ NextAction: "***Return to source flow***", ErrorType: "NoMatchingError" }],
        },
      },
      {
        Parameters: { Attributes: { extension: "$.Lex.ConcurrencyLimiter.Extension" } },
        Identifier: "***Return to source flow***",
        Type: "UpdateContactAttributes",
        Transitions: {
          NextAction: "FLOW_OBJECT_MAPS#",
          Errors: [{ NextAction: "FLOW_OBJECT_MAPS#", ErrorType: "NoMatchingError" }],
        },
      },
      {
        Parameters: { SSML: "<speak>\n$.Attributes.Goodbye\n</speak>" },
        Identifier: "FLOW_OBJECT_MAPS#",
        Type: "MessageParticipant",
        Transitions: { NextAction: "bye", Errors: [], Conditions: [] },
      },
      { Parameters: {}, Identifier: "bye", Type: "DisconnectParticipant", Transitions: {} },
    ],
  };
  expect(validateContent(exported, "flow")).toEqual([]);
});

test("anything at all is either accepted or refused with well-formed problems", () => {
  const anything = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        Version: fc.constantFrom("2019-10-30", 1),
        StartAction: fc.jsonValue(),
        Actions: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record(
              {
                Identifier: fc.oneof(fc.string(), fc.jsonValue()),
                Type: fc.constantFrom(
                  "Compare",
                  "Loop",
                  "MessageParticipant",
                  "UpdateContactAttributes",
                  "toString",
                  1,
                ),
                Parameters: fc.oneof(
                  fc.jsonValue(),
                  fc.dictionary(fc.constantFrom("Attributes", "Text"), fc.jsonValue()),
                ),
                Transitions: fc.oneof(
                  fc.jsonValue(),
                  fc.record({
                    NextAction: fc.jsonValue(),
                    Errors: fc.jsonValue(),
                    Conditions: fc.array(fc.jsonValue()),
                  }),
                ),
              },
              { requiredKeys: [] },
            ),
          ),
        ),
        Settings: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(anything, fc.constantFrom("module" as const, "flow" as const), (content, kind) => {
      for (const problem of validateContent(content, kind)) {
        expect(problem.message).not.toBe("");
        expect(problem.message.length).toBeLessThanOrEqual(256);
        expect(problem.hint).toMatch(/[.}]$/);
      }
    }),
  );
});
