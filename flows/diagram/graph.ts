/** Converts a flow to blocks and links with readable labels, for diagrams and layout. */
import { scalarText } from "../language/conditions";
import { isRecord } from "../language/json";
import type { Action, FlowContent, ModelledAction, Transitions } from "../language/types";

export interface Block {
  readonly identifier: string;
  /** Name of the block type in the Connect console. */
  readonly kind: string;
  /** The most important parameter, such as `blockedStatus = match`; may be empty. */
  readonly detail: string;
}

/** `success`: the default branch. `condition`: a branch that a comparison chose. `error`: a branch that only a failure takes. */
export type LinkKind = "success" | "condition" | "error";

/** A connection between two blocks. Branches of one block with the same target form one link. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly kind: LinkKind;
  /** Empty if the link needs no label. */
  readonly label: string;
}

export interface FlowGraph {
  readonly start: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
}

/** Block names in the Connect console by action type (adminguide/contact-block-definitions). */
const CONSOLE_NAMES: Readonly<Record<ModelledAction["Type"], string>> = {
  InvokeLambdaFunction: "AWS Lambda function",
  UpdateContactAttributes: "Set contact attributes",
  UpdateFlowAttributes: "Set flow attributes",
  UpdateFlowLoggingBehavior: "Set logging behavior",
  Compare: "Check contact attributes",
  Loop: "Loop",
  InvokeFlowModule: "Invoke module",
  MessageParticipant: "Play prompt",
  CheckHoursOfOperation: "Check hours of operation",
  CheckMetricData: "Check queue status",
  ConnectParticipantWithLexBot: "Get customer input",
  CreateCallbackContact: "Transfer to queue (callback)",
  DequeueContactAndTransferToQueue: "Transfer to queue",
  DistributeByPercentage: "Distribute by percentage",
  GetMetricData: "Get metrics",
  GetParticipantInput: "Get customer input",
  MessageParticipantIteratively: "Loop prompts",
  TagContact: "Contact tags",
  TransferContactToAgent: "Transfer to agent",
  TransferParticipantToThirdParty: "Transfer to phone number",
  UpdateContactCallbackNumber: "Set callback number",
  UpdateContactData: "Set contact data",
  UpdateContactEventHooks: "Set event flow",
  UpdateContactRecordingAndAnalyticsBehavior: "Set recording and analytics behavior",
  UpdateContactRecordingBehavior: "Set recording behavior",
  UpdateContactRoutingBehavior: "Change routing priority / age",
  UpdateContactTextToSpeechVoice: "Set voice",
  Wait: "Wait",
  UpdateContactTargetQueue: "Set working queue",
  TransferContactToQueue: "Transfer to queue",
  TransferToFlow: "Transfer to flow",
  DisconnectParticipant: "Disconnect",
  EndFlowExecution: "End flow",
  EndFlowModuleExecution: "Return",
};

const TRANSFER_TYPES: ReadonlySet<string> = new Set([
  "TransferContactToQueue",
  "DequeueContactAndTransferToQueue",
  "TransferToFlow",
]);

/** Converts valid content to a graph. A block of an unmodelled type shows the name of its type. */
export function flowGraph(content: FlowContent): FlowGraph {
  return {
    start: content.StartAction,
    blocks: content.Actions.map((action) => ({
      identifier: action.Identifier,
      kind: Object.hasOwn(CONSOLE_NAMES, action.Type)
        ? CONSOLE_NAMES[action.Type as ModelledAction["Type"]]
        : action.Type,
      detail: detailOf(action),
    })),
    links: content.Actions.flatMap(linksOf),
  };
}

/** Published content can have parameters of another form than the model. Such a block has no detail. */
function detailOf({ Type, Parameters = {} }: Action): string {
  const text = (name: string): string => scalarText(Parameters[name]) ?? "";
  switch (Type) {
    case "InvokeLambdaFunction":
      return text("LambdaFunctionARN").split(":function:").at(-1) ?? "";
    case "UpdateContactAttributes": {
      const attributes = Parameters["Attributes"];
      return Object.entries(isRecord(attributes) ? attributes : {})
        .map(([name, value]) => `${name} = ${scalarText(value) ?? ""}`)
        .join(", ");
    }
    case "Compare":
      return text("ComparisonValue");
    case "MessageParticipant":
      return text("Text") || text("SSML");
    case "InvokeFlowModule":
      return text("FlowModuleId");
    case "UpdateContactTargetQueue":
      return text("QueueId") || text("AgentId");
    case "TransferToFlow":
      return text("ContactFlowId");
    default:
      return "";
  }
}

function linksOf(action: Action): Link[] {
  const transitions: Transitions = action.Transitions ?? {};
  // A transferred contact never returns. Connect requires a success branch here but never takes it.
  const isTransfer = TRANSFER_TYPES.has(action.Type);
  const branches: { to: string; kind: LinkKind; label: string }[] = [
    ...(transitions.NextAction !== undefined && !isTransfer
      ? [{ to: transitions.NextAction, kind: "success" as const, label: "" }]
      : []),
    ...(transitions.Conditions ?? []).map((branch) => ({
      to: branch.NextAction,
      kind: "condition" as const,
      label: conditionLabel(branch.Condition),
    })),
    ...(transitions.Errors ?? []).map((branch) => ({
      to: branch.NextAction,
      // NoMatchingCondition is not a failure. It leads to the same block as the success branch.
      kind: branch.ErrorType === "NoMatchingCondition" ? ("success" as const) : ("error" as const),
      label: errorLabel(branch.ErrorType),
    })),
  ];
  return [...new Set(branches.map((branch) => branch.to))].map((to) => {
    const same = branches.filter((branch) => branch.to === to);
    const kind = (["success", "condition", "error"] as const).find((k) => same.some((branch) => branch.kind === k));
    const labels = [...new Set(same.map((branch) => branch.label).filter((label) => label !== ""))];
    const also = kind === "success" && labels.includes("error");
    return { from: action.Identifier, to, kind: kind ?? "success", label: also ? "or error" : labels.join(", ") };
  });
}

function conditionLabel(condition: { readonly Operator: string; readonly Operands: readonly string[] }): string {
  const operand = condition.Operands.join(" ");
  return condition.Operator === "Equals" ? operand : `${condition.Operator} ${operand}`;
}

function errorLabel(type: string): string {
  const words: Readonly<Record<string, string>> = {
    NoMatchingError: "error",
    NoMatchingCondition: "otherwise",
    QueueAtCapacity: "at capacity",
  };
  return words[type] ?? type;
}

/** Created on first use, because most commands draw no diagram. */
let graphemes: Intl.Segmenter | undefined;

/** Truncates `text` to `length` visible characters (grapheme clusters). */
export function truncate(text: string, length: number): string {
  graphemes ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  // Segment only the first part: a text may have 256 kB.
  const characters = Array.from(graphemes.segment(text.slice(0, length * 16)), (part) => part.segment);
  return characters.length <= length && text.length <= length * 16
    ? text
    : `${characters.slice(0, length - 1).join("")}…`;
}
