// Each rule of the validator: content that Connect refuses, with its message, and similar content that it accepts.
import fc from "fast-check";
import type { JsonValue } from "../../../flows/language/json";
import type { Action, ContentKind, FlowContent, Transitions } from "../../../flows/language/types";
import { unmodelledActionTypes, validateContent } from "../../../flows/language/validate";

const settings = { InputParameters: [], OutputParameters: [], Transitions: [] };
const end: Action = { Identifier: "end", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} };
const lambda = "arn:aws:lambda:us-east-1:111122223333:function:any:live";

/** A flow with one action and an end. */
function flowWithAction(
  type: string,
  parameters: Record<string, JsonValue>,
  transitions: Transitions,
): Record<string, unknown> {
  const action = { Identifier: "it", Type: type, Parameters: parameters, Transitions: transitions };
  return { Version: "2019-10-30", StartAction: "it", Actions: [action, end] };
}
const next = { NextAction: "end" };
const error = (type = "NoMatchingError") => ({ ErrorType: type, NextAction: "end" });
const equals = (operand: string) => ({ NextAction: "end", Condition: { Operator: "Equals", Operands: [operand] } });
const failing = { ...next, Errors: [error()] };
const branching = { ...next, Errors: [error("NoMatchingCondition")], Conditions: [equals("x")] };

const invoke = (more: Record<string, JsonValue>) =>
  flowWithAction(
    "InvokeLambdaFunction",
    { LambdaFunctionARN: lambda, InvocationTimeLimitSeconds: "3", ...more },
    failing,
  );
const compare = (value: JsonValue, transitions: Transitions = branching) =>
  flowWithAction("Compare", { ComparisonValue: value }, transitions);
const condition = (operator: JsonValue, operands: JsonValue) =>
  compare("$.External.a", {
    ...branching,
    Conditions: [{ NextAction: "end", Condition: { Operator: operator, Operands: operands } as never }],
  });
const set = (attributes: JsonValue, more: Record<string, JsonValue> = {}) =>
  flowWithAction("UpdateContactAttributes", { Attributes: attributes, ...more }, failing);
const say = (parameters: Record<string, JsonValue>, transitions: Transitions = next) =>
  flowWithAction("MessageParticipant", parameters, transitions);
const flowWithIdentifier = (id: unknown) => ({
  Version: "2019-10-30",
  StartAction: id,
  Actions: [{ ...end, Identifier: id }],
});
const loop = (...operands: string[]) => looping({}, ...operands);
const looping = (more: Partial<Transitions>, ...operands: string[]) =>
  flowWithAction(
    "Loop",
    { LoopCount: "3" },
    { ...next, ...more, Conditions: operands.map((operand) => equals(operand)) },
  );
const flow = flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, next);
const flowWithActions = (count: number) => ({
  Version: "2019-10-30",
  StartAction: "0",
  Actions: Array.from({ length: count }, (_, n) => ({ ...end, Identifier: String(n) })),
});
/** A module with this number of characters. */
function moduleOfLength(length: number) {
  const module = (pad: string) => ({ ...flow, Settings: settings, Metadata: { pad } });
  return module("x".repeat(length - JSON.stringify(module("")).length));
}
const returning = (result: JsonValue) => ({
  ...flowWithAction("EndFlowModuleExecution", { Result: result }, {}),
  Settings: settings,
});
const returningData = (data: JsonValue) => ({
  ...flowWithAction("EndFlowModuleExecution", { ResultData: data }, {}),
  Settings: settings,
});
const loopBranches = { ...next, Conditions: [equals("ContinueLooping"), equals("DoneLooping")] };
const callbackParameters = { InitialCallDelaySeconds: "5", MaximumConnectionAttempts: "1", RetryDelaySeconds: "600" };
const value = (path: string) => `Invalid Action property value. Path: Actions[0].${path}`;
const missing = (path: string) => `Action is missing required property. Path: Actions[0].${path}`;

interface Rule {
  rule: string;
  refused: unknown;
  messages: string[];
  accepted: unknown;
  kind?: ContentKind;
}
const rules: Rule[] = [
  { rule: "content is an object", refused: [], messages: ["Content is not a JSON object"], accepted: flow },
  {
    rule: "a version is required",
    refused: { ...flow, Version: undefined },
    messages: ["JSON field is missing or null for field name: version"],
    accepted: flow,
  },
  {
    rule: "only one version is allowed",
    refused: { ...flow, Version: "2019-10-31" },
    messages: ["Invalid flow language version. Path: Version"],
    accepted: flow,
  },
  {
    rule: "a start action is required",
    refused: { ...flow, StartAction: null },
    messages: ["JSON field is missing or null for field name: startAction"],
    accepted: flow,
  },
  {
    rule: "the start action must exist",
    refused: { ...flow, StartAction: "It" },
    messages: ["Invalid value. Path: StartAction"],
    accepted: flow,
  },
  {
    rule: "actions are required",
    refused: { Version: "2019-10-30", StartAction: "it" },
    messages: ["JSON field is missing or null for field name: actions", "Invalid value. Path: StartAction"],
    accepted: flow,
  },
  {
    rule: "actions must be a non-empty list",
    refused: { ...flow, Actions: [] },
    messages: ["Invalid value. Path: Actions", "Invalid value. Path: StartAction"],
    accepted: flow,
  },
  {
    rule: "content has at most 250 actions",
    refused: flowWithActions(251),
    messages: ["Number of actions exceeds the maximum of 250"],
    accepted: flowWithActions(250),
  },
  {
    rule: "an action requires an identifier",
    refused: { ...flow, Actions: [...(flow["Actions"] as Action[]), { ...end, Identifier: undefined }] },
    messages: ["Action is missing required property. Path: Actions[2].Identifier"],
    accepted: { ...flow, Actions: [...(flow["Actions"] as Action[]), { ...end, Identifier: "other" }] },
  },
  {
    rule: "identifiers must be unique",
    refused: { ...flow, Actions: [...(flow["Actions"] as Action[]), end] },
    messages: ["Invalid Action property value. Path: Actions[2].Identifier"],
    accepted: { ...flow, Actions: [...(flow["Actions"] as Action[]), { ...end, Identifier: "End" }] },
  },
  {
    rule: "an identifier has at most 50 characters",
    refused: flowWithIdentifier("x".repeat(51)),
    messages: [value("Identifier")],
    accepted: flowWithIdentifier("x".repeat(50)),
  },
  {
    rule: "an identifier must not be empty",
    refused: flowWithIdentifier(""),
    messages: [value("Identifier")],
    accepted: flowWithIdentifier(" "),
  },
  {
    rule: "an identifier must be a string",
    refused: flowWithIdentifier(7),
    messages: ["Invalid value. Path: StartAction", value("Identifier")],
    accepted: flowWithIdentifier("7"),
  },
  ...Array.from("%:(\\/)=$,;[]{}", (character) => ({
    rule: `an identifier must not contain ${character}`,
    refused: flowWithIdentifier(`a${character}b`),
    messages: [value("Identifier")],
    accepted: flowWithIdentifier("***Was the vmx3_flag already set? - #1"),
  })),
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"].map((word) => ({
    rule: `an identifier must not be ${word}`,
    refused: flowWithIdentifier(word),
    messages: [value("Identifier")],
    accepted: flowWithIdentifier(`${word}s`),
  })),
  {
    rule: "an action requires a type",
    refused: { ...flow, Actions: [{ Identifier: "it", Parameters: {}, Transitions: {} }] },
    messages: [missing("Type")],
    accepted: { ...flow, Actions: [{ Identifier: "it", Type: "DisconnectParticipant" }] },
  },
  {
    rule: "Return is valid only in a module",
    refused: {
      ...flow,
      Actions: [{ Identifier: "it", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} }],
    },
    messages: ["Invalid Action type"],
    accepted: { ...flow, Actions: [{ Identifier: "it", Type: "EndFlowExecution", Parameters: {}, Transitions: {} }] },
  },
  {
    rule: "End flow is valid only in a flow",
    kind: "module",
    refused: {
      ...flow,
      Settings: settings,
      Actions: [{ Identifier: "it", Type: "EndFlowExecution", Parameters: {}, Transitions: {} }],
    },
    messages: ["Invalid Action type"],
    accepted: {
      ...flow,
      Settings: settings,
      Actions: [{ Identifier: "it", Type: "EndFlowModuleExecution", Parameters: {}, Transitions: {} }],
    },
  },
  {
    rule: "a module requires Settings",
    kind: "module",
    refused: flow,
    messages: ["JSON field is missing or null for field name: settings"],
    accepted: { ...flow, Settings: settings },
  },
  {
    rule: "Settings must be an object",
    kind: "module",
    refused: { ...flow, Settings: "{}" },
    messages: ["Invalid value. Path: Settings"],
    accepted: { ...flow, Settings: settings },
  },
  {
    rule: "a flow must not have Settings",
    refused: { ...flow, Settings: settings },
    messages: ["Invalid property name. Path: Settings"],
    accepted: { ...flow, Metadata: { anything: [1] } },
  },
  {
    rule: "a module's content has at most 256 000 characters",
    kind: "module",
    refused: moduleOfLength(256_001),
    messages: ["Content exceeds the maximum length of 256000"],
    accepted: moduleOfLength(256_000),
  },
  {
    rule: "a non-terminal action requires a next action",
    refused: flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, {}),
    messages: [missing("Transitions.NextAction")],
    accepted: flow,
  },
  {
    rule: "the next action must exist",
    refused: flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, { NextAction: "END" }),
    messages: [value("Transitions.NextAction")],
    accepted: flow,
  },
  {
    rule: "the target of an error branch must exist",
    refused: flowWithAction(
      "UpdateContactAttributes",
      { Attributes: { a: "b" } },
      { ...next, Errors: [{ ErrorType: "NoMatchingError", NextAction: "END" }] },
    ),
    messages: [value("Transitions.Errors[0].NextAction")],
    accepted: set({ a: "b" }),
  },
  {
    rule: "the target of a condition must exist",
    refused: compare("$.External.a", { ...branching, Conditions: [{ ...equals("x"), NextAction: "END" }] }),
    messages: [value("Transitions.Conditions[0].NextAction")],
    accepted: compare("$.External.a"),
  },
  {
    rule: "the targets of an unmodelled type must exist",
    refused: flowWithAction("ShowView", { Any: "" }, { ...next, Errors: [{ ErrorType: "Any", NextAction: "END" }] }),
    messages: [value("Transitions.Errors[0].NextAction")],
    accepted: flowWithAction("ShowView", { Any: "" }, { Errors: [error("Any")], Conditions: [equals("1")] }),
  },
  {
    rule: "the operands of an unmodelled type must not be empty",
    refused: flowWithAction("ShowView", {}, { ...next, Conditions: [equals("")] }),
    messages: ["Invalid branch. Path: 0.Evaluate"],
    accepted: flowWithAction("ShowView", {}, { ...next, Conditions: [equals("Back")] }),
  },
  ...[
    ["invokeLambdaFunction", "InvokeLambdaFunction"],
    ["InvokeLambdaFuncton", "InvokeLambdaFunction"],
    ["UpdateContactAttribute", "UpdateContactAttributes"],
    ["TransfertoFlow", "TransferToFlow"],
    ["wait", "Wait"],
  ].map(([typo = "", type = ""]) => ({
    rule: `${typo} is a typo of ${type}`,
    refused: flowWithAction(typo, {}, next),
    messages: ["Invalid Action type"],
    accepted: flowWithAction("ShowView", {}, next),
  })),
  {
    rule: "a type that resembles a modelled type but is documented is accepted",
    refused: flowWithAction("UnTagContacts", { Any: "" }, { NextAction: "END" }),
    messages: [value("Transitions.NextAction")],
    accepted: flowWithAction("UnTagContact", { TagKeys: ["a"] }, failing),
  },
  {
    rule: "the legacy export format is reported as one problem",
    refused: { modules: [{ id: "a", type: "Disconnect" }], version: "1", type: "contactFlow", start: "a" },
    messages: ["Content is in the legacy export format"],
    accepted: flow,
  },
  ...["survey_result_$.Attributes.n", "$.Attributes.name", "n $.External.a b"].map((name) => ({
    rule: `an attribute name may contain a reference: ${name}`,
    refused: set({ [`${name}.$`]: "x" }),
    messages: [value("Parameters.Attributes")],
    accepted: set({ [name]: "x" }),
  })),
  ...["a.b", "a$b", "a$.b"].map((name) => ({
    rule: `${name} is not an attribute name`,
    refused: set({ [name]: "x" }),
    messages: [value("Parameters.Attributes")],
    accepted: set({ ab: "x" }),
  })),
  ...["$.DataTables.`Opening hours`.`Is open?`", "$.DataTables.Query.Column", "$.CustomerCallBackPhoneNumber"].map(
    (good) => ({
      rule: `${good} is a reference to a value`,
      refused: compare("$.DataTables.``"),
      messages: [value("Parameters.ComparisonValue")],
      accepted: compare(good),
    }),
  ),
  {
    rule: "a module can return an object or one reference as data",
    kind: "module" as const,
    refused: returningData("all of $.External.customer"),
    messages: [value("Parameters.ResultData")],
    accepted: returningData("$.External.customer"),
  },
  {
    rule: "a module can return an object as data",
    kind: "module" as const,
    refused: returningData(7),
    messages: [value("Parameters.ResultData")],
    accepted: returningData({ customer: "$.External.customer" }),
  },
  {
    rule: "a loop over an array has no count",
    refused: flowWithAction("Loop", {}, loopBranches),
    messages: [missing("Parameters.LoopCount")],
    accepted: flowWithAction("Loop", { LoopName: "items", Array: "$.External.items" }, loopBranches),
  },
  {
    rule: "a loop can have a count and a name",
    refused: flowWithAction("Loop", { LoopCount: "3", Label: "tries" }, loopBranches),
    messages: ["Invalid Action property name. Path: Actions[0].Parameters.Label"],
    accepted: flowWithAction("Loop", { LoopCount: "3", LoopName: "tries" }, loopBranches),
  },
  ...(
    [
      ["GetParticipantInput", { Text: "Press 1", StoreInput: "False", InputTimeLimitSeconds: "5" }, "NoMatchingError"],
      ["ConnectParticipantWithLexBot", { Text: "Hello", LexV2Bot: { AliasArn: "arn:aws:lex:a" } }, "NoMatchingError"],
      ["CheckHoursOfOperation", { HoursOfOperationId: "hours-1" }, "NoMatchingError"],
      ["CheckMetricData", { MetricType: "NumberOfAgentsAvailable" }, "NoMatchingError", "NoMatchingCondition"],
      ["DistributeByPercentage", {}, "NoMatchingCondition"],
      ["Wait", { TimeLimitSeconds: "30", Events: ["CustomerReturned"] }, "NoMatchingError"],
      ["CreateCallbackContact", callbackParameters, "NoMatchingError"],
      [
        "UpdateContactCallbackNumber",
        { CallbackNumber: "$.CustomerEndpoint.Address" },
        "InvalidCallbackNumber",
        "CallbackNumberNotDialable",
      ],
      ["UpdateContactEventHooks", { EventHooks: { CustomerQueue: "flow-1" } }, "NoMatchingError"],
      ["DequeueContactAndTransferToQueue", { QueueId: "queue-1" }, "QueueAtCapacity", "NoMatchingError"],
      ["GetMetricData", { QueueId: "$.Queue.ARN" }, "NoMatchingError"],
      ["TagContact", { Tags: { team: "sales" } }, "NoMatchingError"],
    ] as [string, Record<string, JsonValue>, ...string[]][]
  ).map(([type, parameters, ...errors]) => {
    const branches = /^(Get|Connect)Participant|^Check|^Distribute|^Wait/.test(type) ? [equals("x")] : [];
    const transitions = { ...next, Errors: errors.map((name) => error(name)), Conditions: branches };
    return {
      rule: `${type} requires ${errors.join(" and ")}`,
      refused: flowWithAction(type, parameters, { ...transitions, Errors: [] }),
      messages: errors.map((name) => `Action is missing required error. Error: ${name}, Path: Actions[0]`),
      accepted: flowWithAction(type, parameters, transitions),
    };
  }),
  {
    rule: "a transfer to an agent must not have transitions",
    refused: flowWithAction("TransferContactToAgent", {}, failing),
    messages: ["Action does not support transitions. Path: Actions[0].Transitions"],
    accepted: flowWithAction("TransferContactToAgent", {}, {}),
  },
  {
    rule: "a transfer to an external number requires the number",
    refused: flowWithAction("TransferParticipantToThirdParty", { ContinueFlowExecution: "False" }, {}),
    messages: [missing("Parameters.ThirdPartyPhoneNumber")],
    accepted: flowWithAction(
      "TransferParticipantToThirdParty",
      {
        ThirdPartyPhoneNumber: "+15555550101",
        ThirdPartyConnectionTimeLimitSeconds: "30",
        ContinueFlowExecution: "True",
      },
      { ...next, Errors: [error("CallFailed"), error("ConnectionTimeLimitExceeded"), error()] },
    ),
  },
  {
    rule: "an event hook must name a flow",
    refused: flowWithAction("UpdateContactEventHooks", { EventHooks: { CustomerQueue: "the queue flow" } }, failing),
    messages: [value("Parameters.EventHooks")],
    accepted: flowWithAction(
      "UpdateContactEventHooks",
      { EventHooks: { CustomerRemaining: "$.Attributes.flow" } },
      failing,
    ),
  },
  {
    rule: "parameters without a rule must not contain empty strings",
    refused: flowWithAction("Wait", { TimeLimitSeconds: "" }, failing),
    messages: ["Invalid Action property value. Path: 0.Parameter"],
    accepted: flowWithAction(
      "Wait",
      { TimeLimitSeconds: "900" },
      { Errors: [error()], Conditions: [equals("WaitCompleted")] },
    ),
  },
  {
    rule: "transitions must be an object",
    refused: { ...flow, Actions: [{ Identifier: "it", Type: "DisconnectParticipant", Transitions: [] }] },
    messages: [value("Transitions")],
    accepted: { ...flow, Actions: [{ Identifier: "it", Type: "DisconnectParticipant", Transitions: {} }] },
  },
  {
    rule: "branches must be lists",
    refused: flowWithAction(
      "UpdateFlowLoggingBehavior",
      { FlowLoggingBehavior: "Enabled" },
      { ...next, Errors: {} as never },
    ),
    messages: [value("Transitions.Errors")],
    accepted: flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, { ...next, Errors: [] }),
  },
  {
    rule: "a terminal action must not have transitions",
    refused: flowWithAction("DisconnectParticipant", {}, next),
    messages: ["Action does not support transitions. Path: Actions[0].Transitions"],
    accepted: flowWithAction("DisconnectParticipant", {}, { Errors: [], Conditions: [] }),
  },
  {
    rule: "parameters must be an object",
    refused: flowWithAction("DisconnectParticipant", [] as never, {}),
    messages: [value("Parameters")],
    accepted: flowWithAction("DisconnectParticipant", {}, {}),
  },
  {
    rule: "parameters must have known names",
    refused: invoke({ Timeout: "3", toString: "x" }),
    messages: [
      "Invalid Action property name. Path: Actions[0].Parameters.Timeout",
      "Invalid Action property name. Path: Actions[0].Parameters.toString",
    ],
    accepted: invoke({ InvocationType: "SYNCHRONOUS" }),
  },
  {
    rule: "a required parameter must be set",
    refused: flowWithAction("InvokeLambdaFunction", {}, failing),
    messages: [missing("Parameters.LambdaFunctionARN"), missing("Parameters.InvocationTimeLimitSeconds")],
    accepted: invoke({}),
  },
  {
    rule: "a required error must have a branch",
    refused: flowWithAction("UpdateContactAttributes", { Attributes: { a: "b" } }, next),
    messages: ["Action is missing required error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: set({ a: "b" }),
  },
  {
    rule: "a transfer to a queue requires both errors",
    refused: flowWithAction("TransferContactToQueue", {}, failing),
    messages: ["Action is missing required error. Error: QueueAtCapacity, Path: Actions[0]"],
    accepted: flowWithAction("TransferContactToQueue", {}, { ...next, Errors: [error("QueueAtCapacity"), error()] }),
  },
  {
    rule: "an unsupported error must not have a branch",
    refused: compare("$.External.a", { ...branching, Errors: [error("NoMatchingCondition"), error()] }),
    messages: ["Invalid Action error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: compare("$.External.a"),
  },
  {
    rule: "an error must have only one branch",
    refused: flowWithAction(
      "UpdateContactAttributes",
      { Attributes: { a: "b" } },
      { ...next, Errors: [error(), error()] },
    ),
    messages: ["Invalid Action error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: set({ a: "b" }),
  },
  {
    rule: "setting the logging behavior must not have errors",
    refused: flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, failing),
    messages: ["Invalid Action error. Error: NoMatchingError, Path: Actions[0]"],
    accepted: flow,
  },
  {
    rule: "some types must not have conditions",
    refused: flowWithAction(
      "UpdateContactAttributes",
      { Attributes: { a: "b" } },
      { ...failing, Conditions: [equals("x")] },
    ),
    messages: ["Action does not support conditions"],
    accepted: flowWithAction("UpdateContactAttributes", { Attributes: { a: "b" } }, { ...failing, Conditions: [] }),
  },
  {
    rule: "a comparison requires a condition",
    refused: compare("$.External.a", { ...branching, Conditions: [] }),
    messages: [value("Transitions.Conditions")],
    accepted: compare("$.External.a"),
  },
  ...["And", "Or", "Not", "Contains", "Exists", "StartsWith", "NumberEquals", "NumberLessThanOrEqualTo", "equals"].map(
    (operator) => ({
      rule: `${JSON.stringify(operator)} is not an operator`,
      refused: condition(operator, ["x"]),
      messages: [value("Transitions.Conditions[0].Condition.Operator")],
      accepted: condition("TextContains", ["x"]),
    }),
  ),
  ...[[], ["a", "b"], [1], "a"].map((operands) => ({
    rule: `a condition must have one string operand, not ${JSON.stringify(operands)}`,
    refused: condition("Equals", operands),
    messages: [value("Transitions.Conditions[0].Condition.Operands")],
    accepted: condition("KeyExists", ["a"]),
  })),
  {
    rule: "an operand must not be empty",
    refused: condition("Equals", [""]),
    messages: ["Invalid branch. Path: 0.Evaluate"],
    accepted: condition("Equals", [" "]),
  },
  {
    rule: "a condition must be an object",
    refused: compare("$.External.a", { ...branching, Conditions: [{ NextAction: "end" } as never] }),
    messages: [missing("Transitions.Conditions[0].Condition")],
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
    messages: [value("Parameters.ComparisonValue")],
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
    messages: [value("Parameters.ComparisonValue")],
    accepted: compare(good),
  })),
  ...["0", "9", "3.5", "three", " 3", "", 0, 3.5, true].map((bad) => ({
    rule: `${JSON.stringify(bad)} is not a time limit`,
    refused: invoke({ InvocationTimeLimitSeconds: bad }),
    messages: [
      bad === "" ? "Invalid Action property value. Path: 0.Parameter" : value("Parameters.InvocationTimeLimitSeconds"),
    ],
    accepted: invoke({ InvocationTimeLimitSeconds: typeof bad === "string" ? "1" : 8 }),
  })),
  ...[
    ["61", "60"],
    [0, 60],
  ].map(([bad, good]) => ({
    rule: `an asynchronous function accepts the time limit ${good} but not ${bad}`,
    refused: invoke({ InvocationType: "ASYNCHRONOUS", InvocationTimeLimitSeconds: bad ?? null }),
    messages: [value("Parameters.InvocationTimeLimitSeconds")],
    accepted: invoke({ InvocationType: "ASYNCHRONOUS", InvocationTimeLimitSeconds: good ?? null }),
  })),
  {
    rule: "a synchronous function has at most 8 seconds",
    refused: invoke({ InvocationType: "SYNCHRONOUS", InvocationTimeLimitSeconds: "9" }),
    messages: [value("Parameters.InvocationTimeLimitSeconds")],
    accepted: invoke({ InvocationType: "SYNCHRONOUS", InvocationTimeLimitSeconds: "8" }),
  },
  {
    rule: "a function must be an ARN or a reference",
    refused: invoke({ LambdaFunctionARN: "my function" }),
    messages: [value("Parameters.LambdaFunctionARN")],
    accepted: invoke({ LambdaFunctionARN: "$.Attributes.function" }),
  },
  {
    rule: "an invocation type must be SYNCHRONOUS or ASYNCHRONOUS",
    refused: invoke({ InvocationType: "sync" }),
    messages: [value("Parameters.InvocationType")],
    accepted: invoke({ InvocationType: "ASYNCHRONOUS" }),
  },
  {
    rule: "a response type must be STRING_MAP or JSON",
    refused: invoke({ ResponseValidation: { ResponseType: "STRING" } }),
    messages: [value("Parameters.ResponseValidation")],
    accepted: invoke({ ResponseValidation: { ResponseType: "JSON" } }),
  },
  {
    rule: "a response validation has no other keys",
    refused: invoke({ ResponseValidation: { ResponseType: "JSON", Strict: "true" } }),
    messages: [value("Parameters.ResponseValidation")],
    accepted: invoke({ ResponseValidation: { ResponseType: "STRING_MAP" } }),
  },
  {
    rule: "Lambda parameters must be an object",
    refused: invoke({ LambdaInvocationAttributes: "a" }),
    messages: [value("Parameters.LambdaInvocationAttributes")],
    accepted: invoke({ LambdaInvocationAttributes: { a: { nested: "b" } } }),
  },
  {
    rule: "an empty string is refused at any depth",
    refused: invoke({ LambdaInvocationAttributes: { a: { nested: ["x", ""] } } }),
    messages: ["Invalid Action property value. Path: 0.Parameter"],
    accepted: invoke({ LambdaInvocationAttributes: { a: { nested: ["x", " "] } } }),
  },
  {
    rule: "an attribute must not be empty",
    refused: set({ a: "" }),
    messages: ["Empty value in Parameters.Attributes"],
    accepted: set({ a: " " }),
  },
  ...[{ "a.b": "x" }, { a$: "x" }, { a: 1 }, { a: null }, ["x"]].map((bad) => ({
    rule: `${JSON.stringify(bad)} are not valid attributes`,
    refused: set(bad),
    messages: [value("Parameters.Attributes")],
    accepted: set({ "a-b_c": "$.Attributes.Journey >> x", "$.External.key": "x" }),
  })),
  {
    rule: "a target contact must be Current or Related",
    refused: set({ a: "b" }, { TargetContact: "Initial" }),
    messages: [value("Parameters.TargetContact")],
    accepted: set({ a: "b" }, { TargetContact: "Related" }),
  },
  {
    rule: "flow attributes must have values",
    refused: flowWithAction("UpdateFlowAttributes", { FlowAttributes: { a: "b" } }, failing),
    messages: [value("Parameters.FlowAttributes")],
    accepted: flowWithAction(
      "UpdateFlowAttributes",
      { FlowAttributes: { a: { Value: "b", Type: "String" } } },
      failing,
    ),
  },
  {
    rule: "a flow attribute has only a value and a type",
    refused: flowWithAction("UpdateFlowAttributes", { FlowAttributes: { a: { Value: "b", Scope: "Flow" } } }, failing),
    messages: [value("Parameters.FlowAttributes")],
    accepted: flowWithAction(
      "UpdateFlowAttributes",
      { FlowAttributes: { "FLOW_MAP/current": { Value: "b" } } },
      failing,
    ),
  },
  {
    rule: "a logging behavior must be Enabled or Disabled",
    refused: flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "On" }, next),
    messages: [value("Parameters.FlowLoggingBehavior")],
    accepted: flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Disabled" }, next),
  },
  {
    rule: "a prompt must not be empty",
    refused: say({ Text: "" }),
    messages: ["At least one of [Text, SSML, PromptId, Media, LexInitializationData] must be set"],
    accepted: say({ Text: " " }),
  },
  {
    rule: "a prompt must have only one source",
    refused: say({ Text: "a", SSML: "<speak>a</speak>" }),
    messages: ["Only one of these properties may be defined. Properties: [Text, SSML]"],
    accepted: say({ SSML: "<speak>a</speak>", SkipWhenDTMFBufferEnabled: "false" }, failing),
  },
  ...[
    { SourceType: "S3", MediaType: "Audio" },
    { Uri: "https://example.com/hello.wav", SourceType: "HTTP", MediaType: "Audio" },
    { Uri: "https://example.com/hello.wav", SourceType: "S3", MediaType: "Video" },
    { Uri: "https://example.com/hello.wav", SourceType: "S3", MediaType: "Audio", Loop: "true" },
  ].map((bad) => ({
    rule: `${JSON.stringify(bad)} is not a recording`,
    refused: say({ Media: bad }),
    messages: [value("Parameters.Media")],
    accepted: say({ Media: { Uri: "$.Attributes.recording", SourceType: "S3", MediaType: "Audio" } }),
  })),
  {
    rule: "a prompt has at most 6000 characters",
    refused: say({ Text: "x".repeat(6001) }),
    messages: [value("Parameters.Text")],
    accepted: say({ Text: "x".repeat(6000) }),
  },
  {
    rule: "SkipWhenDTMFBufferEnabled must be true or false",
    refused: say({ Text: "a", SkipWhenDTMFBufferEnabled: "maybe" }),
    messages: [value("Parameters.SkipWhenDTMFBufferEnabled")],
    accepted: say({ Text: "a", SkipWhenDTMFBufferEnabled: true }),
  },
  {
    rule: "a target must not be both a queue and an agent",
    refused: flowWithAction("UpdateContactTargetQueue", { QueueId: "a", AgentId: "b" }, failing),
    messages: ["Only one of these properties may be defined. Properties: [QueueId, AgentId]"],
    accepted: flowWithAction("UpdateContactTargetQueue", { AgentId: "b" }, failing),
  },
  {
    rule: "a queue must be an id, an ARN or one reference",
    refused: flowWithAction("UpdateContactTargetQueue", { QueueId: "$.Queue" }, failing),
    messages: [value("Parameters.QueueId")],
    accepted: flowWithAction("UpdateContactTargetQueue", { QueueId: "$.Queue.ARN" }, failing),
  },
  {
    rule: "invoking a module requires its id",
    refused: flowWithAction("InvokeFlowModule", { ContactFlowModuleId: "m" }, failing),
    messages: [
      "Invalid Action property name. Path: Actions[0].Parameters.ContactFlowModuleId",
      missing("Parameters.FlowModuleId"),
    ],
    accepted: flowWithAction(
      "InvokeFlowModule",
      { FlowModuleId: "m:$LATEST", Input: { a: "b" } },
      { ...next, Errors: [error(), error("NoMatchingCondition")], Conditions: [equals("busy")] },
    ),
  },
  {
    rule: "module branches require NoMatchingCondition",
    refused: flowWithAction("InvokeFlowModule", { FlowModuleId: "m" }, { ...failing, Conditions: [equals("busy")] }),
    messages: ["Action is missing required error. Error: NoMatchingCondition, Path: Actions[0]"],
    accepted: flowWithAction("InvokeFlowModule", { FlowModuleId: "m" }, { ...failing, Conditions: [] }),
  },
  {
    rule: "a transfer to a flow requires its id",
    refused: flowWithAction("TransferToFlow", {}, failing),
    messages: [missing("Parameters.ContactFlowId")],
    accepted: flowWithAction("TransferToFlow", { ContactFlowId: "f" }, failing),
  },
  {
    rule: "a module result must be a string",
    kind: "module",
    refused: returning(7),
    messages: [value("Parameters.Result")],
    accepted: returning("busy"),
  },
  {
    rule: "a loop requires its two conditions",
    refused: loop("ContinueLooping"),
    messages: [value("Transitions.Conditions")],
    accepted: loop("DoneLooping", "ContinueLooping"),
  },
  {
    rule: "a loop must not have other conditions",
    refused: loop("ContinueLooping", "Done"),
    messages: [value("Transitions.Conditions")],
    accepted: loop("ContinueLooping", "DoneLooping"),
  },
  {
    rule: "a loop may have only a NoMatchingError branch, as in console exports",
    refused: looping({ Errors: [error("NoMatchingCondition")] }, "ContinueLooping", "DoneLooping"),
    messages: ["Invalid Action error. Error: NoMatchingCondition, Path: Actions[0]"],
    accepted: looping({ Errors: [error()] }, "ContinueLooping", "DoneLooping"),
  },
  {
    rule: "a loop runs at most 100 times",
    refused: flowWithAction(
      "Loop",
      { LoopCount: "101" },
      { ...next, Conditions: [equals("ContinueLooping"), equals("DoneLooping")] },
    ),
    messages: [value("Parameters.LoopCount")],
    accepted: flowWithAction(
      "Loop",
      { LoopCount: "$.Attributes.n" },
      { ...next, Conditions: [equals("ContinueLooping"), equals("DoneLooping")] },
    ),
  },
];

test.each(rules)("$rule", ({ refused, messages, accepted, kind = "flow" }) => {
  expect(validateContent(refused, kind).map((problem) => problem.message)).toEqual(messages);
  expect(validateContent(accepted, kind)).toEqual([]);
});

test.each([
  ["Equals", "TextStartsWith", "TextEndsWith", "TextContains", "KeyExists"],
  ["NumberGreaterThan", "NumberGreaterOrEqualTo", "NumberLessThan", "NumberLessOrEqualTo"],
])("every operator of Connect is accepted: %s, %s, …", (...operators) => {
  expect(operators.flatMap((operator) => validateContent(condition(operator, ["1"]), "flow"))).toEqual([]);
});

test("a problem has a message, a path and a hint", () => {
  expect(validateContent(invoke({ InvocationTimeLimitSeconds: "30" }), "flow")).toEqual([
    {
      message: "Invalid Action property value. Path: Actions[0].Parameters.InvocationTimeLimitSeconds",
      path: "Actions[0].Parameters.InvocationTimeLimitSeconds",
      hint: 'The value is "30". Allowed: a whole number from 1 to 8.',
    },
  ]);
});

test.each([
  [flowWithAction("DisconnectParticipant", { Reason: "a" }, {}), "DisconnectParticipant has no parameters."],
  [
    invoke({ Timeout: "3" }),
    "InvokeLambdaFunction has LambdaFunctionARN, InvocationTimeLimitSeconds, InvocationType, ",
  ],
  [
    flowWithAction("UpdateFlowLoggingBehavior", { FlowLoggingBehavior: "Enabled" }, failing),
    "UpdateFlowLoggingBehavior has no errors.",
  ],
  [
    compare("$.External.a", { ...branching, Errors: [...branching.Errors, error()] }),
    "Compare has NoMatchingCondition.",
  ],
  [compare("x".repeat(58)), `The value is "${"x".repeat(58)}". `],
  [compare("x".repeat(59)), `The value is "${"x".repeat(56)}…. `],
])("a hint lists the allowed values: %#", (content, hint) => {
  expect(validateContent(content, "flow")[0]?.hint).toContain(hint);
});

test("a message is truncated to 256 characters, as in Connect", () => {
  const [problem] = validateContent(invoke({ ["x".repeat(300)]: "a" }), "flow");
  expect(problem?.message).toHaveLength(256);
  expect(problem?.path).toContain("x".repeat(300));
});

test("unmodelled types are accepted and listed once each", () => {
  const other = (id: string, type: string): Action => ({
    Identifier: id,
    Type: type,
    Transitions: { NextAction: "end" },
  });
  const content: FlowContent = {
    Version: "2019-10-30",
    StartAction: "it",
    Actions: [
      ...(flow["Actions"] as Action[]),
      other("a", "CreateTask"),
      other("b", "ShowView"),
      other("c", "CreateTask"),
    ],
  };
  expect(validateContent(content, "flow")).toEqual([]);
  expect(unmodelledActionTypes(content)).toEqual(["CreateTask", "ShowView"]);
});

test("a console export is accepted, with its metadata and omitted optional fields", () => {
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

test("any content is accepted or refused with well-formed problems", () => {
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
                  "updateContactAttributes",
                  "GetParticipantInput",
                  "UpdateContactEventHooks",
                  "ShowView",
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
