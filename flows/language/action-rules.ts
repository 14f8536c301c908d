/** Rules of Connect for each action type: parameters, error branches, conditions and allowed content kinds. */
import { isRecord } from "./json";
import { interpolate, isComparable } from "./jsonpath";
import { type ContentKind, MAX_PROMPT_LENGTH, type ModelledActionType } from "./types";

/** Returns undefined for a valid value, or else a description of the allowed values. */
export type ValueRule = (value: unknown, parameters: Readonly<Record<string, unknown>>) => string | undefined;

export interface ParameterRule {
  readonly required?: true;
  readonly value: ValueRule;
}

export interface ActionRule {
  readonly parameters: Readonly<Record<string, ParameterRule>>;
  /**
   * Accepts parameters without a rule, because AWS does not document them completely. With `unless`: only if the parameter with this name
   * is not set.
   */
  readonly otherParameters?: true | { readonly unless: string };
  /** Exactly one of these parameters must be set. */
  readonly oneOf?: readonly string[];
  readonly requiredErrors: readonly string[];
  /** Error branches that are also required if the action has conditions. */
  readonly conditionErrors?: readonly string[];
  readonly optionalErrors?: readonly string[];
  /**
   * Conditions that the action must have. `some`: at least one. `any`: any number. An array: exactly one `Equals` for each operand.
   * Omitted: none.
   */
  readonly conditions?: "some" | "any" | readonly string[];
  /** The action may have no success branch. */
  readonly nextActionOptional?: true;
  /** Ends the flow or module and has no transitions. */
  readonly terminal?: true;
  /** The only content kind that may use the action. */
  readonly only?: ContentKind;
}

const text: ValueRule = (value) => (typeof value === "string" ? undefined : "a string");

/** An id, an ARN, or one reference. */
const id: ValueRule = (value) =>
  typeof value === "string" && (value.startsWith("$.") ? isComparable(value) : !/\s/.test(value))
    ? undefined
    : 'an id, an ARN or one reference such as "$.Attributes.name"';

const oneOfTexts =
  (...allowed: string[]): ValueRule =>
  (value) =>
    typeof value === "string" && allowed.includes(value) ? undefined : allowed.map((a) => `"${a}"`).join(" or ");

/** The console writes numbers as strings. Connect accepts both. */
const wholeNumber =
  (from: number, to: number) =>
  (value: unknown): string | undefined => {
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    return typeof number === "number" && Number.isInteger(number) && number >= from && number <= to
      ? undefined
      : `a whole number from ${from} to ${to}`;
  };

const loopCount: ValueRule = (value) =>
  typeof value === "string" && isComparable(value) ? undefined : wholeNumber(0, 100)(value);

/** A synchronous invocation has the lower limit, because the contact waits (adminguide/invoke-lambda-function-block). */
const lambdaTimeLimit: ValueRule = (value, parameters) =>
  wholeNumber(1, parameters["InvocationType"] === "ASYNCHRONOUS" ? 60 : 8)(value);

const flag: ValueRule = (value, parameters) =>
  typeof value === "boolean" ? undefined : oneOfTexts("true", "false")(value, parameters);

const object: ValueRule = (value) => (isRecord(value) ? undefined : "an object");

/** Attribute names in exported flows contain letters, digits, dash, underscore, spaces and namespaces (`connect:Subtype`). */
const ATTRIBUTE_NAME = /^[^$.]*$/;

/** Real flows use references in attribute names, such as `survey_result_$.Attributes.n`. */
const isAttributeName = (name: string): boolean =>
  name !== "" && ATTRIBUTE_NAME.test(interpolate(name, () => undefined));

const attributes: ValueRule = (value) =>
  isRecord(value) && Object.entries(value).every(([name, v]) => isAttributeName(name) && typeof v === "string")
    ? undefined
    : 'an object of strings whose names contain neither "$" nor ".", except in references';

const flowAttributes: ValueRule = (value) =>
  isRecord(value) &&
  Object.values(value).every(
    (v) => isRecord(v) && typeof v["Value"] === "string" && Object.keys(v).every((k) => k === "Value" || k === "Type"),
  )
    ? undefined
    : 'an object of {"Value": "<text>"}';

const media: ValueRule = (value) =>
  isRecord(value) &&
  typeof value["Uri"] === "string" &&
  value["SourceType"] === "S3" &&
  value["MediaType"] === "Audio" &&
  Object.keys(value).length === 3
    ? undefined
    : '{"Uri": "<address>", "SourceType": "S3", "MediaType": "Audio"}';

const responseValidation: ValueRule = (value, parameters) =>
  isRecord(value) && Object.keys(value).every((k) => k === "ResponseType")
    ? oneOfTexts("STRING_MAP", "JSON")(value["ResponseType"], parameters)
    : '{"ResponseType": "STRING_MAP"} or {"ResponseType": "JSON"}';

const comparable: ValueRule = (value) =>
  typeof value === "string" && isComparable(value)
    ? undefined
    : 'one reference down to a value, such as "$.Attributes.name" or "$.External.name"';

const resultData: ValueRule = (value) =>
  isRecord(value) || (typeof value === "string" && isComparable(value))
    ? undefined
    : 'an object or one reference such as "$.External.name"';

/** Names of events, each with the flow that handles the event. */
const eventHooks: ValueRule = (value, parameters) =>
  isRecord(value) && Object.values(value).every((flow) => id(flow, parameters) === undefined)
    ? undefined
    : 'an object such as {"CustomerQueue": "<flow id or ARN>"}';

const spoken: ValueRule = (value) =>
  typeof value === "string" && value.length <= MAX_PROMPT_LENGTH
    ? undefined
    : `text of at most ${MAX_PROMPT_LENGTH} characters`;

const scalar: ValueRule = (value) =>
  typeof value === "string" || typeof value === "number" ? undefined : "a number or a reference";

const prompt: ActionRule["parameters"] = {
  Text: { value: spoken },
  SSML: { value: spoken },
  PromptId: { value: id },
  Media: { value: media },
};

/** Rules by action type. Sources: the devguide page of each action, corrected by published responses of the live service. */
const ACTION_RULES: Readonly<Record<ModelledActionType, ActionRule>> = {
  InvokeLambdaFunction: {
    parameters: {
      LambdaFunctionARN: { required: true, value: id },
      InvocationTimeLimitSeconds: { required: true, value: lambdaTimeLimit },
      InvocationType: { value: oneOfTexts("SYNCHRONOUS", "ASYNCHRONOUS") },
      LambdaInvocationAttributes: { value: object },
      ResponseValidation: { value: responseValidation },
    },
    requiredErrors: ["NoMatchingError"],
  },
  UpdateContactAttributes: {
    parameters: {
      Attributes: { required: true, value: attributes },
      TargetContact: { value: oneOfTexts("Current", "Related") },
    },
    requiredErrors: ["NoMatchingError"],
  },
  UpdateFlowAttributes: {
    parameters: { FlowAttributes: { required: true, value: flowAttributes } },
    requiredErrors: ["NoMatchingError"],
  },
  UpdateFlowLoggingBehavior: {
    parameters: { FlowLoggingBehavior: { required: true, value: oneOfTexts("Enabled", "Disabled") } },
    requiredErrors: [],
  },
  Compare: {
    parameters: { ComparisonValue: { required: true, value: comparable } },
    requiredErrors: ["NoMatchingCondition"],
    conditions: "some",
  },
  Loop: {
    // The block can also loop over an array and have a name (adminguide/loop). AWS does not document the parameters of an array.
    parameters: { LoopCount: { required: true, value: loopCount }, LoopName: { value: text } },
    otherParameters: { unless: "LoopCount" },
    requiredErrors: [],
    // The devguide says "none", but the block has an Error branch (adminguide/loop) and the console exports it
    // (aws-samples/sample-aicc-builder-for-amazon-connect-ai-agent, _reference-console-export-all-blocks.json).
    optionalErrors: ["NoMatchingError"],
    conditions: ["ContinueLooping", "DoneLooping"],
  },
  InvokeFlowModule: {
    parameters: { FlowModuleId: { required: true, value: id }, Input: { value: object } },
    requiredErrors: ["NoMatchingError"],
    conditionErrors: ["NoMatchingCondition"],
    optionalErrors: ["NoMatchingCondition"],
    conditions: "any",
  },
  MessageParticipant: {
    parameters: {
      Text: { value: spoken },
      SSML: { value: spoken },
      PromptId: { value: text },
      Media: { value: media },
      LexInitializationData: { value: object },
      SkipWhenDTMFBufferEnabled: { value: flag },
    },
    oneOf: ["Text", "SSML", "PromptId", "Media", "LexInitializationData"],
    requiredErrors: [],
    optionalErrors: ["NoMatchingError"],
  },
  UpdateContactTargetQueue: {
    parameters: { QueueId: { value: id }, AgentId: { value: id } },
    oneOf: ["QueueId", "AgentId"],
    requiredErrors: ["NoMatchingError"],
  },
  TransferContactToQueue: { parameters: {}, requiredErrors: ["QueueAtCapacity", "NoMatchingError"] },
  TransferToFlow: {
    parameters: { ContactFlowId: { required: true, value: id } },
    requiredErrors: ["NoMatchingError"],
  },
  DequeueContactAndTransferToQueue: {
    parameters: { QueueId: { value: id }, AgentId: { value: id } },
    requiredErrors: ["QueueAtCapacity", "NoMatchingError"],
  },
  TransferContactToAgent: { parameters: {}, requiredErrors: [], terminal: true },
  TransferParticipantToThirdParty: {
    parameters: { ThirdPartyPhoneNumber: { required: true, value: text } },
    otherParameters: true,
    requiredErrors: [],
    optionalErrors: ["NoMatchingError", "CallFailed", "ConnectionTimeLimitExceeded"],
    nextActionOptional: true,
  },
  CreateCallbackContact: {
    parameters: {
      InitialCallDelaySeconds: { required: true, value: scalar },
      MaximumConnectionAttempts: { required: true, value: scalar },
      RetryDelaySeconds: { required: true, value: scalar },
      QueueId: { value: id },
      AgentId: { value: id },
      ContactFlowId: { value: id },
    },
    otherParameters: true,
    requiredErrors: ["NoMatchingError"],
  },
  UpdateContactCallbackNumber: {
    parameters: { CallbackNumber: { required: true, value: comparable } },
    requiredErrors: ["InvalidCallbackNumber", "CallbackNumberNotDialable"],
    optionalErrors: ["NoMatchingError"],
  },
  UpdateContactEventHooks: {
    parameters: { EventHooks: { required: true, value: eventHooks } },
    requiredErrors: ["NoMatchingError"],
  },
  GetParticipantInput: {
    parameters: prompt,
    otherParameters: true,
    oneOf: ["Text", "SSML", "PromptId", "Media"],
    requiredErrors: ["NoMatchingError"],
    optionalErrors: ["InputTimeLimitExceeded", "NoMatchingCondition", "InvalidPhoneNumber"],
    conditions: "any",
  },
  ConnectParticipantWithLexBot: {
    parameters: { ...prompt, LexInitializationData: { value: object } },
    otherParameters: true,
    requiredErrors: ["NoMatchingError"],
    optionalErrors: ["InputTimeLimitExceeded", "NoMatchingCondition"],
    conditions: "any",
  },
  MessageParticipantIteratively: {
    parameters: {},
    otherParameters: true,
    requiredErrors: [],
    optionalErrors: ["NoMatchingError", "MessagesInterrupted"],
    conditions: "any",
    nextActionOptional: true,
  },
  CheckHoursOfOperation: {
    parameters: { HoursOfOperationId: { value: id } },
    otherParameters: true,
    requiredErrors: ["NoMatchingError"],
    conditions: "some",
  },
  CheckMetricData: {
    parameters: { MetricType: { required: true, value: text }, QueueId: { value: id }, AgentId: { value: id } },
    otherParameters: true,
    requiredErrors: ["NoMatchingError", "NoMatchingCondition"],
    conditions: "some",
  },
  GetMetricData: { parameters: {}, otherParameters: true, requiredErrors: ["NoMatchingError"] },
  DistributeByPercentage: { parameters: {}, requiredErrors: ["NoMatchingCondition"], conditions: "some" },
  Wait: {
    parameters: {},
    otherParameters: true,
    requiredErrors: ["NoMatchingError"],
    optionalErrors: ["ParticipantNotFound"],
    conditions: "any",
    nextActionOptional: true,
  },
  UpdateContactRecordingBehavior: {
    parameters: { RecordingBehavior: { value: object }, AnalyticsBehavior: { value: object } },
    otherParameters: true,
    requiredErrors: [],
    optionalErrors: ["NoMatchingError"],
  },
  UpdateContactRecordingAndAnalyticsBehavior: {
    parameters: {},
    otherParameters: true,
    requiredErrors: ["NoMatchingError", "ChannelMismatch"],
    optionalErrors: ["InFlightRedactionConfigurationFailed"],
  },
  UpdateContactTextToSpeechVoice: {
    parameters: {},
    otherParameters: true,
    requiredErrors: [],
    optionalErrors: ["NoMatchingError"],
  },
  UpdateContactRoutingBehavior: { parameters: {}, otherParameters: true, requiredErrors: [] },
  UpdateContactData: { parameters: {}, otherParameters: true, requiredErrors: ["NoMatchingError"] },
  TagContact: { parameters: { Tags: { required: true, value: object } }, requiredErrors: ["NoMatchingError"] },
  DisconnectParticipant: { parameters: {}, requiredErrors: [], terminal: true },
  EndFlowExecution: { parameters: {}, requiredErrors: [], terminal: true, only: "flow" },
  EndFlowModuleExecution: {
    parameters: { Result: { value: text }, ResultData: { value: resultData } },
    requiredErrors: [],
    terminal: true,
    only: "module",
  },
};

/**
 * Action types that have no rule here and neither end nor transfer the contact. They read or write data, and the flow continues on one of
 * their branches (devguide/flow-language-actions, adminguide/contact-block-definitions).
 */
const CONTINUING_TYPES: ReadonlySet<string> = new Set(
  [
    "AssociateContactToCustomerProfile AuthenticateParticipant CheckOutboundCallStatus CheckSegmentMembership CheckVoiceId",
    "CreateCase CreateCustomerProfile CreatePersistentContactAssociation CreateTask CreateWisdomSession",
    "GetCalculatedAttributesForCustomerProfile GetCase GetCustomerProfile GetCustomerProfileObject LoadContactContent",
    "ShowView StartVoiceIdStream UnTagContact UntagContact UpdateCase UpdateContactMediaProcessing",
    "UpdateContactMediaStreamingBehavior UpdateCustomerProfile UpdatePreviousContactParticipantState UpdateRoutingCriteria",
  ]
    .join(" ")
    .split(" "),
);

/** Whether a flow continues on a branch of a block of this type, although the type has no rule. */
export const alwaysContinues = (type: string): boolean => CONTINUING_TYPES.has(type);

/**
 * Documented action types without a rule (devguide/flow-language-actions). `similarType` never treats one of them as a typo of a modelled
 * type.
 */
const OTHER_DOCUMENTED_TYPES: ReadonlySet<string> = new Set([
  ...CONTINUING_TYPES,
  "CompleteOutboundCall",
  "ResumeContact",
  "RouteContactToAgent",
  "StartOutboundChatContact",
]);

/** Largest edit distance at which an unknown type counts as a typo of a modelled type. */
const MAX_TYPO_DISTANCE = 2;

/** Returns the modelled type that an unknown type probably means: `invokeLambdaFunction` gives `InvokeLambdaFunction`. */
export function similarType(type: string): string | undefined {
  if (actionRule(type) !== undefined || OTHER_DOCUMENTED_TYPES.has(type)) return undefined;
  const types = Object.keys(ACTION_RULES);
  return (
    types.find((known) => known.toLowerCase() === type.toLowerCase()) ??
    // Short types such as Wait and Loop are within two edits of other words.
    types.find((known) => known.length > 3 * MAX_TYPO_DISTANCE && editDistance(known, type) <= MAX_TYPO_DISTANCE)
  );
}

/** Returns the Levenshtein distance of two short texts. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_TYPO_DISTANCE) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const previous = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
  }
  return row[b.length] ?? 0;
}

/** Returns the rule of an action type, or undefined for an unmodelled type. */
export function actionRule(type: string): ActionRule | undefined {
  return Object.hasOwn(ACTION_RULES, type) ? ACTION_RULES[type as ModelledActionType] : undefined;
}
