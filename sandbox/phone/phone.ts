/** The phone and the agent's desk of one instance: plays the steps of a link, and tells what happened in each step. */
import { BLOCKED_STATUS_ATTRIBUTE, MATCH } from "../../flows/blocked-status";
import type { Ending, Step as FlowStep } from "../../flows/simulator";
import { printable } from "../../config/printable";
import type { InstanceConfig } from "../../config/types";
import { type ContactTable, startContactTable } from "../../emulators/contact-table";
import { type FunctionInstance, startFunction } from "../../emulators/lambda-runtime/function-instance";
import { experienceOf, type PlayedCall, playCall, reasonOf } from "../../emulators/play-call";
import { EXPLANATIONS } from "../../lambda/explanations";
import type { SandboxStack } from "../sandbox-stack";
import { offeredDispositions } from "../scenario";
import { type BreakableTable, startBreakableTable } from "./breakable-table";
import { type CallStep, linkOf, LinkError, type Step } from "./link";

export interface PlayedInstance {
  readonly instance: InstanceConfig;
  readonly stack: SandboxStack;
}

/** A block that a call passed. */
export interface PassedBlock {
  readonly picture: "flow" | "module";
  /** Position in the content of the picture. */
  readonly position: number;
  readonly name: string;
  /** The branch that the call took, in words; empty for the success branch. */
  readonly branch: string;
  /** Time since the start of the call, in milliseconds. */
  readonly startMs: number;
  readonly durationMs: number;
}

export interface CallOutcome {
  readonly kind: "call";
  /** Counted from 1. */
  readonly call: number;
  readonly from: string;
  readonly fault: string;
  /** Whether the module set `match`. */
  readonly blocked: boolean;
  /** Whether the lookup failed. The caller then gets through. */
  readonly failed: boolean;
  readonly blockedStatus: string;
  readonly reason: string;
  /** Why, in a sentence with Markdown code. */
  readonly cause: string;
  /** What the caller hears and where the call ends. */
  readonly experience: string;
  /** Whether the caller gets to an agent, who can then choose a Disposition. */
  readonly reachesAgent: boolean;
  readonly lookupMs: number | undefined;
  readonly blocks: readonly PassedBlock[];
}

export interface DispositionOutcome {
  readonly kind: "disposition";
  readonly call: number;
  readonly from: string;
  readonly disposition: string;
  /** Whether this is one of the instance's blocked Dispositions. */
  readonly blocks: boolean;
  /** Empty if the contact had no Disposition. */
  readonly before: string;
}

/** The contact of a call, as the agent's desk shows it. */
export interface DeskContact {
  readonly call: number;
  readonly from: string;
  /** Empty if nobody has chosen one. */
  readonly disposition: string;
  readonly blocks: boolean;
  /** Whether the contact waits for a reviewer. */
  readonly inReview: boolean;
  /** Whether an agent talked to the caller and can choose a Disposition. The flow ended the call of most blocked callers. */
  readonly reachedAgent: boolean;
}

export interface PhoneState {
  readonly outcomes: readonly (CallOutcome | DispositionOutcome)[];
  readonly contacts: readonly DeskContact[];
  /** The query of the link of the state after each step. */
  readonly links: readonly string[];
}

/** Most results of calls that are kept, so that the next step of a link does not repeat its former calls. */
const maxKept = 500;

/** Starts the table and the function of an instance at the first call, and keeps them. */
export class Phone {
  readonly #played: PlayedInstance;
  #parts: Promise<Parts> | undefined;
  /** The end of the last replay. The replays of several tabs run one after another, because they share the table. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #kept = new Map<string, CallOutcome>();
  #isStopped = false;

  constructor(played: PlayedInstance) {
    this.#played = played;
  }

  /**
   * Empties the table and plays the steps in order.
   *
   * @throws LinkError if a step chooses a Disposition for a contact without an agent
   */
  replay(steps: readonly Step[]): Promise<PhoneState> {
    const result = this.#last.then(() => this.#play(steps));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Ends the function and the table, after the current step of a replay. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const parts = this.#parts;
    if (parts === undefined) return;
    await this.#last;
    const { lambda, breakable, table } = await parts;
    await lambda.stop();
    await breakable.close();
    await table.stop();
  }

  async #play(steps: readonly Step[]): Promise<PhoneState> {
    const { instance } = this.#played;
    const parts = await (this.#parts ??= start(this.#played));
    await parts.empty();
    const outcomes: (CallOutcome | DispositionOutcome)[] = [];
    const links: string[] = [];
    const contacts: DeskContact[] = [];
    for (const [n, step] of steps.entries()) {
      if (this.#isStopped) throw new Error("the sandbox stops");
      const link = linkOf(instance.stackName, steps.slice(0, n + 1));
      if (step.kind === "call") {
        const outcome = this.#kept.get(link) ?? (await this.#call(parts, step, contacts.length + 1));
        this.#keep(link, outcome);
        outcomes.push(outcome);
        const contact = {
          call: outcome.call,
          from: step.from,
          disposition: "",
          blocks: false,
          inReview: false,
          reachedAgent: outcome.reachesAgent,
        };
        contacts.push(contact);
        await parts.put(contact);
      } else {
        outcomes.push(await this.#choose(parts, contacts, step.call, step.disposition));
      }
      links.push(link);
    }
    return { outcomes, contacts, links };
  }

  #keep(link: string, outcome: CallOutcome): void {
    if (this.#kept.size >= maxKept) this.#kept.clear();
    this.#kept.set(link, outcome);
  }

  async #choose(parts: Parts, contacts: DeskContact[], call: number, disposition: string): Promise<DispositionOutcome> {
    const contact = contacts[call - 1];
    if (contact?.reachedAgent !== true) {
      throw new LinkError(`The link chooses a Disposition for call ${call}, but no agent talked to the caller.`);
    }
    const { blockedDispositions } = this.#played.instance;
    const blocks = blockedDispositions.includes(disposition);
    if (contact.disposition === "") await parts.put({ ...contact, disposition });
    else await parts.table.overrideDisposition(contactId(call), disposition);
    contacts[call - 1] = {
      ...contact,
      disposition,
      blocks,
      inReview: disposition === parts.reviewDisposition,
    };
    return { kind: "disposition", call, from: contact.from, disposition, blocks, before: contact.disposition };
  }

  async #call({ lambda, breakable }: Parts, { from, fault }: CallStep, call: number): Promise<CallOutcome> {
    const { instance, stack } = this.#played;
    const flow = stack.inboundFlow;
    const starts: number[] = [];
    await breakable.setFault(fault);
    const begin = performance.now();
    const played = await playCall({
      ...(flow === undefined
        ? { content: stack.moduleContent, kind: "module" }
        : { content: flow.content, kind: "flow", modules: { [flow.moduleId]: stack.moduleContent } }),
      region: instance.region,
      instanceArn: instance.instanceArn,
      from,
      invoke: (_, event, timeoutMs) => lambda.invoke(event, { timeoutMs }),
      mayInvoke: (arn) => arn === stack.associatedArn,
      onStep: (index) => (starts[index] = performance.now() - begin),
    }).finally(() => breakable.setFault(undefined));
    const endMs = performance.now() - begin;
    const blockedStatus = played.attributes[BLOCKED_STATUS_ATTRIBUTE] ?? "not set";
    const reason = reasonOf(played);
    return {
      kind: "call",
      call,
      from,
      fault: fault ?? "",
      blocked: blockedStatus === MATCH,
      failed: isFailed(played),
      blockedStatus: printable(blockedStatus),
      reason: printable(reason),
      cause: causeOf(reason),
      experience: printable(
        experienceOf(played) ??
          `Your own inbound flow continues with the contact attribute ${BLOCKED_STATUS_ATTRIBUTE} = ${blockedStatus}.`,
      ),
      reachesAgent: reachesAgent(played.ending, blockedStatus === MATCH),
      lookupMs: played.lookupMs,
      blocks: played.path.map((step, n) => ({
        ...placeOf(step, stack),
        name: printable(step.identifier),
        branch: branchText(step),
        startMs: starts[n] ?? 0,
        durationMs: (starts[n + 1] ?? endMs) - (starts[n] ?? 0),
      })),
    };
  }
}

interface Parts {
  readonly table: ContactTable;
  readonly breakable: BreakableTable;
  readonly lambda: FunctionInstance;
  readonly reviewDisposition: string;
  put(contact: DeskContact): Promise<void>;
  empty(): Promise<void>;
}

async function start({ instance, stack }: PlayedInstance): Promise<Parts> {
  const { region } = instance;
  const table = await startContactTable(instance.table.name, region);
  const breakable = await startBreakableTable(table.endpoint);
  const lambda = await startFunction({
    zip: stack.function.zip,
    handler: stack.function.handler,
    memoryMb: stack.function.memoryMb,
    environment: { ...stack.function.environment, AWS_REGION: region, AWS_ENDPOINT_URL_DYNAMODB: breakable.endpoint },
  });
  let stored = 0;
  return {
    table,
    breakable,
    lambda,
    reviewDisposition: offeredDispositions(instance).review,
    put: async ({ call, from, disposition }) => {
      stored = Math.max(stored, call);
      await table.put({
        contactId: contactId(call),
        customerEndpoint: from,
        ...(disposition === "" ? {} : { disposition }),
      });
    },
    empty: async () => {
      for (let call = 1; call <= stored; call++) await table.remove(contactId(call));
      stored = 0;
    },
  };
}

const contactId = (call: number): string => `call-${call}`;

function isFailed({ log, answer }: PlayedCall): boolean {
  if (answer === undefined) return true;
  return log.some((line) => line.startsWith("{") && (JSON.parse(line) as { LookupError?: number }).LookupError === 1);
}

/** The name of a reason is the key of its explanation. */
const causeOf = (reason: string): string =>
  Object.entries(EXPLANATIONS).find(([name]) => name === reason)?.[1].cause ??
  "The function gave no answer within the time limit of the flow block.";

/** Without an inbound flow, the end of the module is the end of the simulation. The team's own flow ends the calls of blocked callers. */
const reachesAgent = ({ kind }: Ending, blocked: boolean): boolean =>
  kind === "returned" ? !blocked : kind !== "disconnected" && kind !== "stuck";

function placeOf({ within, identifier }: FlowStep, stack: SandboxStack): Pick<PassedBlock, "picture" | "position"> {
  const flow = within.length === 0 ? stack.inboundFlow?.content : undefined;
  const { Actions } = flow ?? stack.moduleContent;
  return {
    picture: flow === undefined ? "module" : "flow",
    position: Actions.findIndex(({ Identifier }) => Identifier === identifier),
  };
}

function branchText({ branch, type, detail }: FlowStep): string {
  if (branch === "success" || branch === "end") return "";
  if (branch === "NoMatchingCondition") return "otherwise";
  if (branch.startsWith("Equals ")) return printable(branch.slice("Equals ".length));
  return printable(detail === undefined || type === "MessageParticipant" ? branch : `error: ${detail}`);
}
