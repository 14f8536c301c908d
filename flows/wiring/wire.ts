/** Inserts the check of the caller into an existing flow, and changes nothing else in its text but positions. */
import { BLOCKED_STATUS_ATTRIBUTE, BLOCKED_STATUS_MODULE_NAME } from "../blocked-status";
import { analyzeCoverage } from "../coverage/analyze";
import { callerCheck, INBOUND_ACTIONS, type WhenBlocked } from "../inbound";
import { isRecord } from "../language/json";
import { applyEdits, type JsonNode, locateJson, type TextEdit } from "../language/json-text";
import { interpolate } from "../language/jsonpath";
import type { Action, FlowContent } from "../language/types";
import { unmodelledActionTypes, validateContent } from "../language/validate";

/** The flow cannot be wired. The message lists every reason, with what to do. */
export class CannotWire extends Error {
  override readonly name = "CannotWire";
}

export interface WireProps {
  /** The content of the flow as Connect returns it, or as the console exports it: JSON. */
  readonly text: string;
  /** Id or ARN of the module `blockedStatus`, or its name for a file that the console imports. */
  readonly moduleId: string;
  /** Content of the module `blockedStatus`. */
  readonly module: FlowContent;
  readonly whenBlocked: WhenBlocked;
  /**
   * Identifier of the block after which the caller is checked.
   *
   * @default the caller is checked at the start of the flow
   */
  readonly after?: string | undefined;
}

export interface WiredFlow {
  /** The new content. Without the inserted blocks, only targets of the block before them and positions differ from the old content. */
  readonly text: string;
  readonly content: FlowContent;
  readonly original: FlowContent;
  /** Identifiers of the inserted blocks. The first invokes the module, the second compares its answer. */
  readonly inserted: readonly string[];
  /** Identifier of the original block that follows for callers who are not blocked. */
  readonly next: string;
  readonly whenBlocked: WhenBlocked;
  readonly moduleId: string;
}

/** Distance between blocks in the console, in pixels. */
const COLUMN = 280;

/**
 * Inserts the blocks that check the caller: invoke the module, compare its answer, end the call as `whenBlocked` says.
 *
 * @throws CannotWire if the flow cannot be analysed completely, checks the caller already, or would not protect all paths
 */
export function wireFlow(props: WireProps): WiredFlow {
  const original = acceptedContent(props);
  const names = freeNames(original);
  const { root, actions } = nodesOf(props.text, original);
  const before = props.after === undefined ? undefined : blockBefore(original, props.after);
  const next = before?.Transitions?.NextAction ?? original.StartAction;
  const inserted = callerCheck(props.moduleId, props.whenBlocked, names, next);
  const identifiers = inserted.map(({ Identifier }) => Identifier);

  const edits: TextEdit[] = [];
  const retarget = (node: JsonNode | undefined): void => {
    if (node !== undefined) edits.push({ ...node, text: JSON.stringify(names.checkCaller) });
  };
  if (before === undefined) retarget(root.members?.get("StartAction"));
  else {
    const transitions = actions.get(before.Identifier)?.members?.get("Transitions")?.members;
    retarget(transitions?.get("NextAction"));
    // Error branches that lead to the same block as the success branch would bypass the check.
    (before.Transitions?.Errors ?? []).forEach(({ NextAction }, n) => {
      if (NextAction === next) retarget(transitions?.get("Errors")?.items?.[n]?.members?.get("NextAction"));
    });
  }
  const list = root.members?.get("Actions");
  if (list !== undefined)
    edits.push(
      ...appended(
        props.text,
        list,
        inserted.map((action) => [undefined, action]),
      ),
    );
  edits.push(...positionEdits(props.text, root, original, before?.Identifier, identifiers));

  const text = applyEdits(props.text, edits);
  const content = JSON.parse(text) as FlowContent;
  requireProtected(content, props);
  return {
    text,
    content,
    original,
    inserted: identifiers,
    next,
    whenBlocked: props.whenBlocked,
    moduleId: props.moduleId,
  };
}

/** Parses the content, and refuses a flow that cannot be analysed completely or that checks the caller already. */
function acceptedContent({ text, moduleId, after }: WireProps): FlowContent {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new CannotWire("The content is not JSON. Export the flow again, or give the id or the name of the flow.");
  }
  const metadata = isRecord(content) && isRecord(content["Metadata"]) ? content["Metadata"] : {};
  if (isRecord(content) && content["Settings"] !== undefined) {
    throw new CannotWire("The content is a module. Wire the inbound flow that handles the call.");
  }
  const type = metadata["type"];
  if (typeof type === "string" && type !== "contactFlow") throw new CannotWire(wrongType(type));
  const problems = validateContent(content, "flow");
  if (problems.length > 0) {
    const list = problems.map(
      ({ message, path, hint }) => `  ${[path, message].filter(Boolean).join(": ")}\n    ${hint}`,
    );
    throw new CannotWire(`Connect would refuse the flow as it is:\n${list.join("\n")}`);
  }
  const flow = content as FlowContent;
  const reasons: string[] = [];
  const unmodelled = unmodelledActionTypes(flow);
  for (const type of unmodelled) {
    const blocks = flow.Actions.filter((action) => action.Type === type).map(({ Identifier }) => Identifier);
    reasons.push(
      `The flow cannot be analysed completely: the type ${type} is not modelled (block ${blocks.map(quote).join(", ")}). ` +
        "Insert the blocks by hand, as in the sample inbound flow.",
    );
  }
  const checking = flow.Actions.filter((action) => checksAlready(action, moduleId)).map(({ Identifier }) => Identifier);
  if (checking.length > 0) {
    reasons.push(
      `The flow already invokes the module or uses the attribute ${BLOCKED_STATUS_ATTRIBUTE} (block ${checking.map(quote).join(", ")}). ` +
        "Nothing is inserted twice. To check the caller at another place, first remove these blocks.",
    );
  }
  if (after !== undefined) {
    const block = flow.Actions.find(({ Identifier }) => Identifier === after);
    const { NextAction, Conditions = [] } = block?.Transitions ?? {};
    if (block === undefined) {
      const names = flow.Actions.map(({ Identifier }) => quote(Identifier));
      reasons.push(`--after: the flow has no block ${quote(after)}. Blocks: ${names.join(", ")}.`);
    } else if (NextAction === undefined || Conditions.length > 0 || block.Type === "Compare") {
      reasons.push(
        `--after: the block ${quote(after)} (${block.Type}) ${NextAction === undefined ? "has no next block" : "has several branches"}. ` +
          "Name a block with one success branch.",
      );
    }
  }
  const before = after === undefined ? undefined : blockBefore(flow, after);
  const readers = readersOfModuleResult(flow, before?.Transitions?.NextAction ?? flow.StartAction);
  if (readers.length > 0) {
    reasons.push(
      `The flow reads the result of a module ($.Modules) after the place of the check (block ${readers.map(quote).join(", ")}). ` +
        "The check invokes a module too, and replaces this result. Choose a place before the module whose result is read.",
    );
  }
  if (reasons.length > 0) throw new CannotWire(reasons.join("\n"));
  return flow;
}

/**
 * The blocks that read `$.Modules` and that a call reaches from `start` before another module returns. Each invoked module replaces
 * `$.Modules` of the calling flow. `$.External` and `$.LambdaInvocation` stay: a module cannot change them for the calling flow
 * (adminguide/contact-flow-modules).
 */
function readersOfModuleResult({ Actions }: FlowContent, start: string): readonly string[] {
  const actions = new Map(Actions.map((action) => [action.Identifier, action]));
  const reached = new Set([start]);
  for (const identifier of reached) {
    const { Type, Transitions: { NextAction, Conditions = [], Errors = [] } = {} } = actions.get(identifier) ?? {};
    const targets =
      Type === "InvokeFlowModule"
        ? Errors.filter(({ ErrorType }) => ErrorType !== "NoMatchingCondition")
        : [...(NextAction === undefined ? [] : [{ NextAction }]), ...Conditions, ...Errors];
    for (const target of targets) reached.add(target.NextAction);
  }
  return Actions.filter((action) => reached.has(action.Identifier) && readsModuleResult(action)).map(
    ({ Identifier }) => Identifier,
  );
}

function readsModuleResult({ Parameters = {}, Transitions: { Conditions = [] } = {} }: Action): boolean {
  let reads = false;
  const look = (text: string): string =>
    interpolate(text, ([root]) => {
      if (root === "Modules") reads = true;
      return "";
    });
  // Names can contain references, as values can.
  JSON.stringify([Parameters, Conditions], (name, value: unknown) => {
    look(name);
    if (typeof value === "string") look(value);
    return value;
  });
  return reads;
}

/** Why a flow of another type than an inbound flow is refused. Connect documents modules for inbound flows only. */
export function wrongType(type: string): string {
  return (
    `The flow has the type ${type}. Connect documents modules only for inbound flows (CONTACT_FLOW); in other flows, the block can ` +
    "take its error branch, and no caller is blocked. Wire the inbound flow that handles the call."
  );
}

function checksAlready({ Type, Parameters = {} }: Action, moduleId: string): boolean {
  const module = Type === "InvokeFlowModule" ? Parameters["FlowModuleId"] : undefined;
  const ids = [moduleId, moduleId.split("/").at(-1), BLOCKED_STATUS_MODULE_NAME];
  const isOurs = typeof module === "string" && (ids.includes(module) || ids.includes(module.split("/").at(-1)));
  return isOurs || JSON.stringify(Parameters).includes(BLOCKED_STATUS_ATTRIBUTE);
}

/** The names of our blocks, with a number where the flow has a block of this name. */
function freeNames({ Actions }: FlowContent): Record<keyof typeof INBOUND_ACTIONS, string> {
  const taken = new Set(Actions.map(({ Identifier }) => Identifier));
  const free = (name: string, n = 1): string => {
    const candidate = n === 1 ? name : `${name} ${n}`;
    return taken.has(candidate) ? free(name, n + 1) : candidate;
  };
  const names = Object.entries(INBOUND_ACTIONS).map(([key, name]) => [key, free(name)]);
  return Object.fromEntries(names) as Record<keyof typeof INBOUND_ACTIONS, string>;
}

function blockBefore({ Actions }: FlowContent, after: string): Action | undefined {
  return Actions.find(({ Identifier }) => Identifier === after);
}

function located(text: string): JsonNode {
  try {
    return locateJson(text);
  } catch {
    // The content is valid JSON, so the nesting is the reason. Connect's own flows have about ten levels.
    throw new CannotWire(
      "The content is nested too deeply to be edited in place. Save the flow in the console and export it again.",
    );
  }
}

function nodesOf(text: string, { Actions }: FlowContent) {
  const root = located(text);
  const items = root.members?.get("Actions")?.items ?? [];
  return { root, actions: new Map(Actions.map(({ Identifier }, n) => [Identifier, items[n]])) };
}

/** Adds entries at the end of an array or object, in the style of its last entry. */
function appended(
  text: string,
  { start, end, items, members }: JsonNode,
  entries: readonly (readonly [name: string | undefined, value: unknown])[],
): TextEdit[] {
  const last = items === undefined ? [...(members?.values() ?? [])].at(-1) : items.at(-1);
  const space = /^\s*/.exec(text.slice(start + 1))?.[0] ?? "";
  const isIndented = last !== undefined && space.includes("\n");
  const indent = space.slice(space.lastIndexOf("\n") + 1);
  const outer = /(?:^|\n)([ \t]*)[^\n]*$/.exec(text.slice(0, start))?.[1] ?? "";
  const step = isIndented && indent.startsWith(outer) ? indent.slice(outer.length) : "";
  const written = entries.map(([name, value]) => {
    const json = JSON.stringify(value, null, step).replaceAll("\n", `\n${indent}`);
    return name === undefined ? json : `${JSON.stringify(name)}:${step === "" ? "" : " "}${json}`;
  });
  const separator = `,${isIndented ? space : ""}`;
  const at = last?.end ?? end - 1;
  return [{ start: at, end: at, text: `${last === undefined ? "" : separator}${written.join(separator)}` }];
}

/**
 * Moves blocks to the right and places the inserted blocks in the gap. A content without positions stays without positions: the console
 * arranges such a flow itself.
 */
function positionEdits(
  text: string,
  root: JsonNode,
  { StartAction }: FlowContent,
  after: string | undefined,
  inserted: readonly string[],
): TextEdit[] {
  const metadata = root.members?.get("Metadata")?.members?.get("ActionMetadata");
  if (metadata?.members === undefined) return [];
  const placed = [...metadata.members].flatMap(([identifier, { members }]) => {
    const position = members?.get("position") ?? members?.get("Position");
    const [x, y] = ["x", "y"].map((axis) => position?.members?.get(axis));
    const numbers = [x, y].map((node) => (node === undefined ? NaN : Number(text.slice(node.start, node.end))));
    if (x === undefined || numbers.some((number) => !Number.isFinite(number))) return [];
    return [{ identifier, node: x, x: numbers[0] ?? 0, y: numbers[1] ?? 0 }];
  });
  const anchor = placed.find(({ identifier }) => identifier === (after ?? StartAction));
  if (anchor === undefined) return [];
  const left = after === undefined ? Math.min(...placed.map(({ x }) => x)) : anchor.x + COLUMN;
  const width = (inserted.length + (after === undefined ? 0 : 1)) * COLUMN;
  const moved = placed.filter(({ x }) => after === undefined || x > anchor.x);
  const names = {
    parameters: { FlowModuleId: { displayName: BLOCKED_STATUS_MODULE_NAME } },
    contactFlowModuleName: BLOCKED_STATUS_MODULE_NAME,
  };
  return [
    ...moved.map(({ node, x }) => ({ ...node, text: String(x + width) })),
    ...appended(
      text,
      metadata,
      inserted.map((identifier, n) => [
        identifier,
        { position: { x: left + n * COLUMN, y: anchor.y }, isFriendlyName: true, ...(n === 0 ? names : {}) },
      ]),
    ),
  ];
}

/** Refuses the result if a blocked caller could still reach a queue, agent, callback or external number. */
function requireProtected(content: FlowContent, { moduleId, module, whenBlocked, after }: WireProps): void {
  const problems = validateContent(content, "flow");
  if (problems.length > 0) {
    throw new CannotWire(
      `Connect would refuse the flow with the inserted blocks:\n${problems.map(({ message, hint }) => `  ${message}\n    ${hint}`).join("\n")}`,
    );
  }
  const blockedTargets =
    whenBlocked.action === "queue" ? [whenBlocked.queueId] : whenBlocked.action === "flow" ? [whenBlocked.flowId] : [];
  const coverage = analyzeCoverage({
    name: "the flow",
    content,
    world: { flows: new Map(), modules: new Map([[moduleId, { check: module }]]) },
    blockedTargets,
  });
  if (coverage.verdict === "protected") return;
  const path = (coverage.path ?? []).map(({ block, branch }) => `${quote(block)} (${branch})`).join(" → ");
  throw new CannotWire(
    `With the check ${after === undefined ? "at the start" : `after ${quote(after)}`}, the flow is not protected on all paths: ${coverage.reason}.\n` +
      `  Path: ${path}\n  Choose an earlier block, or leave out --after to check the caller at the start.`,
  );
}

const quote = (text: string): string => JSON.stringify(text);
