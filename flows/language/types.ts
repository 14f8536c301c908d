/** The JSON of the Amazon Connect flow language: the envelope of flows and modules and the action types this project models. */

import type { JsonValue } from "./json";

/** The only version of the flow language that Connect accepts (devguide/flow-language-example). */
export const FLOW_LANGUAGE_VERSION = "2019-10-30";

/** Modules and flows share the language, but only a module has `Settings`, and each has actions the other may not use. */
export type ContentKind = "module" | "flow";

export type ErrorType = "NoMatchingError" | "NoMatchingCondition" | "QueueAtCapacity";

/** Comparisons of the service; `KeyExists` is missing from its documentation but is accepted. Every one takes one operand. */
export const OPERATORS = [
  "Equals",
  "TextStartsWith",
  "TextEndsWith",
  "TextContains",
  "NumberGreaterThan",
  "NumberGreaterOrEqualTo",
  "NumberLessThan",
  "NumberLessOrEqualTo",
  "KeyExists",
] as const;
export type Operator = (typeof OPERATORS)[number];

/** Where an action leads. A terminal action has none of the three. */
export interface Transitions {
  readonly NextAction?: string;
  readonly Errors?: readonly ErrorBranch[];
  /** Tried in order; the first that is true wins. */
  readonly Conditions?: readonly ConditionBranch[];
}

export interface ErrorBranch {
  /** One of `ErrorType` in our flows; other people's flows use more. */
  readonly ErrorType: string;
  readonly NextAction: string;
}

export interface ConditionBranch {
  readonly NextAction: string;
  readonly Condition: { readonly Operator: string; readonly Operands: readonly string[] };
}

interface ActionOf<Type extends string, Parameters> {
  readonly Identifier: string;
  readonly Type: Type;
  readonly Parameters: Parameters;
  readonly Transitions: Transitions;
}

/** An action of any type, as it stands in content that somebody else may have written. */
export interface Action {
  readonly Identifier: string;
  readonly Type: string;
  readonly Parameters?: Readonly<Record<string, JsonValue>>;
  readonly Transitions?: Transitions;
}

/** The action types whose parameters, errors and conditions are known here. Our scalars are strings, as the console writes them. */
export type ModelledAction =
  | ActionOf<
      "InvokeLambdaFunction",
      {
        readonly LambdaFunctionARN: string;
        /** Whole seconds, 1 to 8; to 60 for an asynchronous call. */
        readonly InvocationTimeLimitSeconds: string | number;
        readonly InvocationType?: "SYNCHRONOUS" | "ASYNCHRONOUS";
        readonly LambdaInvocationAttributes?: Readonly<Record<string, string>>;
        readonly ResponseValidation?: { readonly ResponseType: "STRING_MAP" | "JSON" };
      }
    >
  | ActionOf<
      "UpdateContactAttributes",
      { readonly Attributes: Readonly<Record<string, string>>; readonly TargetContact?: "Current" | "Related" }
    >
  | ActionOf<"UpdateFlowAttributes", { readonly FlowAttributes: Readonly<Record<string, { readonly Value: string }>> }>
  | ActionOf<"UpdateFlowLoggingBehavior", { readonly FlowLoggingBehavior: "Enabled" | "Disabled" }>
  | ActionOf<"Compare", { readonly ComparisonValue: string }>
  | ActionOf<"Loop", { readonly LoopCount: string | number }>
  | ActionOf<
      "InvokeFlowModule",
      { readonly FlowModuleId: string; readonly Input?: Readonly<Record<string, JsonValue>> }
    >
  | ActionOf<"MessageParticipant", Message>
  | ActionOf<"UpdateContactTargetQueue", { readonly QueueId: string } | { readonly AgentId: string }>
  | ActionOf<"TransferContactToQueue", NoParameters>
  | ActionOf<"TransferToFlow", { readonly ContactFlowId: string }>
  | ActionOf<"DisconnectParticipant", NoParameters>
  | ActionOf<"EndFlowExecution", NoParameters>
  | ActionOf<
      "EndFlowModuleExecution",
      { readonly Result?: string; readonly ResultData?: Readonly<Record<string, JsonValue>> }
    >;
export type ModelledActionType = ModelledAction["Type"];

type NoParameters = Readonly<Record<string, never>>;

/** What a caller hears: plain text, or SSML (`<speak>…</speak>`, voice contacts only). */
export type Message = { readonly Text: string } | { readonly SSML: string };

/** Longest text of one prompt in characters, markup included: Connect refuses more (polly SynthesizeSpeech). */
export const MAX_PROMPT_LENGTH = 6000;
/** How many of them Amazon Polly speaks, markup not counted; beyond that the caller hears nothing (polly SynthesizeSpeech). */
export const MAX_SPOKEN_LENGTH = 3000;

export interface Position {
  readonly x: number;
  readonly y: number;
}

/** Where the console draws each block; the service ignores it. The console reads these names in lower camel case. */
export interface FlowMetadata {
  readonly entryPointPosition: Position;
  readonly ActionMetadata: Readonly<Record<string, ActionMetadata>>;
}

export interface ActionMetadata {
  readonly position: Position;
  /** The identifier is a name for people, so the console shows it on the block. */
  readonly isFriendlyName?: boolean;
  /** On import, the console looks a resource up by this name where the id is not known. */
  readonly parameters?: Readonly<Record<string, { readonly displayName: string }>>;
  readonly contactFlowModuleName?: string;
}

/** Mandatory in a module's content although it declares nothing: the real contract is a separate API parameter. */
export interface ModuleSettings {
  readonly InputParameters: readonly JsonValue[];
  readonly OutputParameters: readonly JsonValue[];
  readonly Transitions: readonly {
    readonly DisplayName: string;
    readonly ReferenceName: string;
    readonly Description: string;
  }[];
}

/** The content of a flow or module, of which `Settings` belongs to modules alone. */
export interface FlowContent {
  readonly Version: typeof FLOW_LANGUAGE_VERSION;
  readonly StartAction: string;
  readonly Metadata?: FlowMetadata;
  readonly Actions: readonly Action[];
  readonly Settings?: ModuleSettings;
}
