/** Reads published flow content from AWS, whose form is not trusted. */
import { isRecord } from "../language/json";
import type { Action, ConditionBranch, ErrorBranch, FlowContent, Transitions } from "../language/types";

export type ReadFlow = { readonly content: FlowContent } | { readonly problem: string };

/** Longest content in characters. Connect allows 256,000 characters. */
const maxLength = 2_000_000;
/** Most blocks. Connect allows 250. */
const maxBlocks = 2_000;

/**
 * Accepts every content whose blocks can be followed. Parameters are not checked, because Connect publishes blocks whose rules are not
 * documented.
 */
export function readFlow(text: string): ReadFlow {
  if (text.length > maxLength)
    return { problem: `its content has more than ${maxLength / 1_000_000} million characters` };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { problem: "its content is not JSON" };
  }
  if (!isRecord(parsed)) return { problem: "its content is not a JSON object" };
  if (Array.isArray(parsed["modules"]) && parsed["Actions"] === undefined) {
    return { problem: "its content is in the legacy export format" };
  }
  const { Version, StartAction, Actions } = parsed;
  if (!Array.isArray(Actions)) return { problem: "its content has no list of blocks" };
  if (Actions.length > maxBlocks) return { problem: `its content has ${Actions.length} blocks` };
  const actions: Action[] = [];
  for (const [n, value] of (Actions as readonly unknown[]).entries()) {
    const action = readAction(value);
    if (action === undefined) return { problem: `the block Actions[${n}] has an unknown form` };
    actions.push(action);
  }
  const identifiers = new Set(actions.map(({ Identifier }) => Identifier));
  if (identifiers.size < actions.length) return { problem: "several blocks have the same identifier" };
  if (typeof StartAction !== "string" || !identifiers.has(StartAction)) {
    return { problem: "its first block does not exist" };
  }
  const lost = actions.find((action) => targetsOf(action).some((target) => !identifiers.has(target)));
  if (lost !== undefined) return { problem: `the block "${lost.Identifier}" leads to a block that does not exist` };
  return { content: { Version: Version as FlowContent["Version"], StartAction, Actions: actions } };
}

function readAction(value: unknown): Action | undefined {
  if (!isRecord(value)) return undefined;
  const { Identifier, Type, Parameters = {}, Transitions = {} } = value;
  if (typeof Identifier !== "string" || Identifier === "" || typeof Type !== "string" || Type === "") return undefined;
  if (!isRecord(Parameters) || !isRecord(Transitions)) return undefined;
  const transitions = readTransitions(Transitions);
  return (
    transitions && {
      Identifier,
      Type,
      Parameters: Parameters as NonNullable<Action["Parameters"]>,
      Transitions: transitions,
    }
  );
}

function readTransitions(value: Readonly<Record<string, unknown>>): Transitions | undefined {
  const { NextAction, Errors = [], Conditions = [] } = value;
  if (NextAction !== undefined && typeof NextAction !== "string") return undefined;
  if (!Array.isArray(Errors) || !Errors.every(isErrorBranch)) return undefined;
  if (!Array.isArray(Conditions) || !Conditions.every(isConditionBranch)) return undefined;
  return { ...(NextAction !== undefined && { NextAction }), Errors, Conditions };
}

const isErrorBranch = (value: unknown): value is ErrorBranch =>
  isRecord(value) && typeof value["NextAction"] === "string" && typeof value["ErrorType"] === "string";

function isConditionBranch(value: unknown): value is ConditionBranch {
  if (!isRecord(value) || typeof value["NextAction"] !== "string" || !isRecord(value["Condition"])) return false;
  const { Operator, Operands } = value["Condition"];
  return typeof Operator === "string" && Array.isArray(Operands) && Operands.every((one) => typeof one === "string");
}

function targetsOf({ Transitions: { NextAction, Errors = [], Conditions = [] } = {} }: Action): string[] {
  return [
    ...(NextAction === undefined ? [] : [NextAction]),
    ...Errors.map((branch) => branch.NextAction),
    ...Conditions.map((branch) => branch.NextAction),
  ];
}
