/** Rules of Connect for each action type: parameters, error branches, conditions and allowed content kinds. */
import { isRecord } from "./json";
import { isComparable } from "./jsonpath";
import { type ContentKind, MAX_PROMPT_LENGTH, type ModelledActionType } from "./types";

/** Returns undefined for a valid value, or else a description of the allowed values. */
export type ValueRule = (value: unknown, parameters: Readonly<Record<string, unknown>>) => string | undefined;

export interface ParameterRule {
  readonly required?: true;
  readonly value: ValueRule;
}

export interface ActionRule {
  readonly parameters: Readonly<Record<string, ParameterRule>>;
  /** Exactly one of these parameters must be set. */
  readonly oneOf?: readonly string[];
  readonly requiredErrors: readonly string[];
  /** Also required if the action has conditions. */
  readonly conditionErrors?: readonly string[];
  readonly optionalErrors?: readonly string[];
  /** `some`: at least one. An array: exactly one `Equals` for each operand. Omitted: none. */
  readonly conditions?: "some" | "any" | readonly string[];
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

/** Exports contain letters, digits, dash, underscore, spaces and namespaces (`connect:Subtype`). */
const ATTRIBUTE_NAME = /^[^$.]+$/;

const attributes: ValueRule = (value) =>
  isRecord(value) &&
  Object.entries(value).every(
    ([name, v]) => (name.startsWith("$.") || ATTRIBUTE_NAME.test(name)) && typeof v === "string",
  )
    ? undefined
    : 'an object of strings whose names have neither "$" nor "."';

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

const spoken: ValueRule = (value) =>
  typeof value === "string" && value.length <= MAX_PROMPT_LENGTH
    ? undefined
    : `text of at most ${MAX_PROMPT_LENGTH} characters`;

/** Rules by action type. Sources: the devguide page of each action, corrected by published answers of the live service. */
export const ACTION_RULES: Readonly<Record<ModelledActionType, ActionRule>> = {
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
    parameters: { LoopCount: { required: true, value: loopCount } },
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
  DisconnectParticipant: { parameters: {}, requiredErrors: [], terminal: true },
  EndFlowExecution: { parameters: {}, requiredErrors: [], terminal: true, only: "flow" },
  EndFlowModuleExecution: {
    parameters: { Result: { value: text }, ResultData: { value: object } },
    requiredErrors: [],
    terminal: true,
    only: "module",
  },
};

/** Returns the rule of an action type, or undefined for an unmodelled type. */
export function actionRule(type: string): ActionRule | undefined {
  return Object.hasOwn(ACTION_RULES, type) ? ACTION_RULES[type as ModelledActionType] : undefined;
}
