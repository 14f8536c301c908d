/** Confirms the verdict of the coverage analysis: the simulator plays a blocked and an unblocked caller. */
import { BLOCKED_STATUS_ATTRIBUTE, MATCH, NO_MATCH } from "../blocked-status";
import { conditionName, scalarText } from "../language/conditions";
import { parseReference } from "../language/jsonpath";
import type { Action, FlowContent } from "../language/types";
import { type Contact, simulate, type SimulationResult } from "../simulator";
import { constant, type Coverage, type CoverageProps, isStatus, type PathStep, statusAfter } from "./analyze";

/** What the simulator found out. */
export interface Confirmation {
  readonly agrees: boolean;
  /** What happens to a blocked caller, as a sentence part: `reaches a queue`. */
  readonly blocked: string;
  /** What happens to an unblocked caller who makes the same choices. */
  readonly unblocked: string;
}

/** Plays of a protected flow with different choices. */
const PLAYS = 32;
/** Most blocks of one play. */
const MAX_STEPS = 200;
/** Value of every reference that the caller, an agent or another system would set. */
const PLACEHOLDER = "value";

const contact: Contact = {
  ContactId: "00000000-0000-4000-8000-000000000001",
  Channel: "VOICE",
  InitiationMethod: "INBOUND",
  InstanceARN: "arn:aws:connect:us-east-1:111122223333:instance/00000000-0000-4000-8000-000000000000",
  AwsRegion: "us-east-1",
  CustomerEndpoint: { Address: "+15555550100", Type: "TELEPHONE_NUMBER" },
  SystemEndpoint: { Address: "+15555550199", Type: "TELEPHONE_NUMBER" },
  Attributes: {},
};

/**
 * For a verdict with a path, the simulator follows the path: it must visit the same blocks, and end as the verdict says. For `protected`,
 * the simulator plays a blocked caller with different choices, and no play may reach a queue, agent, callback or external number.
 *
 * Branches that depend on the module's answer are never forced. Other branches are.
 */
export async function confirmCoverage(props: CoverageProps, coverage: Coverage): Promise<Confirmation> {
  try {
    if (coverage.path !== undefined) return await confirmPath(props, coverage, coverage.path);
    return await confirmProtection(props);
  } catch (error) {
    // Published content can have parameters of a form that the simulator does not know.
    const reason = `cannot be played: ${error instanceof Error ? error.message : String(error)}`;
    return { agrees: false, blocked: reason, unblocked: reason };
  }
}

/**
 * Whether the content works as the `blockedStatus` module: it passes the answer of the function on in the contact attribute. Each answer is
 * played on one path, so the result holds for every call only if `undecidedBlock` finds no block.
 */
export async function setsBlockedStatus(content: FlowContent): Promise<boolean> {
  const statusFor = async (answer: () => unknown, before = {}): Promise<string | undefined> => {
    const { attributes, ending } = await simulate({
      content,
      kind: "module",
      isPublished: true,
      contact: { ...contact, Attributes: before },
      invokeLambda: answer,
    });
    return ending.kind === "returned" ? attributes[BLOCKED_STATUS_ATTRIBUTE] : undefined;
  };
  try {
    return (
      (await statusFor(() => ({ response: MATCH }))) === MATCH &&
      (await statusFor(() => ({ response: MATCH }), { [BLOCKED_STATUS_ATTRIBUTE]: NO_MATCH })) === MATCH &&
      (await statusFor(() => ({ response: NO_MATCH }))) !== MATCH &&
      (await statusFor(() => Promise.reject(new Error("fails")))) !== MATCH
    );
  } catch {
    return false;
  }
}

/** The comparisons that a play of `setsBlockedStatus` decides: they read the answer, or the attribute. */
const decidedComparisons: readonly string[] = [
  "External.response",
  "LambdaInvocation.ResultData.response",
  `Attributes.${BLOCKED_STATUS_ATTRIBUTE}`,
];

/**
 * A block of the `blockedStatus` module whose branches do not depend on the answer of the function alone, so some calls may not be
 * checked: a percentage, a menu, another module, or a comparison of another value. The error branches of a failed block do not count: if
 * the module fails, the call goes through by design.
 */
export function undecidedBlock({ Actions }: FlowContent): string | undefined {
  return Actions.find(({ Type, Parameters = {}, Transitions: { Errors = [], Conditions = [] } = {} }) => {
    if (Type !== "Compare") {
      const isBranching = Conditions.length > 0 || Errors.some(({ ErrorType }) => ErrorType !== "NoMatchingError");
      return isBranching || Type === "InvokeFlowModule";
    }
    const compared = parseReference(scalarText(Parameters["ComparisonValue"]) ?? "")?.join(".") ?? "";
    return !decidedComparisons.includes(compared);
  })?.Identifier;
}

async function confirmPath(
  props: CoverageProps,
  { verdict, passed }: Coverage,
  path: readonly PathStep[],
): Promise<Confirmation> {
  const blocked = await replay(props, path, true);
  const unblocked = await replay(props, path, false);
  const isSamePath =
    blocked.visited.length === path.length && path.every(({ block }, n) => blocked.visited[n] === block);
  const isExpectedEnd =
    verdict === "unknown" ||
    (verdict === "checked too late" ? blocked.visited.includes(passed ?? "") : isConnected(blocked));
  return { agrees: isSamePath && isExpectedEnd, blocked: outcome(blocked), unblocked: outcome(unblocked) };
}

async function confirmProtection(props: CoverageProps): Promise<Confirmation> {
  const unblocked = outcome(await play(props, props.content, {}, false, firstBranch));
  for (let n = 0; n < PLAYS; n++) {
    const blocked = await play(props, props.content, {}, true, n === 0 ? firstBranch : seededChoice(n));
    if (isConnected(blocked)) return { agrees: false, blocked: outcome(blocked), unblocked };
  }
  return { agrees: true, blocked: "reaches no queue, agent, callback or external number", unblocked };
}

/** Selects the branch of a block; undefined to let the simulator decide. */
type Choose = (action: Action, branches: readonly string[]) => string | undefined;

const firstBranch: Choose = (_, [first]) => first;

/** Selects branches pseudo-randomly. The same seed selects the same branches. */
function seededChoice(seed: number): Choose {
  let random = seed;
  return (_, branches) => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return branches[Math.floor(random / 65_536) % branches.length];
  };
}

interface Played {
  /** Identifiers of the blocks, without the blocks of the `blockedStatus` module. */
  readonly visited: readonly string[];
  readonly result: SimulationResult;
}

/** Follows a path, which can continue in a customer queue flow after the caller has reached a queue. */
async function replay(props: CoverageProps, path: readonly PathStep[], isBlocked: boolean): Promise<Played> {
  let content: FlowContent | undefined = props.content;
  let [visited, attributes]: [readonly string[], SimulationResult["attributes"]] = [[], {}];
  for (;;) {
    const rest: readonly PathStep[] = path.slice(visited.length);
    let at = 0;
    const played: Played = await play(props, content, attributes, isBlocked, () => rest[at++]?.branch ?? STOP, rest);
    visited = [...visited, ...played.visited];
    attributes = played.result.attributes;
    const next = path[visited.length];
    const waiting = next && props.world.flows.get(next.flow);
    const isWaiting = played.result.ending.kind === "queued" && waiting !== undefined && "content" in waiting;
    if (!isWaiting || played.visited.length === 0) return { visited, result: played.result };
    content = waiting.content;
  }
}

/** A branch that no block has, so the simulation ends. */
const STOP = "stop";

/** @param path the path to follow; without a path, branches that contact data or the configuration decides are not chosen */
async function play(
  props: CoverageProps,
  content: FlowContent,
  attributes: Readonly<Record<string, string>>,
  isBlocked: boolean,
  choose: Choose,
  path?: readonly PathStep[],
): Promise<Played> {
  const { world } = props;
  const targets = new Set(props.blockedTargets);
  const checks = new Set([...world.modules.values()].flatMap((module) => ("check" in module ? [module.check] : [])));
  const visited: string[] = [];
  /** What is known about the attribute. A comparison with an unknown value takes the chosen branch. */
  let status: string | null | undefined = attributes[BLOCKED_STATUS_ATTRIBUTE] ?? null;
  let queue: string | null | undefined = null;

  const chooseBranch = (action: Action, inside: FlowContent): string | undefined => {
    if (checks.has(inside)) return undefined;
    if (visited.length >= (path?.length ?? MAX_STEPS)) return STOP;
    visited.push(action.Identifier);
    const parameters = action.Parameters ?? {};
    const { NextAction, Errors = [], Conditions = [] } = action.Transitions ?? {};
    const errors = Errors.map(({ ErrorType }) => ErrorType);
    const conditions = Conditions.map(({ Condition }) => conditionName(Condition));
    const success = NextAction === undefined ? [] : ["success"];
    const chosen = choose(
      action,
      action.Type === "Compare" ? [...conditions, ...errors] : [...success, ...errors, ...conditions],
    );
    const forced = chosen === undefined || chosen === "success" || chosen === "end" ? undefined : chosen;
    const isError = forced !== undefined && errors.includes(forced);
    switch (action.Type) {
      case "Compare":
        return isStatus(parameters["ComparisonValue"]) && status !== undefined ? undefined : forced;
      case "Loop":
        return path === undefined && constant(parameters["LoopCount"]) !== undefined ? undefined : forced;
      case "InvokeFlowModule": {
        const module = world.modules.get(constant(parameters["FlowModuleId"]) ?? "");
        if (module !== undefined && "check" in module) status = isBlocked ? MATCH : NO_MATCH;
        else if (isError && forced !== "NoMatchingCondition") return forced;
        return undefined;
      }
      case "EndFlowModuleExecution":
      case "DisconnectParticipant":
      case "EndFlowExecution":
      case "TransferContactToAgent":
        return undefined;
      case "UpdateContactAttributes":
        if (forced === undefined) status = statusAfter(status, parameters);
        return forced;
      case "UpdateContactTargetQueue": {
        const target = constant(parameters["QueueId"] ?? parameters["AgentId"]);
        if (path === undefined && targets.has(target ?? "")) return undefined;
        if (forced === undefined) queue = target;
        return forced;
      }
      case "TransferContactToQueue":
      case "DequeueContactAndTransferToQueue":
      case "TransferToFlow": {
        const target = parameters["QueueId"] ?? parameters["AgentId"] ?? parameters["ContactFlowId"];
        const id = target === undefined ? queue : constant(target);
        // If a queue or flow for blocked callers cannot be reached, the call goes through by design.
        return path === undefined && targets.has(id ?? "") ? undefined : forced;
      }
      default:
        return forced;
    }
  };
  const flows = [...world.flows].flatMap(([id, flow]) =>
    "content" in flow && (path !== undefined || !targets.has(id)) ? [[id, flow.content] as const] : [],
  );
  const modules = [...world.modules].flatMap(([id, module]) =>
    "content" in module ? [[id, module.content] as const] : "check" in module ? [[id, module.check] as const] : [],
  );
  const actions = new Map<FlowContent, ReadonlyMap<string, Action>>();
  const actionOf = (identifier: string, inside: FlowContent): Action | undefined => {
    const index = actions.get(inside) ?? new Map(inside.Actions.map((action) => [action.Identifier, action]));
    actions.set(inside, index);
    return index.get(identifier);
  };
  const result = await simulate({
    content,
    kind: "flow",
    isPublished: true,
    contact: { ...contact, Attributes: attributes },
    flows: Object.fromEntries(flows),
    modules: Object.fromEntries(modules),
    invokeLambda: () => ({ response: isBlocked ? MATCH : NO_MATCH }),
    unsetReference: ([root, name]) =>
      root === "Attributes" && name === BLOCKED_STATUS_ATTRIBUTE ? undefined : PLACEHOLDER,
    failAction: (identifier, inside) => {
      const action = actionOf(identifier, inside);
      return action && chooseBranch(action, inside);
    },
  });
  const isIntended = result.ending.kind === "queued" && path === undefined && targets.has(result.ending.queue);
  return {
    visited,
    result: isIntended ? { ...result, ending: { kind: "transferred", flow: result.ending.queue } } : result,
  };
}

const callbackTypes: ReadonlySet<string> = new Set(["CreateCallbackContact", "TransferParticipantToThirdParty"]);

const isConnected = ({ result: { path, ending } }: Played): boolean =>
  ["queued", "agent", "third party"].includes(ending.kind) ||
  path.some(({ type, branch }) => branch === "success" && callbackTypes.has(type));

function outcome({ result: { path, ending }, visited }: Played): string {
  switch (ending.kind) {
    case "queued":
      return "reaches a queue";
    case "agent":
      return "reaches an agent";
    case "third party":
      return "reaches an external number";
    case "transferred":
      return `is handed over to ${ending.flow}`;
    default: {
      const callback = path.find(({ type, branch }) => branch === "success" && callbackTypes.has(type));
      if (callback !== undefined)
        return callback.type === "CreateCallbackContact" ? "reaches a callback" : "reaches an external number";
      return ending.kind === "disconnected" ? "is disconnected" : `gets to the block "${visited.at(-1) ?? ""}"`;
    }
  }
}
