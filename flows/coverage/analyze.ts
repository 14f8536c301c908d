/** Decides whether a flow checks every caller with the `blockedStatus` module and ends the call of a blocked caller. */
import { BLOCKED_STATUS_ATTRIBUTE, MATCH } from "../blocked-status";
import { actionRule, alwaysContinues } from "../language/action-rules";
import { conditionMatches, conditionName, scalarText } from "../language/conditions";
import { isRecord } from "../language/json";
import { containsReference, parseReference } from "../language/jsonpath";
import type { Action, FlowContent, Transitions } from "../language/types";

/**
 * - `protected`: a blocked caller reaches no queue, agent, callback or external number on any path.
 * - `answer ignored`: the module is invoked, but its answer does not keep a blocked caller away.
 * - `checked too late`: the module is invoked only after a queue, agent, callback or external number.
 * - `protected on some paths`: at least one path checks and ends the call; at least one other path does not.
 * - `not checked`: no analysed path invokes the module.
 * - `unknown`: every analysed path is safe, but at least one path leads to a block or flow that cannot be analysed.
 */
export type Verdict =
  "protected" | "answer ignored" | "checked too late" | "protected on some paths" | "not checked" | "unknown";

/** One block on a path and the branch that the path takes. */
export interface PathStep {
  /** Id of the flow or module that contains the block, as `FlowWorld` names it; `name` of the analysis for the first flow. */
  readonly flow: string;
  readonly block: string;
  /** `success`, an error type, a condition such as `Equals match`, or `end`. */
  readonly branch: string;
}

/**
 * What happens to a blocked caller at a block, in the order of precedence:
 *
 * - `reached`: the block connects the caller to a queue, an agent, a callback or an external number.
 * - `unknown`: the block cannot be analysed.
 * - `unchecked`: the caller can arrive before the module was invoked.
 * - `checked`: the caller arrives only after the module was invoked, or the block invokes the module.
 * - `branched`: the caller arrives only after a comparison that found the match.
 */
export type BlockMark = "reached" | "unknown" | "unchecked" | "checked" | "branched";

/** The marks of the blocks of one flow or module. A block that no blocked caller reaches has no mark. */
export interface MarkedFlow {
  /** Id of the flow or module; `name` of the analysis for the first flow. */
  readonly flow: string;
  readonly content: FlowContent;
  readonly marks: ReadonlyMap<string, BlockMark>;
}

export interface Coverage {
  readonly verdict: Verdict;
  /** The shortest path of a blocked caller that proves the verdict. Omitted for `protected`. */
  readonly path?: readonly PathStep[];
  /** What the path shows, for people. Omitted for `protected`. */
  readonly reason?: string;
  /** Identifier of the block that comes before the check. Only for `checked too late`. */
  readonly passed?: string;
  /** The analysed flows and modules, the first flow first. */
  readonly flows: readonly MarkedFlow[];
}

/** Why a flow or module cannot be followed, as part of a sentence: `the flow 1234 was not found`. */
export interface Unresolved {
  readonly problem: string;
}

/**
 * A module: `check` is the `blockedStatus` module, with content that is known to set the attribute. `absent` does not exist, so a block
 * that invokes the module takes its error branch.
 */
export type ResolvedModule =
  { readonly check: FlowContent } | { readonly content: FlowContent } | { readonly absent: true } | Unresolved;

export type ResolvedFlow = { readonly content: FlowContent } | Unresolved;

/** The flows and modules that a flow names, by the id or ARN in the content. A name without an entry was not found. */
export interface FlowWorld {
  readonly flows: ReadonlyMap<string, ResolvedFlow>;
  readonly modules: ReadonlyMap<string, ResolvedModule>;
  /**
   * The customer queue flow of contacts whose flow sets no other one.
   *
   * @default unknown
   */
  readonly defaultQueueFlow?: string;
}

export interface CoverageProps {
  /** Name of the flow in the result. */
  readonly name: string;
  readonly content: FlowContent;
  readonly world: FlowWorld;
  /**
   * Ids of queues and flows that are intended for blocked callers. A blocked caller may reach them after the comparison.
   *
   * @default none
   */
  readonly blockedTargets?: readonly string[];
}

/** Maximum number of states that one analysis visits. The verdict of a flow with more states is `unknown`. */
const MAX_STATES = 50_000;

/** Nesting limit of modules in Connect. A deeper invocation takes its error branch. */
const MAX_MODULE_DEPTH = 5;

const PRECEDENCE: readonly BlockMark[] = ["reached", "unknown", "unchecked", "checked", "branched"];

/** A flow or module, and the block to return to. */
interface Frame {
  readonly flow: string;
  readonly content: FlowContent;
  readonly caller?: { readonly frame: Frame; readonly action: Action; readonly loops: readonly string[] };
  readonly depth: number;
}

/** Facts about a blocked caller at one point of a path. */
interface Facts {
  /** The module has been invoked. */
  readonly isChecked: boolean;
  /** A comparison found the match. */
  readonly isMatched: boolean;
  /** Value of the contact attribute; null if it is not set, undefined if it is not known. */
  readonly status: string | null | undefined;
  /** Id of the working queue; null if it is not set, undefined if it is not known. */
  readonly queue: string | null | undefined;
  /** Id of the customer queue flow; undefined for the default flow. */
  readonly queueFlow?: string;
  /**
   * Identifier of the first block on the path that leads to a queue, agent, callback or external number, even if the path took its error
   * branch.
   */
  readonly passed?: string;
  /** Loops of the current frame that have run at least once. */
  readonly loops: readonly string[];
}

interface State extends Facts {
  readonly frame: Frame;
  readonly action: string;
  readonly previous?: { readonly state: State; readonly branch: string };
}

type Target = "a queue" | "an agent" | "a callback" | "an external number";

interface Finding {
  readonly state: State;
  readonly branch: string;
  readonly reason: string;
}

/**
 * Follows a blocked caller on all paths of the flow, its modules, the flows that it transfers to, and customer queue flows.
 *
 * The analysis assumes that a call arrives without contact attributes and that the module works. If the module fails, the call goes through
 * by design, so the error branch of the module is not followed. Every error branch of other blocks is followed. For a comparison of any
 * other value than the module's answer, every branch is followed. So a reported path can be impossible in practice. But no path is reported
 * as safe without proof.
 *
 * @param props content whose branches lead to blocks of the content, and the flows and modules that the content names
 */
export function analyzeCoverage(props: CoverageProps): Coverage {
  return new Analysis(props, { states: MAX_STATES }).run();
}

class Analysis {
  /** The marks of each flow or module. The same content object is the same flow or module. */
  private readonly marked = new Map<FlowContent, { readonly flow: string; readonly marks: Map<string, BlockMark> }>();
  private readonly queue: State[] = [];
  private readonly seen = new Set<string>();
  private readonly violations: Finding[] = [];
  private readonly lateChecks: Finding[] = [];
  private readonly unknowns: Finding[] = [];
  /** States directly after a comparison that found the match in time. */
  private readonly matches: State[] = [];
  private readonly blockedTargets: ReadonlySet<string>;

  /** @param budget states that may still be visited, shared with the analyses that this one starts */
  constructor(
    private readonly props: CoverageProps,
    private readonly budget: { states: number },
  ) {
    this.blockedTargets = new Set(props.blockedTargets);
  }

  run(): Coverage {
    const frame: Frame = { flow: this.props.name, content: this.props.content, depth: 0 };
    this.explore({
      frame,
      action: this.props.content.StartAction,
      isChecked: false,
      isMatched: false,
      status: null,
      queue: null,
      loops: [],
    });
    const verdict = this.verdict();
    const flows = [...this.marked].map(([content, { flow, marks }]) => ({ flow, content, marks }));
    if (this.budget.states > 0) return { ...verdict, flows };
    return { verdict: "unknown", reason: `the flow has more than ${MAX_STATES} combinations of paths`, flows };
  }

  private explore(start: State): void {
    this.enqueue(start);
    for (const state of this.queue) {
      if (this.budget.states-- <= 0) return;
      this.visit(state);
    }
  }

  /** @param replaces whether the mark replaces any earlier mark of the block, as for a block that invokes the module */
  private mark({ frame, action }: State, mark: BlockMark, replaces = false): void {
    let flow = this.marked.get(frame.content);
    if (flow === undefined) {
      flow = { flow: frame.flow, marks: new Map() };
      this.marked.set(frame.content, flow);
    }
    const before = flow.marks.get(action);
    if (before === undefined || replaces || PRECEDENCE.indexOf(mark) < PRECEDENCE.indexOf(before))
      flow.marks.set(action, mark);
  }

  private addUnknown(state: State, branch: string, reason: string): void {
    this.mark(state, "unknown");
    this.unknowns.push({ state, branch, reason });
  }

  /** Whether a blocked caller in this state reaches no queue, agent, callback or external number. */
  private isSafe(state: State): boolean {
    const analysis = new Analysis(this.props, this.budget);
    analysis.explore(state);
    return analysis.violations.length === 0 && analysis.unknowns.length === 0;
  }

  private verdict(): Omit<Coverage, "flows"> {
    const [violation] = this.violations;
    const [unknown] = this.unknowns;
    const [late] = this.lateChecks;
    if (violation === undefined) {
      return unknown === undefined ? { verdict: "protected" } : result("unknown", unknown);
    }
    if (this.matches.some((state) => this.isSafe(state))) return result("protected on some paths", violation);
    if (late !== undefined) return { ...result("checked too late", late), passed: late.state.passed ?? "" };
    const ignored = this.violations.find((finding) => finding.state.isChecked);
    return ignored === undefined ? result("not checked", violation) : result("answer ignored", ignored);
  }

  private enqueue(state: State): void {
    const { frame, action, isChecked, isMatched, status, queue, queueFlow, passed, loops } = state;
    const stack: unknown[] = [];
    for (let at: Frame | undefined = frame; at !== undefined; at = at.caller?.frame) {
      stack.push(at.flow, at.caller?.action.Identifier, at.caller?.loops);
    }
    const facts = [isChecked, isMatched, status === undefined ? 0 : [status], queue === undefined ? 0 : [queue]];
    const key = JSON.stringify([stack, action, facts, queueFlow, passed, loops]);
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.queue.push(state);
    if (isMatched && !state.previous?.state.isMatched && passed === undefined) this.matches.push(state);
  }

  private visit(state: State): void {
    const action = actionOf(state.frame.content, state.action);
    if (action === undefined) return;
    this.mark(state, state.isMatched ? "branched" : state.isChecked ? "checked" : "unchecked");
    if (actionRule(action.Type) === undefined && !alwaysContinues(action.Type)) {
      this.addUnknown(state, "end", `the block type ${action.Type} is not modelled`);
      return;
    }
    const parameters = action.Parameters ?? {};
    switch (action.Type) {
      case "DisconnectParticipant":
      case "EndFlowExecution":
        return;
      case "EndFlowModuleExecution":
        this.returnFromModule(state, parameters["Result"]);
        return;
      case "Compare":
        this.compare(state, action);
        return;
      case "Loop":
        this.loop(state, action);
        return;
      case "InvokeFlowModule":
        this.invokeModule(state, action);
        return;
      case "UpdateContactAttributes":
        this.follow(state, action, { status: statusAfter(state.status, parameters) });
        return;
      case "UpdateContactTargetQueue": {
        const queue = constant(parameters["QueueId"] ?? parameters["AgentId"]);
        if (this.isIntended(state, queue)) this.followSuccess(state, action, { queue });
        else this.follow(state, action, { queue });
        return;
      }
      case "UpdateContactEventHooks":
        this.setQueueFlow(state, action);
        return;
      case "TransferContactToQueue":
        if (this.isIntended(state, state.queue)) return;
        if (state.queue !== null) this.reach(state, "a queue");
        this.followErrors(state, action, { passed: state.passed ?? action.Identifier });
        return;
      case "DequeueContactAndTransferToQueue": {
        const target = parameters["QueueId"] ?? parameters["AgentId"];
        const queue = target === undefined ? state.queue : constant(target);
        if (this.isIntended(state, queue)) return;
        if (queue !== null) this.reach(state, "a queue");
        this.followErrors(state, action, { passed: state.passed ?? action.Identifier });
        return;
      }
      case "TransferContactToAgent":
        this.reach(state, "an agent");
        return;
      case "CreateCallbackContact":
        this.reach(state, "a callback");
        this.follow(state, action, { passed: state.passed ?? action.Identifier });
        return;
      case "TransferParticipantToThirdParty":
        this.reach(state, "an external number");
        if (textOf(parameters["ContinueFlowExecution"]).toLowerCase() === "true") {
          this.follow(state, action, { passed: state.passed ?? action.Identifier });
        } else {
          this.followErrors(state, action, { passed: state.passed ?? action.Identifier });
        }
        return;
      case "TransferToFlow":
        this.transferToFlow(state, action);
        return;
      default:
        this.follow(state, action);
    }
  }

  /** Follows every branch; `onSuccess` applies to the success branch and to conditions, not to errors. */
  private follow(state: State, action: Action, onSuccess: Partial<Facts> = {}): void {
    this.followSuccess(state, action, onSuccess);
    this.followErrors(state, action, onSuccess.passed === undefined ? {} : { passed: onSuccess.passed });
  }

  private followSuccess(state: State, action: Action, facts: Partial<Facts>): void {
    const { NextAction, Conditions = [] } = action.Transitions ?? {};
    if (NextAction !== undefined) this.next(state, "success", NextAction, facts);
    for (const { Condition, NextAction: target } of Conditions) {
      this.next(state, conditionName(Condition), target, facts);
    }
  }

  /**
   * Whether a matched caller reaches a queue or flow for blocked callers. Its error branches are not followed: if the queue or flow
   * cannot be reached, the call goes through by design.
   */
  private isIntended(state: State, id: string | null | undefined): boolean {
    return state.isMatched && typeof id === "string" && this.blockedTargets.has(id);
  }

  private followErrors(state: State, action: Action, facts: Partial<Facts> = {}): void {
    for (const { ErrorType, NextAction } of action.Transitions?.Errors ?? []) {
      this.next(state, ErrorType, NextAction, facts);
    }
  }

  private next(state: State, branch: string, action: string, facts: Partial<Facts> & { frame?: Frame } = {}): void {
    this.enqueue({ ...state, ...facts, action, previous: { state, branch } });
  }

  /** A blocked caller reaches a queue, agent, callback or external number. */
  private reach(state: State, target: Target): void {
    const branch = target === "an agent" ? "end" : "success";
    this.mark(state, "reached");
    this.violations.push({ state, branch, reason: `a blocked caller reaches ${target}` });
    const flow = state.queueFlow ?? this.props.world.defaultQueueFlow;
    if (target !== "a queue" || flow === undefined) return;
    const found = this.props.world.flows.get(flow);
    if (found === undefined || "problem" in found) return;
    const { content } = found;
    this.next(state, "success", content.StartAction, {
      frame: { flow, content, depth: 0 },
      passed: state.passed ?? state.action,
      loops: [],
    });
  }

  private compare(state: State, action: Action): void {
    const { Conditions = [], Errors = [] } = action.Transitions ?? {};
    if (!isStatus(action.Parameters?.["ComparisonValue"]) || state.status === undefined) {
      for (const { Condition, NextAction } of Conditions) this.next(state, conditionName(Condition), NextAction);
      this.followErrors(state, action);
      return;
    }
    const isMatch = state.isMatched || (state.isChecked && state.status === MATCH);
    this.takeCondition(state, state.status, Conditions, Errors, {}, { isMatched: isMatch });
  }

  /** Takes the condition that is true for a known value, or NoMatchingCondition. `onTrue` applies only to a condition. */
  private takeCondition(
    state: State,
    value: string | null | undefined,
    conditions: NonNullable<Transitions["Conditions"]>,
    errors: NonNullable<Transitions["Errors"]>,
    facts: Partial<Facts> & { frame?: Frame },
    onTrue: Partial<Facts> = {},
  ): void {
    const condition = conditions.find(({ Condition }) =>
      conditionMatches(value, Condition.Operator, Condition.Operands[0] ?? ""),
    );
    if (condition !== undefined) {
      this.next(state, conditionName(condition.Condition), condition.NextAction, { ...facts, ...onTrue });
      return;
    }
    const otherwise = errors.find(({ ErrorType }) => ErrorType === "NoMatchingCondition");
    if (otherwise !== undefined) this.next(state, otherwise.ErrorType, otherwise.NextAction, facts);
  }

  /** The first time, a loop continues, unless its count is 0. After that, the loop continues or ends, depending on its count. */
  private loop(state: State, action: Action): void {
    const count = constant(action.Parameters?.["LoopCount"]);
    const iterations = count === undefined || count === null ? undefined : Number(count);
    const hasRun = state.loops.includes(action.Identifier);
    const branches = new Map(
      (action.Transitions?.Conditions ?? []).map((branch) => [branch.Condition.Operands[0], branch.NextAction]),
    );
    const [again, done] = [branches.get("ContinueLooping"), branches.get("DoneLooping")];
    if (again !== undefined && iterations !== 0 && !(hasRun && iterations === 1)) {
      this.next(state, "Equals ContinueLooping", again, {
        loops: hasRun ? state.loops : [...state.loops, action.Identifier].sort(),
      });
    }
    if (done !== undefined && (iterations === undefined || iterations === 0 || hasRun)) {
      this.next(state, "Equals DoneLooping", done, { loops: state.loops.filter((loop) => loop !== action.Identifier) });
    }
    this.followErrors(state, action);
  }

  private invokeModule(state: State, action: Action): void {
    const id = constant(action.Parameters?.["FlowModuleId"]);
    if (typeof id !== "string") {
      this.addUnknown(state, "success", "the module is chosen at run time");
      return;
    }
    const module = this.props.world.modules.get(id) ?? { problem: `the module ${id} was not found` };
    const { NextAction, Conditions = [], Errors = [] } = action.Transitions ?? {};
    const isTooDeep = state.frame.depth >= MAX_MODULE_DEPTH;
    if ("check" in module && !isTooDeep) {
      if (!state.isMatched) this.mark(state, "checked", true);
      if (state.passed !== undefined) {
        const reason = `the module is invoked only after the block "${state.passed}"`;
        this.lateChecks.push({ state, branch: "success", reason });
      }
      const facts = { isChecked: true, status: MATCH };
      // The module returns no result, so no condition on its result is true.
      if (Conditions.length > 0) this.takeCondition(state, undefined, Conditions, Errors, facts);
      else if (NextAction !== undefined) this.next(state, "success", NextAction, facts);
      return;
    }
    if ("problem" in module) {
      this.addUnknown(state, "success", module.problem);
      return;
    }
    if ("content" in module && !isTooDeep) {
      const depth = state.frame.depth + 1;
      const frame: Frame = {
        flow: id,
        content: module.content,
        caller: { frame: state.frame, action, loops: state.loops },
        depth,
      };
      this.next(state, "success", module.content.StartAction, { frame, loops: [] });
    }
    for (const { ErrorType, NextAction: target } of Errors) {
      if (ErrorType !== "NoMatchingCondition") this.next(state, ErrorType, target);
    }
  }

  private returnFromModule(state: State, value: unknown): void {
    const { caller } = state.frame;
    if (caller === undefined) return;
    const { NextAction, Conditions = [], Errors = [] } = caller.action.Transitions ?? {};
    const facts = { frame: caller.frame, loops: caller.loops };
    if (Conditions.length > 0) {
      this.takeCondition(state, typeof value === "string" ? value : undefined, Conditions, Errors, facts);
    } else if (NextAction !== undefined) {
      this.next(state, "end", NextAction, facts);
    }
  }

  private setQueueFlow(state: State, action: Action): void {
    const hooks = action.Parameters?.["EventHooks"];
    const flow = isRecord(hooks) ? constant(hooks["CustomerQueue"]) : undefined;
    this.follow(state, action, typeof flow === "string" ? { queueFlow: flow } : {});
  }

  private transferToFlow(state: State, action: Action): void {
    const id = constant(action.Parameters?.["ContactFlowId"]);
    if (this.isIntended(state, id)) return;
    if (id === undefined || id === null) {
      this.addUnknown(state, "success", "the flow is chosen at run time");
    } else {
      const found = this.props.world.flows.get(id) ?? { problem: `the flow ${id} was not found` };
      if ("problem" in found) {
        this.addUnknown(state, "success", found.problem);
      } else {
        const { content } = found;
        this.next(state, "success", content.StartAction, { frame: { flow: id, content, depth: 0 }, loops: [] });
      }
    }
    this.followErrors(state, action);
  }
}

function result(verdict: Verdict, { state, branch, reason }: Finding): Omit<Coverage, "flows"> {
  const path: PathStep[] = [];
  let at: State | undefined = state;
  for (let taken = branch; at !== undefined;) {
    path.unshift({ flow: at.frame.flow, block: at.action, branch: taken });
    taken = at.previous?.branch ?? "";
    at = at.previous?.state;
  }
  return { verdict, path, reason };
}

const indexes = new WeakMap<FlowContent, ReadonlyMap<string, Action>>();

/** Finds a block. The index of a content is built once, because an analysis visits each block many times. */
function actionOf(content: FlowContent, identifier: string): Action | undefined {
  let index = indexes.get(content);
  if (index === undefined) {
    index = new Map(content.Actions.map((action) => [action.Identifier, action]));
    indexes.set(content, index);
  }
  return index.get(identifier);
}

/** Returns a parameter that is known before the call: its text, null if it is not set, or undefined for a reference. */
export function constant(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return null;
  const text = textOf(value);
  return containsReference(text) ? undefined : text;
}

/** Whether a comparison reads the contact attribute that the module writes. */
export function isStatus(value: unknown): boolean {
  const path = parseReference(textOf(value)) ?? [];
  return path.length === 2 && path[0] === "Attributes" && path[1] === BLOCKED_STATUS_ATTRIBUTE;
}

function textOf(value: unknown): string {
  return scalarText(value) ?? "";
}

/** Returns the status attribute after a write. */
export function statusAfter(status: Facts["status"], parameters: NonNullable<Action["Parameters"]>): Facts["status"] {
  const attributes = parameters["Attributes"];
  if (parameters["TargetContact"] === "Related" || !isRecord(attributes)) return status;
  if (Object.hasOwn(attributes, BLOCKED_STATUS_ATTRIBUTE)) return constant(attributes[BLOCKED_STATUS_ATTRIBUTE]);
  return Object.keys(attributes).some(containsReference) ? undefined : status;
}
