/** A flow as blocks and the ways between them, in words a person reads: what the diagrams and the layout start from. */
import type { Action, FlowContent, ModelledAction, Transitions } from "../language/types";

export interface Block {
  readonly identifier: string;
  /** What the console calls this kind of block. */
  readonly kind: string;
  /** The one thing about it that matters most, such as `blockedStatus = match`; may be empty. */
  readonly detail: string;
}

/** `success` is the way on, `condition` a chosen branch, `error` a way that only a failure takes. */
export type LinkKind = "success" | "condition" | "error";

/** One way from a block to another; branches of one block that lead to the same place are one link. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly kind: LinkKind;
  /** Empty when the way needs no words. */
  readonly label: string;
}

export interface FlowGraph {
  readonly start: string;
  readonly blocks: readonly Block[];
  readonly links: readonly Link[];
}

/** The names of blocks in the Connect console (adminguide/contact-block-definitions), by action type. */
const CONSOLE_NAMES: Readonly<Record<ModelledAction["Type"], string>> = {
  InvokeLambdaFunction: "AWS Lambda function",
  UpdateContactAttributes: "Set contact attributes",
  UpdateFlowAttributes: "Set flow attributes",
  UpdateFlowLoggingBehavior: "Set logging behavior",
  Compare: "Check contact attributes",
  Loop: "Loop",
  InvokeFlowModule: "Invoke module",
  MessageParticipant: "Play prompt",
  UpdateContactTargetQueue: "Set working queue",
  TransferContactToQueue: "Transfer to queue",
  TransferToFlow: "Transfer to flow",
  DisconnectParticipant: "Disconnect",
  EndFlowExecution: "End flow",
  EndFlowModuleExecution: "Return",
};

/** The content needs to be valid; blocks of types that are not modelled carry the type's own name. */
export function flowGraph(content: FlowContent): FlowGraph {
  return {
    start: content.StartAction,
    blocks: content.Actions.map((action) => ({
      identifier: action.Identifier,
      kind: Object.hasOwn(CONSOLE_NAMES, action.Type)
        ? CONSOLE_NAMES[action.Type as ModelledAction["Type"]]
        : action.Type,
      detail: detailOf(action as ModelledAction),
    })),
    links: content.Actions.flatMap(linksOf),
  };
}

function detailOf(action: ModelledAction): string {
  switch (action.Type) {
    case "InvokeLambdaFunction":
      return action.Parameters.LambdaFunctionARN.split(":function:").at(-1) ?? "";
    case "UpdateContactAttributes":
      return Object.entries(action.Parameters.Attributes)
        .map(([name, value]) => `${name} = ${value}`)
        .join(", ");
    case "Compare":
      return action.Parameters.ComparisonValue;
    case "MessageParticipant":
      return "Text" in action.Parameters
        ? action.Parameters.Text
        : "SSML" in action.Parameters
          ? action.Parameters.SSML
          : "";
    case "InvokeFlowModule":
      return action.Parameters.FlowModuleId;
    case "UpdateContactTargetQueue":
      return "QueueId" in action.Parameters ? action.Parameters.QueueId : action.Parameters.AgentId;
    case "TransferToFlow":
      return action.Parameters.ContactFlowId;
    default:
      return "";
  }
}

function linksOf(action: Action): Link[] {
  const transitions: Transitions = action.Transitions ?? {};
  // A transferred contact never comes back: the success branch that Connect demands here is never taken.
  const leaves = action.Type === "TransferContactToQueue" || action.Type === "TransferToFlow";
  const branches: { to: string; kind: LinkKind; label: string }[] = [
    ...(transitions.NextAction !== undefined && !leaves
      ? [{ to: transitions.NextAction, kind: "success" as const, label: "" }]
      : []),
    ...(transitions.Conditions ?? []).map((branch) => ({
      to: branch.NextAction,
      kind: "condition" as const,
      label: conditionLabel(branch.Condition),
    })),
    ...(transitions.Errors ?? []).map((branch) => ({
      to: branch.NextAction,
      // "No condition was true" is no failure, and leads where the success branch leads.
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

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The beginning of a text that has room for `length` characters, where a character is what a reader sees as one. */
export function shorten(text: string, length: number): string {
  // No more than this is looked at: a text may be 256 kB long.
  const characters = Array.from(graphemes.segment(text.slice(0, length * 16)), (part) => part.segment);
  return characters.length <= length && text.length <= length * 16
    ? text
    : `${characters.slice(0, length - 1).join("")}…`;
}
