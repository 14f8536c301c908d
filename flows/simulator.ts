/** Runs flow and module content as Connect runs it, so that what a flow does can be tested before it is deployed. */
import { isRecord, type JsonValue } from "./language/json";
import { interpolate, isComparable, parseReference } from "./language/jsonpath";
import type { Action, ContentKind, FlowContent, ModelledAction, Transitions } from "./language/types";
import { requireAccepted, uncheckedActionTypes } from "./language/validate";
import { callLambda, type Contact, contactData, type InvokeLambda, type Queue } from "./lambda-block";

export type { ConnectLambdaEvent, Contact, ContactData, Endpoint, InvokeLambda, Queue } from "./lambda-block";

/** One action that ran, and the way it was left by. */
export interface Step {
  readonly identifier: string;
  readonly type: string;
  /** `success`, an error type (`NoMatchingError`), a condition (`Equals match`), or `end` of a terminal action. */
  readonly branch: string;
  /** `FlowModuleId` of the modules this action is inside of, outermost first; empty in the content itself. */
  readonly within: readonly string[];
  /** Why an error branch was taken, or what was said to the contact. Holds text of the flow: not for logs. */
  readonly detail?: string;
}

/** How the run ended. */
export type Ending =
  /** A module that was run by itself reached its Return, with the custom branch it chose. */
  | { readonly kind: "returned"; readonly result?: string }
  | { readonly kind: "disconnected" }
  /** Waits in the queue (or for the agent) with this id or ARN. */
  | { readonly kind: "queued"; readonly queue: string }
  | { readonly kind: "transferred"; readonly flow: string }
  /** A whisper or queue flow is over; the contact goes on. */
  | { readonly kind: "flow ended" }
  /** Connect would have nowhere to go on: a fault of the content, or of a type of action that is not modelled. */
  | { readonly kind: "stuck"; readonly why: string };

export interface SimulationResult {
  readonly path: readonly Step[];
  /** Contact attributes at the end. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly ending: Ending;
}

export interface Simulation {
  readonly content: FlowContent;
  readonly kind: ContentKind;
  readonly contact: Contact;
  /** Modules that `InvokeFlowModule` finds, by the `FlowModuleId` it names. */
  readonly modules?: Readonly<Record<string, FlowContent>>;
  readonly invokeLambda: InvokeLambda;
  /** Whether the `nth` attempt to write contact attributes (from 1, over the whole run) fails. */
  readonly failWrite?: (actionIdentifier: string, nth: number) => boolean;
  /** The error type that an action ends with, whatever it does; undefined lets it run. */
  readonly failAction?: (actionIdentifier: string) => string | undefined;
}

/** Contact attributes together, in bytes of UTF-8 (adminguide/set-contact-attributes). */
const MAX_ATTRIBUTE_BYTES = 32_768;
/** A chain of Lambdas may take this long until the contact hears something again (adminguide/connect-lambda-functions). */
const MAX_LAMBDA_CHAIN_MS = 20_000;
/** Longer than any caller waits in a flow that ends: stops one that goes in circles through a Lambda that does not answer. */
const MAX_LAMBDA_MS = 60_000;
const MAX_MODULE_DEPTH = 5;
/** Far beyond any flow that ends; stops one that goes in circles. */
const MAX_STEPS = 10_000;

/** An action with what others may leave out filled in. */
type CompleteAction = Required<Action>;

/** What is visible inside one flow or module alone; a module starts with a fresh one and its caller keeps its own. */
interface Frame {
  readonly actions: ReadonlyMap<string, CompleteAction>;
  readonly within: readonly string[];
  readonly input: Readonly<Record<string, JsonValue>>;
  readonly loopsDone: Map<string, number>;
  external: Readonly<Record<string, JsonValue>>;
  flowAttributes: Readonly<Record<string, string>>;
  moduleResult: { readonly Result?: string; readonly ResultData?: JsonValue };
}

/** What an action decided: the way to leave by, or the end. */
type Outcome =
  | { readonly branch: string; readonly detail?: string }
  | { readonly ending: Ending & { readonly data?: JsonValue }; readonly detail?: string };

const success: Outcome = { branch: "success" };

function failed(detail: string, branch = "NoMatchingError"): Outcome {
  return { branch, detail };
}

/**
 * Runs `content` for one contact, from its start action to an end.
 *
 * Contact attributes last; flow attributes, `$.External` and a module's input and result belong to one flow or module and
 * are gone after it. A type of action that is not modelled takes its success branch. Lambdas take the time that they take;
 * after a minute of them in one run, the contact counts as stuck.
 *
 * @returns the path taken, the final contact attributes, and how it ended
 * @throws Error that lists the problems, when Connect would refuse the content or one of the modules
 */
export async function simulate(simulation: Simulation): Promise<SimulationResult> {
  requireAccepted(simulation.content, simulation.kind, "content");
  for (const [id, module] of Object.entries(simulation.modules ?? {}))
    requireAccepted(module, "module", `module ${id}`);
  const run = new Run(simulation);
  const ending = await run.play(simulation.content, [], {});
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

  async play(
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
    const unmodelled = new Set(uncheckedActionTypes(content));
    let next: string | undefined = content.StartAction;
    for (;;) {
      const action: CompleteAction | undefined = next === undefined ? undefined : frame.actions.get(next);
      if (action === undefined)
        return { kind: "stuck", why: "the last action on the path has no branch for what happened" };
      if (this.path.length >= MAX_STEPS) return { kind: "stuck", why: `no end within ${MAX_STEPS} actions` };
      // A step is recorded when its action starts, so that a module's own steps follow the one that invoked it.
      const at = this.path.push({ identifier: action.Identifier, type: action.Type, branch: "", within }) - 1;
      const fault = this.simulation.failAction?.(action.Identifier);
      const outcome =
        fault !== undefined
          ? failed("as the simulation asked", fault)
          : unmodelled.has(action.Type)
            ? { branch: "success", detail: `${action.Type} is not simulated` }
            : await this.perform(action as ModelledAction, frame);
      const ended = "ending" in outcome;
      this.path[at] = {
        identifier: action.Identifier,
        type: action.Type,
        branch: ended ? "end" : outcome.branch,
        within,
        ...(outcome.detail !== undefined && { detail: outcome.detail }),
      };
      if (ended) return outcome.ending;
      next = follow(action, outcome.branch);
    }
  }

  private async perform(action: ModelledAction, frame: Frame): Promise<Outcome> {
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
        return this.say(action.Parameters, frame);
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
        return flow === ""
          ? failed(`${action.Parameters.ContactFlowId} is not set`)
          : { ending: { kind: "transferred", flow } };
      }
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
            ...(ResultData !== undefined && { data: this.resolved(ResultData, frame) }),
          },
        };
      }
    }
  }

  /** All attributes of the action are written, or none. */
  private writeAttributes(
    identifier: string,
    parameters: Extract<ModelledAction, { Type: "UpdateContactAttributes" }>["Parameters"],
    frame: Frame,
  ): Outcome {
    this.writes += 1;
    if (this.simulation.failWrite?.(identifier, this.writes)) return failed("as the simulation asked");
    // The related contact is another one, which this run does not see.
    if (parameters.TargetContact === "Related") return success;
    const written = Object.entries(parameters.Attributes).map(
      ([name, value]) => [this.text(name, frame), this.text(value, frame)] as const,
    );
    const after: Record<string, string> = { ...this.attributes, ...Object.fromEntries(written) };
    const bytes = Buffer.byteLength(Object.entries(after).flat().join(""), "utf8");
    if (bytes > MAX_ATTRIBUTE_BYTES) return failed(`contact attributes would have ${bytes} bytes`);
    this.attributes = after;
    return success;
  }

  private async invokeLambda(
    parameters: Extract<ModelledAction, { Type: "InvokeLambdaFunction" }>["Parameters"],
    frame: Frame,
  ): Promise<Outcome> {
    const arn = this.text(parameters.LambdaFunctionARN, frame);
    const event = {
      Name: "ContactFlowEvent",
      Details: {
        ContactData: contactData(this.simulation.contact, this.attributes, this.queue),
        Parameters: this.resolvedMap(parameters.LambdaInvocationAttributes ?? {}, frame),
      },
    } as const;
    const timeLimit = Number(parameters.InvocationTimeLimitSeconds) * 1000;
    if (parameters.InvocationType === "ASYNCHRONOUS") {
      // Connect does not wait for it, and neither its answer nor its failure reaches a flow.
      new Promise((resolve) => {
        resolve(this.simulation.invokeLambda(arn, event, timeLimit));
      }).catch(() => undefined);
      return success;
    }
    if (this.lambdaMs >= MAX_LAMBDA_MS)
      return { ending: { kind: "stuck", why: `no end within ${MAX_LAMBDA_MS} ms of Lambdas` } };
    const limit = Math.min(timeLimit, MAX_LAMBDA_CHAIN_MS - this.lambdaChainMs);
    if (limit <= 0) return failed(`the Lambdas in a row took ${MAX_LAMBDA_CHAIN_MS} ms`);
    // Whatever an earlier Lambda answered is gone even when this one fails.
    frame.external = {};
    const responseType = parameters.ResponseValidation?.ResponseType ?? "STRING_MAP";
    const started = performance.now();
    const outcome = await callLambda(this.simulation.invokeLambda, arn, event, limit, responseType);
    const took = performance.now() - started;
    this.lambdaMs += took;
    this.lambdaChainMs += took;
    if (!outcome.ok) return failed(outcome.why);
    frame.external = outcome.response;
    return success;
  }

  private loop(identifier: string, count: string | number, frame: Frame): Outcome {
    const times = number(this.text(`${count}`, frame));
    if (!Number.isInteger(times) || times < 0 || times > 100) return failed(`${count} is no number of times to loop`);
    const done = frame.loopsDone.get(identifier) ?? 0;
    const more = done < times;
    // A loop that is entered again after it was done starts anew.
    frame.loopsDone.set(identifier, more ? done + 1 : 0);
    return { branch: more ? "Equals ContinueLooping" : "Equals DoneLooping" };
  }

  private async invokeModule(
    action: Extract<ModelledAction, { Type: "InvokeFlowModule" }>,
    frame: Frame,
  ): Promise<Outcome> {
    const id = this.text(action.Parameters.FlowModuleId, frame);
    const modules = this.simulation.modules ?? {};
    const module = Object.hasOwn(modules, id) ? modules[id] : undefined;
    if (module === undefined) return failed(`there is no module ${id}`);
    if (frame.within.length >= MAX_MODULE_DEPTH) return failed(`modules are nested over ${MAX_MODULE_DEPTH} deep`);
    const input = this.resolvedMap(action.Parameters.Input ?? {}, frame);
    const ending = await this.play(module, [...frame.within, id], input);
    if (ending.kind !== "returned") return { ending };
    frame.moduleResult = {
      ...(ending.result !== undefined && { Result: ending.result }),
      ...(ending.data !== undefined && { ResultData: ending.data }),
    };
    return action.Transitions.Conditions?.length ? compare(ending.result, action) : success;
  }

  private say(
    parameters: Extract<ModelledAction, { Type: "MessageParticipant" }>["Parameters"],
    frame: Frame,
  ): Outcome {
    if (!("Text" in parameters) && this.simulation.contact.Channel !== "VOICE") {
      return failed("only a voice contact can hear SSML or a prompt");
    }
    this.lambdaChainMs = 0;
    const said =
      "Text" in parameters ? parameters.Text : "SSML" in parameters ? parameters.SSML : "(a recorded prompt)";
    return { branch: "success", detail: this.text(said, frame) };
  }

  /** What a reference leads to, or undefined where it leads nowhere. */
  private value(segments: readonly string[], frame: Frame): unknown {
    let at: unknown = {
      ...contactData(this.simulation.contact, this.attributes, this.queue),
      External: frame.external,
      LambdaInvocation: { ResultData: frame.external },
      FlowAttributes: frame.flowAttributes,
      Modules: { Input: frame.input, ...frame.moduleResult },
    };
    for (const segment of segments) {
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, segment)) return undefined;
      at = (at as Readonly<Record<string, unknown>>)[segment];
    }
    return at ?? undefined;
  }

  private text(text: string, frame: Frame): string {
    return interpolate(text, (segments) => scalarText(this.value(segments, frame)));
  }

  private resolved(value: JsonValue, frame: Frame): JsonValue {
    if (typeof value === "string") return this.text(value, frame);
    if (Array.isArray(value)) return value.map((inner: JsonValue) => this.resolved(inner, frame));
    return isRecord(value) ? this.resolvedMap(value, frame) : value;
  }

  /** A reference to something unset leaves its entry out; what the service sends instead is not documented. */
  private resolvedMap(map: Readonly<Record<string, JsonValue>>, frame: Frame): Record<string, JsonValue> {
    const set = Object.entries(map).filter(([, value]) => {
      const reference = typeof value === "string" && isComparable(value) ? parseReference(value) : undefined;
      return reference === undefined || this.value(reference, frame) !== undefined;
    });
    return Object.fromEntries(set.map(([key, value]) => [this.text(key, frame), this.resolved(value, frame)]));
  }
}

/** Where an action leads by this branch; a message need not say where its error leads, and then goes on. */
function follow(action: CompleteAction, branch: string): string | undefined {
  const { NextAction, Errors = [], Conditions = [] } = action.Transitions;
  if (branch === "success") return NextAction;
  const condition = Conditions.find((c) => conditionName(c.Condition) === branch);
  const error = Errors.find((e) => e.ErrorType === branch);
  return condition?.NextAction ?? error?.NextAction ?? (action.Type === "MessageParticipant" ? NextAction : undefined);
}

function conditionName(condition: { readonly Operator: string; readonly Operands: readonly string[] }): string {
  return `${condition.Operator} ${condition.Operands.join(" ")}`;
}

/** The first condition of `action` that is true of `value`; comparisons are case-sensitive. */
function compare(value: unknown, action: { readonly Transitions: Transitions }): Outcome {
  const found = action.Transitions.Conditions?.find((c) =>
    holds(value, c.Condition.Operator, c.Condition.Operands[0] ?? ""),
  );
  return { branch: found === undefined ? "NoMatchingCondition" : conditionName(found.Condition) };
}

function holds(value: unknown, operator: string, operand: string): boolean {
  // The service accepts this operator without documenting it; this is what its name says.
  if (operator === "KeyExists") return isRecord(value) && Object.hasOwn(value, operand);
  const text = scalarText(value);
  if (text === undefined) return false;
  const [left, right] = [number(text), number(operand)];
  switch (operator) {
    case "Equals":
      return text === operand;
    case "TextStartsWith":
      return text.startsWith(operand);
    case "TextEndsWith":
      return text.endsWith(operand);
    case "TextContains":
      return text.includes(operand);
    // Comparisons with NaN are false, as the service's are when either side is no number.
    case "NumberGreaterThan":
      return left > right;
    case "NumberGreaterOrEqualTo":
      return left >= right;
    case "NumberLessThan":
      return left < right;
    case "NumberLessOrEqualTo":
      return left <= right;
    default:
      return false;
  }
}

function number(text: string): number {
  return text.trim() === "" ? NaN : Number(text);
}

function scalarText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}

function mapValues<V, W>(map: Readonly<Record<string, V>>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
