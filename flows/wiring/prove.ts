/** Proves that a wired flow behaves as before for every caller who is not blocked, and that it ends the call of a blocked caller. */
import { BLOCKED_STATUS_ATTRIBUTE, MATCH } from "../blocked-status";
import { conditionName, scalarText } from "../language/conditions";
import { containsReference } from "../language/jsonpath";
import type { Action, FlowContent } from "../language/types";
import { type Contact, type Ending, simulate, type Simulation, type SimulationResult, type Step } from "../simulator";
import { CannotWire, type WiredFlow } from "./wire";

/** The callers of the proof. Every caller except the last must take the same path through the wired flow as through the original flow. */
export const CALLERS = ["unblocked", "withheld", "lookup fails", "module fails", "blocked"] as const;
export type Caller = (typeof CALLERS)[number];

export interface WiringProof {
  /** Number of plays. Together, they take every branch of every reachable block of the original flow. */
  readonly plays: number;
  readonly blocks: number;
  readonly branches: number;
  /** The endings of the calls of blocked callers, without duplicates. */
  readonly blockedEndings: readonly string[];
}

/** Maximum number of blocks in a play. The longest path to a branch has at most 250 blocks. */
const MAX_ROUTE = 1000;
/** The name of a branch that no block has. A play that reaches an endless loop takes this branch and ends. */
const END_OF_PLAY = "(the play ends)";
/** Maximum number of blocks in a message. */
const SHOWN_STEPS = 12;

/** A block and one of its branches. */
type Edge = readonly [block: string, branch: string, next: string];

/**
 * Compares the blocks of both flows, and plays both flows with each caller along every branch of the original flow.
 *
 * The blocks of the original flow are unchanged, so every path of the original flow exists in the wired flow, and no other path begins
 * where the inserted blocks end. The plays confirm it: for each branch of the original flow, one play takes this branch.
 *
 * @param module content of the module `blockedStatus`
 * @throws CannotWire with the first difference
 */
export async function proveWiring(wired: WiredFlow, module: FlowContent): Promise<WiringProof> {
  requireSameBlocks(wired);
  const edges = edgesOf(wired.original);
  const untaken = new Set(edges.filter(([block]) => reachable(wired.original.StartAction, edges).has(block)));
  const [branches, blocks] = [untaken.size, new Set([...untaken].map(([block]) => block)).size];
  const endings = new Set<string>();
  let plays = 0;
  do {
    const before = untaken.size;
    await playOnce(wired, module, edges, untaken, endings);
    plays++;
    if (untaken.size > 0 && untaken.size === before) {
      const left = [...untaken].map(([block, branch]) => `"${block}" (${branch})`);
      throw new CannotWire(
        `The proof is incomplete, because no play takes these branches: ${left.join(", ")}. Nothing was written.\n` +
          "Insert the blocks by hand, as in the sample inbound flow.",
      );
    }
  } while (untaken.size > 0);
  return { plays, blocks, branches, blockedEndings: [...endings].sort() };
}

/** Every block must be the same, except for targets that now lead to the first inserted block. */
function requireSameBlocks({ original, content, inserted, next }: WiredFlow): void {
  const restored = JSON.parse(
    JSON.stringify(content.Actions.filter(({ Identifier }) => !inserted.includes(Identifier))),
    (key, value: unknown) => (key === "NextAction" && value === inserted[0] ? next : value),
  ) as unknown;
  const start = content.StartAction === inserted[0] ? next : content.StartAction;
  if (JSON.stringify([start, restored]) !== JSON.stringify([original.StartAction, original.Actions])) {
    throw new CannotWire("A block of the flow would change. This is a defect; nothing was written.");
  }
}

/** Plays both flows with each caller along branches of the original flow that no play has taken. */
async function playOnce(
  wired: WiredFlow,
  module: FlowContent,
  edges: readonly Edge[],
  untaken: Set<Edge>,
  endings: Set<string>,
): Promise<void> {
  const actions = new Map(wired.original.Actions.map((action) => [action.Identifier, action]));
  const route: Edge[] = [];
  await simulate({
    ...simulation(wired.original, "unblocked"),
    failAction: (block) => {
      if (!edges.some(([from]) => from === block)) return undefined;
      const edge = route.length < MAX_ROUTE ? nextEdge(block, edges, untaken) : undefined;
      if (edge === undefined) return END_OF_PLAY;
      untaken.delete(edge);
      route.push(edge);
      return forced(actions.get(block), edge[1]);
    },
  });
  const play = (content: FlowContent, caller: Caller): Promise<SimulationResult> => {
    const left = [...route];
    return simulate({
      ...simulation(content, caller),
      modules: { [wired.moduleId]: module },
      failAction: (block, running) => {
        if (running === module) return undefined;
        if (block === wired.inserted[0] && caller === "module fails") return "NoMatchingError";
        if (wired.inserted.includes(block) || !edges.some(([from]) => from === block)) return undefined;
        const edge = left.shift();
        return edge?.[0] === block ? forced(actions.get(block), edge[1]) : END_OF_PLAY;
      },
    });
  };
  for (const caller of CALLERS) {
    const after = await play(wired.content, caller);
    if (caller === "blocked") endings.add(blockedEnding(wired, after));
    else requireSame(wired, caller, await play(wired.original, caller), after);
  }
}

function simulation(content: FlowContent, caller: Caller): Simulation {
  const contact: Contact = {
    ContactId: "00000000-0000-4000-8000-000000000000",
    Channel: "VOICE",
    InitiationMethod: "INBOUND",
    InstanceARN: "arn:aws:connect:us-east-1:111122223333:instance/00000000-0000-4000-8000-000000000000",
    AwsRegion: "us-east-1",
    CustomerEndpoint: { Address: caller === "withheld" ? "Anonymous" : "+15555550100", Type: "TELEPHONE_NUMBER" },
    SystemEndpoint: { Address: "+15555550199", Type: "TELEPHONE_NUMBER" },
    Attributes: {},
  };
  return {
    content,
    kind: "flow",
    contact,
    invokeLambda: () => {
      if (caller === "lookup fails") throw new Error("the function fails");
      return caller === "blocked"
        ? { response: MATCH, reason: "blocked" }
        : { response: "nomatch", reason: caller === "withheld" ? "anonymous_allowed" : "not_blocked" };
    },
  };
}

/** The branch that a block takes without running; undefined if the block runs and takes its success branch itself. */
function forced(action: Action | undefined, branch: string): string | undefined {
  const { Type = "", Parameters = {} } = action ?? {};
  // Functions, other modules and values that are known only during a call are not part of the proof. Their blocks take each branch in turn.
  const isOutside =
    ["InvokeLambdaFunction", "InvokeFlowModule"].includes(Type) ||
    (Type === "UpdateContactTargetQueue" && containsReference(JSON.stringify(Parameters)));
  return branch === "success" && !isOutside ? undefined : branch;
}

/** Types whose success ends the flow. Connect requires a success branch for some of them and never takes the branch. */
const ENDING_TYPES = [
  "DequeueContactAndTransferToQueue",
  "TransferContactToAgent",
  "TransferContactToQueue",
  "TransferParticipantToThirdParty",
  "TransferToFlow",
];

/** The branches of each block, in the simulator's words. A branch that ends the flow leads to the block "". */
function edgesOf({ Actions }: FlowContent): readonly Edge[] {
  return Actions.flatMap(({ Identifier, Type, Parameters = {}, Transitions = {} }): Edge[] => {
    const { NextAction, Errors = [], Conditions = [] } = Transitions;
    const goesOn = scalarText(Parameters["ContinueFlowExecution"])?.toLowerCase() === "true";
    const ends = ENDING_TYPES.includes(Type) && !goesOn;
    // Comparisons and results of modules take a condition or NoMatchingCondition. Loops take a condition.
    const isBranching = ["Compare", "Loop"].includes(Type) || (Type === "InvokeFlowModule" && Conditions.length > 0);
    const success = ends ? "" : isBranching ? undefined : NextAction;
    return [
      ...(success === undefined ? [] : [[Identifier, "success", success] as const]),
      ...Conditions.map(({ Condition, NextAction: next }) => [Identifier, conditionName(Condition), next] as const),
      ...Errors.map(({ ErrorType, NextAction: next }) => [Identifier, ErrorType, next] as const),
    ];
  });
}

function reachable(start: string, edges: readonly Edge[]): ReadonlySet<string> {
  const found = new Set([start]);
  for (const block of found) for (const [from, , to] of edges) if (from === block) found.add(to);
  return found;
}

/**
 * The branch to take: an untaken branch of this block, otherwise the first branch of the shortest path to an untaken branch, otherwise of
 * the shortest path to the end of the flow. Undefined in an endless loop.
 */
function nextEdge(block: string, edges: readonly Edge[], untaken: ReadonlySet<Edge>): Edge | undefined {
  const own = edges.filter(([from]) => from === block);
  const goals = new Set([...untaken].map(([from]) => from));
  return (
    own.find((edge) => untaken.has(edge)) ??
    nearest(own, edges, (at) => goals.has(at)) ??
    nearest(own, edges, (at) => !edges.some(([from]) => from === at))
  );
}

function nearest(own: readonly Edge[], edges: readonly Edge[], isGoal: (block: string) => boolean): Edge | undefined {
  const first = new Map<string, Edge>();
  for (const edge of own) if (!first.has(edge[2])) first.set(edge[2], edge);
  for (const [at, edge] of first) {
    if (isGoal(at)) return edge;
    for (const [from, , to] of edges) if (from === at && !first.has(to)) first.set(to, edge);
  }
  return undefined;
}

const isInserted = ({ inserted }: WiredFlow, { identifier, within }: Step): boolean =>
  within.length > 0 || inserted.includes(identifier);

function requireSame(wired: WiredFlow, caller: Caller, before: SimulationResult, after: SimulationResult): void {
  const path = after.path.filter((step) => !isInserted(wired, step));
  const attributes = Object.fromEntries(
    Object.entries(after.attributes).filter(([name]) => name !== BLOCKED_STATUS_ATTRIBUTE),
  );
  const [expected, found] = [
    [before.path, before.ending, before.attributes],
    [path, after.ending, attributes],
  ].map((result) => JSON.stringify(result));
  if (expected === found) return;
  const names = (steps: readonly Step[]) => {
    const shown = steps.slice(0, SHOWN_STEPS).map(({ identifier, branch }) => `"${identifier}" (${branch})`);
    return [...shown, ...(steps.length > SHOWN_STEPS ? ["…"] : [])].join(" → ");
  };
  throw new CannotWire(
    `The flow would behave differently for a caller (${caller}). Nothing was written.\n` +
      `  Before: ${names(before.path)}: ${endingText(before.ending)}\n  After:  ${names(after.path)}: ${endingText(after.ending)}`,
  );
}

/** Requires that a blocked caller reaches no queue, agent, callback or external number, except the queue or flow for blocked callers. */
function blockedEnding({ whenBlocked }: WiredFlow, { path, ending }: SimulationResult): string {
  const isIntended =
    (whenBlocked.action === "queue" && ending.kind === "queued" && ending.queue === whenBlocked.queueId) ||
    (whenBlocked.action === "flow" && ending.kind === "transferred" && ending.flow === whenBlocked.flowId);
  const isEnd = ["disconnected", "flow ended", "stuck"].includes(ending.kind);
  const callback = path.some(({ type }) => type === "CreateCallbackContact");
  if ((isIntended || isEnd) && !callback) return endingText(ending);
  throw new CannotWire(
    `A blocked caller would reach: ${callback ? "a callback" : endingText(ending)}. Nothing was written. ` +
      "Choose an earlier block, or leave out --after to check the caller at the start.",
  );
}

function endingText(ending: Ending): string {
  if (ending.kind === "queued") return `queued in ${ending.queue}`;
  return ending.kind === "transferred" ? `transferred to ${ending.flow}` : ending.kind;
}
