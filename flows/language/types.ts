/** Types of the Amazon Connect flow language: flows, modules and the modelled action types. */

import type { JsonValue } from "./json";

/** The only flow language version that Connect accepts (devguide/flow-language-example). */
export const FLOW_LANGUAGE_VERSION = "2019-10-30";

/** Only a module has `Settings`. Some action types are valid only in a module or only in a flow. */
export type ContentKind = "module" | "flow";

/** Operators of a condition. Each takes one operand. Connect accepts `KeyExists` without documenting it. */
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

/** Targets of an action. A terminal action has no transitions. */
export interface Transitions {
  readonly NextAction?: string;
  readonly Errors?: readonly ErrorBranch[];
  /** Evaluated in order; the first true condition applies. */
  readonly Conditions?: readonly ConditionBranch[];
}

export interface ErrorBranch {
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

/** An action of any type, for content from any source. */
export interface Action {
  readonly Identifier: string;
  readonly Type: string;
  readonly Parameters?: Readonly<Record<string, JsonValue>>;
  readonly Transitions?: Transitions;
}

/** Action types whose parameters, errors and conditions are modelled. Scalars are usually strings, as the console writes them. */
export type ModelledAction =
  | ActionOf<
      "InvokeLambdaFunction",
      {
        readonly LambdaFunctionARN: string;
        /** Whole seconds: 1 to 8, or 1 to 60 for an asynchronous invocation. */
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
  | ActionOf<"Loop", { readonly LoopCount?: string | number }>
  | ActionOf<
      "InvokeFlowModule",
      { readonly FlowModuleId: string; readonly Input?: Readonly<Record<string, JsonValue>> }
    >
  | ActionOf<"MessageParticipant", Message>
  | ActionOf<"UpdateContactTargetQueue", { readonly QueueId: string } | { readonly AgentId: string }>
  | ActionOf<ExternalActionType | SettingActionType, Readonly<Record<string, JsonValue>>>
  | ActionOf<"TransferContactToQueue" | "TransferContactToAgent", NoParameters>
  | ActionOf<"DequeueContactAndTransferToQueue", { readonly QueueId?: string; readonly AgentId?: string }>
  | ActionOf<"TransferToFlow", { readonly ContactFlowId: string }>
  | ActionOf<"DisconnectParticipant", NoParameters>
  | ActionOf<"EndFlowExecution", NoParameters>
  | ActionOf<
      "EndFlowModuleExecution",
      { readonly Result?: string; readonly ResultData?: string | Readonly<Record<string, JsonValue>> }
    >;
export type ModelledActionType = ModelledAction["Type"];

/** Action types whose branch depends on the caller, on agents, on the time or on chance. */
export type ExternalActionType =
  | "CheckHoursOfOperation"
  | "CheckMetricData"
  | "ConnectParticipantWithLexBot"
  | "CreateCallbackContact"
  | "DistributeByPercentage"
  | "GetMetricData"
  | "GetParticipantInput"
  | "MessageParticipantIteratively"
  | "TransferParticipantToThirdParty"
  | "Wait";

/** Action types that change settings of the contact and never end or transfer it. */
export type SettingActionType =
  | "TagContact"
  | "UpdateContactCallbackNumber"
  | "UpdateContactData"
  | "UpdateContactEventHooks"
  | "UpdateContactRecordingAndAnalyticsBehavior"
  | "UpdateContactRecordingBehavior"
  | "UpdateContactRoutingBehavior"
  | "UpdateContactTextToSpeechVoice";

type NoParameters = Readonly<Record<string, never>>;

/** A spoken message: plain text, or SSML (`<speak>…</speak>`, voice contacts only). */
export type Message = { readonly Text: string } | { readonly SSML: string };

/** Maximum length of a prompt in characters, with markup (polly SynthesizeSpeech). */
export const MAX_PROMPT_LENGTH = 6000;
/** Maximum length in characters without markup. The caller hears nothing of a longer prompt (polly SynthesizeSpeech). */
export const MAX_SPOKEN_LENGTH = 3000;

export interface Position {
  readonly x: number;
  readonly y: number;
}

/** Block positions for the console. Connect ignores them. The console reads these names in lower camel case. */
export interface FlowMetadata {
  readonly entryPointPosition: Position;
  readonly ActionMetadata: Readonly<Record<string, ActionMetadata>>;
}

export interface ActionMetadata {
  readonly position: Position;
  /** Makes the console show the identifier as the block name. */
  readonly isFriendlyName?: boolean;
  /** On import, the console looks up a resource by this name if it does not know the id. */
  readonly parameters?: Readonly<Record<string, { readonly displayName: string }>>;
  readonly contactFlowModuleName?: string;
}

/** Required in the content of a module. The inputs and outputs are a separate API parameter. */
export interface ModuleSettings {
  readonly InputParameters: readonly JsonValue[];
  readonly OutputParameters: readonly JsonValue[];
  readonly Transitions: readonly {
    readonly DisplayName: string;
    readonly ReferenceName: string;
    readonly Description: string;
  }[];
}

/** The content of a flow or module. Only a module has `Settings`. */
export interface FlowContent {
  readonly Version: typeof FLOW_LANGUAGE_VERSION;
  readonly StartAction: string;
  readonly Metadata?: FlowMetadata;
  readonly Actions: readonly Action[];
  readonly Settings?: ModuleSettings;
}
