/** An inbound flow that asks the blockedStatus module about each caller, for instances whose team has no flow of its own. */
import { BLOCKED_STATUS_ATTRIBUTE, BLOCKED_STATUS_MODULE_NAME, MATCH } from "./blocked-status";
import { withPositions } from "./diagram/layout";
import { requireLiteral, UnusableText } from "./literal-text";
import { containsReference } from "./language/jsonpath";
import {
  type FlowContent,
  FLOW_LANGUAGE_VERSION,
  MAX_PROMPT_LENGTH,
  MAX_SPOKEN_LENGTH,
  type Message,
  type ModelledAction,
} from "./language/types";
import { requireAccepted } from "./language/validate";

/** What a blocked caller meets. Queues and flows are named by id or ARN. */
export type WhenBlocked =
  | { readonly action: "disconnect" }
  | { readonly action: "message"; readonly message: Message }
  | { readonly action: "queue"; readonly queueId: string }
  | { readonly action: "flow"; readonly flowId: string };

export interface InboundFlowProps {
  /** Id of the blockedStatus module; until Terraform knows it, any name that `toTerraformString` is told to replace. */
  readonly moduleId: string;
  /** Id or ARN of the queue for callers who are not blocked. */
  readonly queueId: string;
  readonly whenBlocked: WhenBlocked;
}

/** Identifiers of the flow's actions, which are also the names of its blocks in the Connect console. */
export const INBOUND_ACTIONS = {
  checkCaller: "Check the caller",
  isBlocked: "Is the caller blocked?",
  setQueue: "Set queue",
  toQueue: "Transfer to queue",
  setBlockedQueue: "Set queue for blocked",
  toBlockedFlow: "Hand over to the flow",
  message: "Tell the caller",
  hangUp: "Hang up",
} as const;

/**
 * The content of the flow. Nothing but a `match` that the module wrote blocks: whatever fails before that leads to the
 * queue for everybody, and so does a queue or flow for blocked callers that cannot be reached.
 *
 * A plain text over 3000 characters is said in several prompts, since Connect would say none of it in one.
 *
 * @throws UnusableText when the message would not be said as it is written; Error when Connect would refuse the content
 */
export function inboundFlow(props: InboundFlowProps): FlowContent {
  const id = INBOUND_ACTIONS;
  const blocked = blockedActions(props.whenBlocked);
  const actions: readonly ModelledAction[] = [
    {
      Identifier: id.checkCaller,
      Type: "InvokeFlowModule",
      Parameters: { FlowModuleId: props.moduleId },
      Transitions: { NextAction: id.isBlocked, Errors: [{ NextAction: id.setQueue, ErrorType: "NoMatchingError" }] },
    },
    {
      Identifier: id.isBlocked,
      Type: "Compare",
      Parameters: { ComparisonValue: `$.Attributes.${BLOCKED_STATUS_ATTRIBUTE}` },
      Transitions: {
        NextAction: id.setQueue,
        Errors: [{ NextAction: id.setQueue, ErrorType: "NoMatchingCondition" }],
        Conditions: [
          {
            NextAction: blocked[0]?.Identifier ?? id.hangUp,
            Condition: { Operator: "Equals", Operands: [MATCH] },
          },
        ],
      },
    },
    setQueue(id.setQueue, props.queueId, id.toQueue, id.hangUp),
    {
      Identifier: id.toQueue,
      Type: "TransferContactToQueue",
      Parameters: {},
      Transitions: {
        NextAction: id.hangUp,
        Errors: [
          { NextAction: id.hangUp, ErrorType: "QueueAtCapacity" },
          { NextAction: id.hangUp, ErrorType: "NoMatchingError" },
        ],
      },
    },
    ...blocked,
    { Identifier: id.hangUp, Type: "DisconnectParticipant", Parameters: {}, Transitions: {} },
  ];
  const content = withPositions(
    { Version: FLOW_LANGUAGE_VERSION, StartAction: id.checkCaller, Actions: actions },
    // The console finds a module of this name when the flow is imported into another instance.
    { [id.checkCaller]: BLOCKED_STATUS_MODULE_NAME },
  );
  return requireAccepted(content, "flow", "the inbound flow");
}

/** The blocks that only blocked callers meet, the first one first; none when they are disconnected at once. */
function blockedActions(whenBlocked: WhenBlocked): ModelledAction[] {
  const id = INBOUND_ACTIONS;
  switch (whenBlocked.action) {
    case "disconnect":
      return [];
    case "queue":
      return [setQueue(id.setBlockedQueue, whenBlocked.queueId, id.toQueue, id.setQueue)];
    case "flow":
      return [
        {
          Identifier: id.toBlockedFlow,
          Type: "TransferToFlow",
          Parameters: { ContactFlowId: whenBlocked.flowId },
          // Connect demands the success branch and never takes it.
          Transitions: { NextAction: id.setQueue, Errors: [{ NextAction: id.setQueue, ErrorType: "NoMatchingError" }] },
        },
      ];
    case "message": {
      const messages = prompts(whenBlocked.message);
      const name = (n: number) => (n === 0 ? id.message : `${id.message} ${n + 1}`);
      return messages.map((message, n) => ({
        Identifier: name(n),
        Type: "MessageParticipant",
        Parameters: message,
        Transitions: {
          NextAction: n + 1 < messages.length ? name(n + 1) : id.hangUp,
          Errors: [{ NextAction: id.hangUp, ErrorType: "NoMatchingError" }],
        },
      }));
    }
  }
}

/** The message in pieces that can be spoken, cut after white space where there is some. */
function prompts(message: Message): Message[] {
  if ("SSML" in message) {
    requireLiteral({
      "whenBlocked message (SSML)": message.SSML,
    });
    const spoken = message.SSML.replace(/<[^>]*>/g, "").length;
    if (spoken > MAX_SPOKEN_LENGTH || message.SSML.length > MAX_PROMPT_LENGTH) {
      throw new UnusableText(
        `whenBlocked message (SSML): ${spoken} characters of text and ${message.SSML.length} with markup; at most ` +
          `${MAX_SPOKEN_LENGTH} and ${MAX_PROMPT_LENGTH} can be spoken. Shorten it.`,
      );
    }
    return [message];
  }
  // Plain text has no escape for what Connect would read as a reference ("only $.50 a minute"); SSML, which is XML, has.
  const escape = containsReference(message.Text);
  requireLiteral({ "whenBlocked message": escape ? speak(message.Text) : message.Text });
  if (escape) return pieces(message.Text, MAX_SPOKEN_LENGTH / 3).map((text) => ({ SSML: speak(text) }));
  return pieces(message.Text, MAX_SPOKEN_LENGTH).map((Text) => ({ Text }));
}

/** `text` in pieces of at most `length` characters. */
function pieces(text: string, length: number): string[] {
  return text.match(new RegExp(`[^]{1,${length}}(?:(?<=\\s)|$)|[^]{1,${length}}`, "gu")) ?? [];
}

function speak(text: string): string {
  const escaped = { "&": "&amp;", "<": "&lt;", $: "&#36;" } as const;
  return `<speak>${text.replaceAll(/[&<$]/g, (character) => escaped[character as keyof typeof escaped])}</speak>`;
}

function setQueue(identifier: string, queueId: string, next: string, onError: string): ModelledAction {
  return {
    Identifier: identifier,
    Type: "UpdateContactTargetQueue",
    Parameters: { QueueId: queueId },
    Transitions: { NextAction: next, Errors: [{ NextAction: onError, ErrorType: "NoMatchingError" }] },
  };
}
