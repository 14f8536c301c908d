/** Simulates how Connect runs a flow or module, to test its behaviour before deployment. */
import { alwaysContinues } from "./language/action-rules";
import { conditionMatches, conditionName, scalarText, toNumber } from "./language/conditions";
import { isRecord, type JsonValue } from "./language/json";
import { interpolate, isComparable, parseReference } from "./language/jsonpath";
import type {
  Action,
  ContentKind,
  ExternalActionType,
  FlowContent,
  ModelledAction,
  SettingActionType,
  Transitions,
} from "./language/types";
import { requireAccepted, unmodelledActionTypes } from "./language/validate";
import { callLambda, type Contact, contactData, type InvokeLambda, type Queue } from "./lambda-invocation";

export type { ConnectLambdaEvent, Contact, ContactData, Endpoint, InvokeLambda, Queue } from "./lambda-invocation";

/** One action that ran, and the branch that it took. */
export interface Step {
  readonly identifier: string;
  readonly type: string;
  /** `success`, an error type (`NoMatchingError`), a condition (`Equals match`), or `end` of a terminal action. */
  readonly branch: string;
  /** `FlowModuleId` of each enclosing module, outermost first; empty for an action of the simulated content. */
  readonly within: readonly string[];
  /** Cause of an error branch, or the text that was spoken. Contains text of the flow, so do not log it. */
  readonly detail?: string;
}

/** How the simulation ended. */
export type Ending =
  /** The simulated module reached its Return block, with this custom branch. */
  | { readonly kind: "returned"; readonly result?: string }
  | { readonly kind: "disconnected" }
  /** The contact waits in the queue, or for the agent, with this id or ARN. */
  | { readonly kind: "queued"; readonly queue: string }
  /** The contact goes to the agent that was set before, without a queue. */
  | { readonly kind: "agent" }
  /** The contact left Connect for an external number. */
  | { readonly kind: "third party"; readonly phoneNumber: string }
  | { readonly kind: "transferred"; readonly flow: string }
  /** A whisper or queue flow ended; the contact continues. */
  | { readonly kind: "flow ended" }
  /** No branch exists for the result of the last action. The content or an unmodelled action type is the cause. */
  | { readonly kind: "stuck"; readonly reason: string };

export interface SimulationResult {
  readonly path: readonly Step[];
  /** Contact attributes at the end of the simulation. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly ending: Ending;
}

export interface Simulation {
  readonly content: FlowContent;
  readonly kind: ContentKind;
  readonly contact: Contact;
  /** Modules for `InvokeFlowModule`, by `FlowModuleId`. */
  readonly modules?: Readonly<Record<string, FlowContent>>;
  /**
   * Flows for `TransferToFlow`, by `ContactFlowId`. A transfer to another flow ends the simulation.
   *
   * @default none
   */
  readonly flows?: Readonly<Record<string, FlowContent>>;
  readonly invokeLambda: InvokeLambda;
  /** Called before each action runs, with the index of its step in the path. */
  readonly onStep?: (index: number) => void;
  /** Whether the `nth` write of contact attributes fails; the first write of the simulation is 1. */
  readonly failWrite?: (actionIdentifier: string, nth: number) => boolean;
  /**
   * Branch of an action that depends on the caller, agents, the time or chance; `branches` are its branches: `success`, error types
   * and conditions such as `Equals 1`. Without this function, and for undefined, the action takes its success branch.
   */
  readonly chooseBranch?: (actionIdentifier: string, branches: readonly string[]) => string | undefined;
  /**
   * Branch that an action takes instead of running, such as an error type; undefined to run it. `content` contains the action. A branch
   * that the action does not have ends the simulation.
   */
  readonly failAction?: (actionIdentifier: string, content: FlowContent) => string | undefined;
  /**
   * Value of a reference to contact data that is not set.
   *
   * @default none
   */
  readonly unsetReference?: (segments: readonly string[]) => string | undefined;
  /** Connect has published the content, the modules and the flows. They are simulated without validation. */
  readonly isPublished?: true;
}

/** Limit for all contact attributes together, in bytes of UTF-8 (adminguide/set-contact-attributes). */
const MAX_ATTRIBUTE_BYTES = 32_768;
/** Time limit for consecutive Lambda functions. A prompt resets it (adminguide/connect-lambda-functions). */
const MAX_LAMBDA_CHAIN_MS = 20_000;
/** Stops a loop around a Lambda function that does not respond. */
const MAX_LAMBDA_MS = 60_000;
const MAX_MODULE_DEPTH = 5;
/** Stops an endless loop. */
const MAX_STEPS = 10_000;

/** An action with its optional fields set. */
type CompleteAction = Required<Action>;

/** State of one flow or module. A module starts with a new frame, and the flow that invoked the module keeps its frame. */
interface Frame {
  readonly actions: ReadonlyMap<string, CompleteAction>;
  readonly within: readonly string[];
  readonly input: Readonly<Record<string, JsonValue>>;
  readonly loopsDone: Map<string, number>;
  external: Readonly<Record<string, JsonValue>>;
  flowAttributes: Readonly<Record<string, string>>;
  moduleResult: { readonly Result?: string; readonly ResultData?: JsonValue };
}

/** The result of an action: the branch to take, or the end of the flow. */
type ActionResult =
  | { readonly branch: string; readonly detail?: string }
  | { readonly ending: Ending & { readonly data?: JsonValue }; readonly detail?: string };

const success: ActionResult = { branch: "success" };

function failed(detail: string, branch = "NoMatchingError"): ActionResult {
  return { branch, detail };
}

/**
 * Simulates `content` for one contact, from its start action to its end.
 *
 * Contact attributes outlive a flow. Flow attributes, `$.External`, and the input and result of a module belong to one flow or module.
 * An action of an unmodelled type takes its success branch, or the branch that `chooseBranch` returns if the type always continues.
 * Lambda functions run in real time; the simulation stops after one minute of Lambda time.
 *
 * @returns the path, the final contact attributes, and the ending
 * @throws Error that lists every problem if Connect would refuse the content, a module or a flow
 */
export async function simulate(simulation: Simulation): Promise<SimulationResult> {
  if (simulation.isPublished !== true) {
    requireAccepted(simulation.content, simulation.kind, "content");
    for (const [id, module] of Object.entries(simulation.modules ?? {}))
      requireAccepted(module, "module", `module ${id}`);
    for (const [id, flow] of Object.entries(simulation.flows ?? {})) requireAccepted(flow, "flow", `flow ${id}`);
  }
  const run = new Run(simulation);
  const ending = await run.execute(simulation.content, [], {});
  return { path: run.path, attributes: run.attributes, ending };
}

class Run {
  readonly path: Step[] = [];
  attributes: Readonly<Record<string, string>>;
  private queue: Queue | null = null;
  private writes = 0;
  private lambdaMs = 0;
  private lambdaChainMs = 0;

  constructor(private readonly simulation: Simulation) {
    this.attributes = { ...simulation.contact.Attributes };
  }

  async execute(
    content: FlowContent,
    within: readonly string[],
    input: Readonly<Record<string, JsonValue>>,
  ): Promise<Ending & { data?: JsonValue }> {
    const frame: Frame = {
      actions: new Map(content.Actions.map((a) => [a.Identifier, { Parameters: {}, Transitions: {}, ...a }])),
      within,
      input,
      loopsDone: new Map(),
      external: {},
      flowAttributes: {},
      moduleResult: {},
    };
    const unmodelled = new Set(unmodelledActionTypes(content));
    let next: string | undefined = content.StartAction;
    for (;;) {
      const action: CompleteAction | undefined = next === undefined ? undefined : frame.actions.get(next);
      if (action === undefined) return { kind: "stuck", reason: "the last action has no branch for its result" };
      if (this.path.length >= MAX_STEPS) return { kind: "stuck", reason: `no end within ${MAX_STEPS} actions` };
      // Record the step before the action runs, so that the steps of a module follow the step that invoked it.
      const index = this.path.push({ identifier: action.Identifier, type: action.Type, branch: "", within }) - 1;
      this.simulation.onStep?.(index);
      const injectedError = this.simulation.failAction?.(action.Identifier, content);
      const result =
        injectedError !== undefined
          ? failed("injected by the simulation", injectedError)
          : unmodelled.has(action.Type)
            ? this.passUnmodelled(action)
            : await this.perform(action as ModelledAction, frame);
      const ended = "ending" in result;
      this.path[index] = {
        identifier: action.Identifier,
        type: action.Type,
        branch: ended ? "end" : result.branch,
        within,
        ...(result.detail !== undefined && { detail: result.detail }),
      };
      if (ended) return result.ending;
      next = nextAction(action, result.branch);
    }
  }

  private passUnmodelled(action: CompleteAction): ActionResult {
    return {
      ...(alwaysContinues(action.Type) ? this.chooseBranch(action) : success),
      detail: `${action.Type} is not simulated`,
    };
  }

  private async perform(action: ModelledAction, frame: Frame): Promise<ActionResult> {
    switch (action.Type) {
      case "UpdateContactAttributes":
        return this.writeAttributes(action.Identifier, action.Parameters, frame);
      case "UpdateFlowAttributes":
        frame.flowAttributes = {
          ...frame.flowAttributes,
          ...mapValues(action.Parameters.FlowAttributes, (attribute) => this.text(attribute.Value, frame)),
        };
        return success;
      case "UpdateFlowLoggingBehavior":
        return success;
      case "InvokeLambdaFunction":
        return this.invokeLambda(action.Parameters, frame);
      case "Compare":
        return compare(this.value(parseReference(action.Parameters.ComparisonValue) ?? [], frame), action);
      case "Loop":
        return this.loop(action.Identifier, action.Parameters.LoopCount, frame);
      case "InvokeFlowModule":
        return this.invokeModule(action, frame);
      case "MessageParticipant":
        return this.playMessage(action.Parameters, frame);
      case "UpdateContactTargetQueue": {
        const target = "QueueId" in action.Parameters ? action.Parameters.QueueId : action.Parameters.AgentId;
        const id = this.text(target, frame);
        if (id === "") return failed(`${target} is not set`);
        this.queue = { ARN: id, Name: id };
        return success;
      }
      case "TransferContactToQueue":
        return this.queue === null
          ? failed("no queue was set before")
          : { ending: { kind: "queued", queue: this.queue.ARN } };
      case "TransferToFlow": {
        const flow = this.text(action.Parameters.ContactFlowId, frame);
        if (flow === "") return failed(`${action.Parameters.ContactFlowId} is not set`);
        const flows = this.simulation.flows ?? {};
        const content = Object.hasOwn(flows, flow) ? flows[flow] : undefined;
        return { ending: content === undefined ? { kind: "transferred", flow } : await this.execute(content, [], {}) };
      }
      case "DequeueContactAndTransferToQueue": {
        const target = action.Parameters.QueueId ?? action.Parameters.AgentId;
        const queue = target === undefined ? this.queue?.ARN : this.text(target, frame);
        return queue === undefined || queue === "" ? failed("no queue is set") : { ending: { kind: "queued", queue } };
      }
      case "TransferContactToAgent":
        return { ending: { kind: "agent" } };
      case "CheckHoursOfOperation":
      case "CheckMetricData":
      case "ConnectParticipantWithLexBot":
      case "CreateCallbackContact":
      case "DistributeByPercentage":
      case "GetMetricData":
      case "GetParticipantInput":
      case "MessageParticipantIteratively":
      case "Wait":
        return this.chooseBranch(action);
      case "TransferParticipantToThirdParty":
        return this.transferToThirdParty(action, frame);
      case "TagContact":
      case "UpdateContactCallbackNumber":
      case "UpdateContactData":
      case "UpdateContactEventHooks":
      case "UpdateContactRecordingAndAnalyticsBehavior":
      case "UpdateContactRecordingBehavior":
      case "UpdateContactRoutingBehavior":
      case "UpdateContactTextToSpeechVoice":
        return success;
      case "DisconnectParticipant":
        return { ending: { kind: "disconnected" } };
      case "EndFlowExecution":
        return { ending: { kind: "flow ended" } };
      case "EndFlowModuleExecution": {
        const { Result, ResultData } = action.Parameters;
        return {
          ending: {
            kind: "returned",
            ...(Result !== undefined && { result: Result }),
            ...(ResultData !== undefined && { data: this.resolveResultData(ResultData, frame) }),
          },
        };
      }
    }
  }

  /** Writes all attributes of the action, or none. */
  private writeAttributes(
    identifier: string,
    parameters: Extract<ModelledAction, { Type: "UpdateContactAttributes" }>["Parameters"],
    frame: Frame,
  ): ActionResult {
    this.writes += 1;
    if (this.simulation.failWrite?.(identifier, this.writes)) return failed("injected by the simulation");
    // The simulation does not include the related contact.
    if (parameters.TargetContact === "Related") return success;
    const values = Object.entries(parameters.Attributes).map(
      ([name, value]) => [this.text(name, frame), this.text(value, frame)] as const,
    );
    const after: Record<string, string> = { ...this.attributes, ...Object.fromEntries(values) };
    const bytes = Buffer.byteLength(Object.entries(after).flat().join(""), "utf8");
    if (bytes > MAX_ATTRIBUTE_BYTES) return failed(`contact attributes would have ${bytes} bytes`);
    this.attributes = after;
    return success;
  }

  private async invokeLambda(
    parameters: Extract<ModelledAction, { Type: "InvokeLambdaFunction" }>["Parameters"],
    frame: Frame,
  ): Promise<ActionResult> {
    const arn = this.text(parameters.LambdaFunctionARN, frame);
    const event = {
      Name: "ContactFlowEvent",
      Details: {
        ContactData: contactData(this.simulation.contact, this.attributes, this.queue),
        Parameters: this.resolveMap(parameters.LambdaInvocationAttributes ?? {}, frame),
      },
    } as const;
    const timeLimit = Number(parameters.InvocationTimeLimitSeconds) * 1000;
    if (parameters.InvocationType === "ASYNCHRONOUS") {
      // Connect does not wait. The flow sees neither the response nor a failure.
      new Promise((resolve) => {
        resolve(this.simulation.invokeLambda(arn, event, timeLimit));
      }).catch(() => undefined);
      return success;
    }
    if (this.lambdaMs >= MAX_LAMBDA_MS)
      return { ending: { kind: "stuck", reason: `no end within ${MAX_LAMBDA_MS} ms of Lambda time` } };
    const limit = Math.min(timeLimit, MAX_LAMBDA_CHAIN_MS - this.lambdaChainMs);
    if (limit <= 0) return failed(`consecutive Lambda functions took ${MAX_LAMBDA_CHAIN_MS} ms`);
    // The response of an earlier function is lost even if this function fails.
    frame.external = {};
    const responseType = parameters.ResponseValidation?.ResponseType ?? "STRING_MAP";
    const start = performance.now();
    const result = await callLambda(this.simulation.invokeLambda, arn, event, limit, responseType);
    const elapsedMs = performance.now() - start;
    this.lambdaMs += elapsedMs;
    this.lambdaChainMs += elapsedMs;
    if (!result.ok) return failed(result.reason);
    frame.external = result.response;
    return success;
  }

  private chooseBranch(action: Pick<CompleteAction, "Identifier" | "Transitions">): { readonly branch: string } {
    const { NextAction, Errors = [], Conditions = [] } = action.Transitions;
    const branches = [
      ...(NextAction === undefined ? [] : ["success"]),
      ...Errors.map((error) => error.ErrorType),
      ...Conditions.map((branch) => conditionName(branch.Condition)),
    ];
    return { branch: this.simulation.chooseBranch?.(action.Identifier, branches) ?? "success" };
  }

  /** The flow continues after the external call only if `ContinueFlowExecution` is true. */
  private transferToThirdParty(
    action: Extract<ModelledAction, { Type: ExternalActionType | SettingActionType }>,
    frame: Frame,
  ): ActionResult {
    const { ThirdPartyPhoneNumber, ContinueFlowExecution } = action.Parameters;
    const result = this.chooseBranch(action);
    if ("branch" in result && result.branch !== "success") return result;
    if (scalarText(ContinueFlowExecution)?.toLowerCase() === "true") return result;
    return { ending: { kind: "third party", phoneNumber: this.text(scalarText(ThirdPartyPhoneNumber) ?? "", frame) } };
  }

  /** Returns the value of a reference, or an object with resolved values. */
  private resolveResultData(data: string | Readonly<Record<string, JsonValue>>, frame: Frame): JsonValue {
    if (typeof data !== "string") return this.resolveMap(data, frame);
    return (this.value(parseReference(data) ?? [], frame) ?? {}) as JsonValue;
  }

  private loop(identifier: string, count: string | number | undefined, frame: Frame): ActionResult {
    // A loop over an array runs once, because the simulator does not read the array.
    if (count === undefined) return this.loop(identifier, 1, frame);
    const iterations = toNumber(this.text(`${count}`, frame));
    if (!Number.isInteger(iterations) || iterations < 0 || iterations > 100)
      return failed(`${count} is not a whole number from 0 to 100`);
    const done = frame.loopsDone.get(identifier) ?? 0;
    const hasMore = done < iterations;
    // A finished loop starts again at 0.
    frame.loopsDone.set(identifier, hasMore ? done + 1 : 0);
    return { branch: hasMore ? "Equals ContinueLooping" : "Equals DoneLooping" };
  }

  private async invokeModule(
    action: Extract<ModelledAction, { Type: "InvokeFlowModule" }>,
    frame: Frame,
  ): Promise<ActionResult> {
    const id = this.text(action.Parameters.FlowModuleId, frame);
    const modules = this.simulation.modules ?? {};
    const module = Object.hasOwn(modules, id) ? modules[id] : undefined;
    if (module === undefined) return failed(`module ${id} does not exist`);
    if (frame.within.length >= MAX_MODULE_DEPTH)
      return failed(`modules are nested more than ${MAX_MODULE_DEPTH} levels deep`);
    const input = this.resolveMap(action.Parameters.Input ?? {}, frame);
    const ending = await this.execute(module, [...frame.within, id], input);
    if (ending.kind !== "returned") return { ending };
    frame.moduleResult = {
      ...(ending.result !== undefined && { Result: ending.result }),
      ...(ending.data !== undefined && { ResultData: ending.data }),
    };
    return action.Transitions.Conditions?.length ? compare(ending.result, action) : success;
  }

  private playMessage(
    parameters: Extract<ModelledAction, { Type: "MessageParticipant" }>["Parameters"],
    frame: Frame,
  ): ActionResult {
    if (!("Text" in parameters) && this.simulation.contact.Channel !== "VOICE") {
      return failed("only a voice contact can receive SSML or a prompt");
    }
    this.lambdaChainMs = 0;
    const message =
      "Text" in parameters ? parameters.Text : "SSML" in parameters ? parameters.SSML : "(a recorded prompt)";
    return { branch: "success", detail: this.text(message, frame) };
  }

  /** Resolves a reference; undefined if it is not set. */
  private value(segments: readonly string[], frame: Frame): unknown {
    return this.setValue(segments, frame) ?? this.simulation.unsetReference?.(segments);
  }

  private setValue(segments: readonly string[], frame: Frame): unknown {
    let value: unknown = {
      ...contactData(this.simulation.contact, this.attributes, this.queue),
      External: frame.external,
      LambdaInvocation: { ResultData: frame.external },
      FlowAttributes: frame.flowAttributes,
      Modules: { Input: frame.input, ...frame.moduleResult },
    };
    for (const segment of segments) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, segment)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[segment];
    }
    return value ?? undefined;
  }

  private text(text: string, frame: Frame): string {
    return interpolate(text, (segments) => scalarText(this.value(segments, frame)));
  }

  private resolve(value: JsonValue, frame: Frame): JsonValue {
    if (typeof value === "string") return this.text(value, frame);
    if (Array.isArray(value)) return value.map((inner: JsonValue) => this.resolve(inner, frame));
    return isRecord(value) ? this.resolveMap(value, frame) : value;
  }

  /** Omits an entry whose reference is not set. AWS does not document what Connect sends instead. */
  private resolveMap(map: Readonly<Record<string, JsonValue>>, frame: Frame): Record<string, JsonValue> {
    const set = Object.entries(map).filter(([, value]) => {
      const reference = typeof value === "string" && isComparable(value) ? parseReference(value) : undefined;
      return reference === undefined || this.value(reference, frame) !== undefined;
    });
    return Object.fromEntries(set.map(([key, value]) => [this.text(key, frame), this.resolve(value, frame)]));
  }
}

/** Returns the target of a branch. A message without an error branch takes its success branch on an error. */
function nextAction(action: CompleteAction, branch: string): string | undefined {
  const { NextAction, Errors = [], Conditions = [] } = action.Transitions;
  if (branch === "success") return NextAction;
  const condition = Conditions.find((c) => conditionName(c.Condition) === branch);
  const error = Errors.find((e) => e.ErrorType === branch);
  if (action.Type === "MessageParticipant" && branch === "NoMatchingError") return error?.NextAction ?? NextAction;
  return condition?.NextAction ?? error?.NextAction;
}

/** Selects the first condition of `action` that matches `value`. Comparisons are case-sensitive. */
function compare(value: unknown, action: { readonly Transitions: Transitions }): ActionResult {
  const match = action.Transitions.Conditions?.find((c) =>
    conditionMatches(value, c.Condition.Operator, c.Condition.Operands[0] ?? ""),
  );
  return { branch: match === undefined ? "NoMatchingCondition" : conditionName(match.Condition) };
}

function mapValues<V, W>(map: Readonly<Record<string, V>>, transform: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, transform(value)]));
}
