/** Builds an inbound flow that checks each caller with the `blockedStatus` module, for teams without their own flow. */
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

/** What happens to a blocked caller. Queues and flows are given by id or ARN. */
export type WhenBlocked =
  | { readonly action: "disconnect" }
  | { readonly action: "message"; readonly message: Message }
  | { readonly action: "queue"; readonly queueId: string }
  | { readonly action: "flow"; readonly flowId: string };

export interface InboundFlowProps {
  /** Id of the `blockedStatus` module, or a placeholder that `toTerraformString` replaces with a Terraform reference. */
  readonly moduleId: string;
  /** Id or ARN of the queue for callers who are not blocked. */
  readonly queueId: string;
  readonly whenBlocked: WhenBlocked;
}

/** Identifiers of the flow's actions. The Connect console shows them as block names. */
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
 * Returns the content of the flow.
 *
 * Only a `match` that the module wrote blocks a caller. Every earlier failure leads to the normal queue. If the queue or flow for blocked
 * callers cannot be reached, blocked callers go to the normal queue too.
 *
 * Plain text over 3000 characters is split into several prompts, because Connect does not speak a longer prompt at all.
 *
 * @throws UnusableText if the message would not be spoken as written
 * @throws Error if Connect would refuse the content
 */
export function inboundFlow(props: InboundFlowProps): FlowContent {
  const id = INBOUND_ACTIONS;
  const blocked = blockedActions(props.whenBlocked, id, id.setQueue);
  const actions: readonly ModelledAction[] = [
    ...checkActions(props.moduleId, id, blocked[0]?.Identifier ?? id.hangUp, id.setQueue),
    setQueue(id.setQueue, props.queueId, id.toQueue, id.hangUp),
    toQueue(id),
    ...blocked,
    hangUp(id),
  ];
  const content = withPositions(
    { Version: FLOW_LANGUAGE_VERSION, StartAction: id.checkCaller, Actions: actions },
    // When the flow is imported into another instance, the console looks the module up by this name.
    { [id.checkCaller]: BLOCKED_STATUS_MODULE_NAME },
  );
  return requireAccepted(content, "flow", "the inbound flow");
}

/** Names of the blocks, as in {@link INBOUND_ACTIONS}. */
type Names = Readonly<Record<keyof typeof INBOUND_ACTIONS, string>>;

/**
 * Returns the blocks that check a caller, for a flow that exists: the first invokes the module, the second compares its answer, and the
 * others end the call of a blocked caller. Every failure of the first two leads to `next`.
 *
 * @param names names of the blocks; the flow must have no block with one of these names
 * @param next identifier of the block for callers who are not blocked
 */
export function callerCheck(moduleId: string, whenBlocked: WhenBlocked, names: Names, next: string): ModelledAction[] {
  const blocked = blockedActions(whenBlocked, names, next);
  return [
    ...checkActions(moduleId, names, blocked[0]?.Identifier ?? names.hangUp, next),
    ...blocked,
    ...(whenBlocked.action === "queue" ? [toQueue(names)] : []),
    ...(whenBlocked.action === "flow" ? [] : [hangUp(names)]),
  ];
}

function checkActions(moduleId: string, names: Names, blocked: string, next: string): ModelledAction[] {
  return [
    {
      Identifier: names.checkCaller,
      Type: "InvokeFlowModule",
      Parameters: { FlowModuleId: moduleId },
      Transitions: { NextAction: names.isBlocked, Errors: [{ NextAction: next, ErrorType: "NoMatchingError" }] },
    },
    {
      Identifier: names.isBlocked,
      Type: "Compare",
      Parameters: { ComparisonValue: `$.Attributes.${BLOCKED_STATUS_ATTRIBUTE}` },
      Transitions: {
        NextAction: next,
        Errors: [{ NextAction: next, ErrorType: "NoMatchingCondition" }],
        Conditions: [{ NextAction: blocked, Condition: { Operator: "Equals", Operands: [MATCH] } }],
      },
    },
  ];
}

function toQueue(names: Names): ModelledAction {
  return {
    Identifier: names.toQueue,
    Type: "TransferContactToQueue",
    Parameters: {},
    Transitions: {
      NextAction: names.hangUp,
      Errors: [
        { NextAction: names.hangUp, ErrorType: "QueueAtCapacity" },
        { NextAction: names.hangUp, ErrorType: "NoMatchingError" },
      ],
    },
  };
}

function hangUp(names: Names): ModelledAction {
  return { Identifier: names.hangUp, Type: "DisconnectParticipant", Parameters: {}, Transitions: {} };
}

/**
 * Returns the blocks for blocked callers in order; empty if the call is disconnected immediately.
 *
 * @param next block for the case that the queue or flow for blocked callers cannot be reached
 */
function blockedActions(whenBlocked: WhenBlocked, id: Names, next: string): ModelledAction[] {
  switch (whenBlocked.action) {
    case "disconnect":
      return [];
    case "queue":
      return [setQueue(id.setBlockedQueue, whenBlocked.queueId, id.toQueue, next)];
    case "flow":
      return [
        {
          Identifier: id.toBlockedFlow,
          Type: "TransferToFlow",
          Parameters: { ContactFlowId: whenBlocked.flowId },
          // Connect requires the success branch but never takes it.
          Transitions: { NextAction: next, Errors: [{ NextAction: next, ErrorType: "NoMatchingError" }] },
        },
      ];
    case "message": {
      const messages = splitIntoPrompts(whenBlocked.message);
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

/** Splits the message into prompts that Connect can speak, after white space if possible. */
function splitIntoPrompts(message: Message): Message[] {
  if ("SSML" in message) {
    requireLiteral({ "whenBlocked message (SSML)": message.SSML });
    const spokenLength = message.SSML.replace(/<[^>]*>/g, "").length;
    if (spokenLength > MAX_SPOKEN_LENGTH || message.SSML.length > MAX_PROMPT_LENGTH) {
      throw new UnusableText(
        `whenBlocked message (SSML): the text has ${spokenLength} characters, ${message.SSML.length} with markup. Connect ` +
          `allows ${MAX_SPOKEN_LENGTH} characters of text and ${MAX_PROMPT_LENGTH} with markup. Shorten the message.`,
      );
    }
    return [message];
  }
  // Connect reads "$.50" in plain text as a reference and has no escape for it. SSML is XML, so it can escape the "$".
  const needsEscape = containsReference(message.Text);
  requireLiteral({ "whenBlocked message": needsEscape ? toSsml(message.Text) : message.Text });
  if (needsEscape) return splitText(message.Text, MAX_SPOKEN_LENGTH / 3).map((text) => ({ SSML: toSsml(text) }));
  return splitText(message.Text, MAX_SPOKEN_LENGTH).map((Text) => ({ Text }));
}

/** Splits `text` into parts of at most `length` characters. */
function splitText(text: string, length: number): string[] {
  return text.match(new RegExp(`[^]{1,${length}}(?:(?<=\\s)|$)|[^]{1,${length}}`, "gu")) ?? [];
}

function toSsml(text: string): string {
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
