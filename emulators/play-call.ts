/** Plays one inbound call: the simulator runs the flow or the module, and a function of an emulator answers its Lambda block. */
import { randomUUID } from "node:crypto";
import {
  type ConnectLambdaEvent,
  type Contact,
  simulate,
  type Simulation,
  type SimulationResult,
} from "../flows/simulator";
import type { Invocation } from "./lambda-runtime/function-instance";

export interface Caller {
  readonly region: string;
  readonly instanceArn: string;
  /** The caller's number as sent by the network. */
  readonly from: string;
}

export interface Call extends Caller, Pick<Simulation, "content" | "kind" | "modules" | "flows" | "onStep"> {
  readonly invoke: (
    functionArn: string,
    event: ConnectLambdaEvent,
    timeLimitMs: number,
  ) => Promise<Pick<Invocation, "payload" | "error" | "logs" | "durationMs">>;
  /** Whether this ARN is associated with the instance. Otherwise the block fails without an invocation, as in Connect. */
  readonly mayInvoke: (functionArn: string) => boolean;
}

export interface PlayedCall extends SimulationResult {
  /** Duration of the last invocation in milliseconds; undefined if no function was invoked. */
  readonly lookupMs: number | undefined;
  /** The function's answer; undefined if there is none. */
  readonly answer: unknown;
  /** Log lines of the function during the call. */
  readonly log: readonly string[];
}

/** A new phone call at the instance, without contact attributes. */
export function inboundContact({ region, instanceArn, from }: Caller): Contact {
  return {
    ContactId: randomUUID(),
    Channel: "VOICE",
    InitiationMethod: "INBOUND",
    InstanceARN: instanceArn,
    AwsRegion: region,
    CustomerEndpoint: { Address: from, Type: "TELEPHONE_NUMBER" },
    SystemEndpoint: { Address: "+15555550199", Type: "TELEPHONE_NUMBER" },
    Attributes: {},
  };
}

/** Plays the call to its end. */
export async function playCall({ invoke, mayInvoke, ...call }: Call): Promise<PlayedCall> {
  let lookupMs: number | undefined;
  let answer: unknown;
  let log: readonly string[] = [];
  const result = await simulate({
    content: call.content,
    kind: call.kind,
    ...(call.modules === undefined ? {} : { modules: call.modules }),
    ...(call.flows === undefined ? {} : { flows: call.flows }),
    ...(call.onStep === undefined ? {} : { onStep: call.onStep }),
    contact: inboundContact(call),
    invokeLambda: async (arn, event, timeLimitMs) => {
      if (!mayInvoke(arn)) throw new Error(`${arn} is not associated with the instance`);
      const invocation = await invoke(arn, event, timeLimitMs);
      lookupMs = invocation.durationMs;
      log = invocation.logs;
      if (invocation.error !== undefined) throw new Error(invocation.error.errorMessage);
      answer = invocation.payload;
      return answer;
    },
  });
  return { ...result, lookupMs, answer, log };
}

/** The reason in the function's answer. */
export function reasonOf({ answer }: PlayedCall): string {
  if (typeof answer === "object" && answer !== null && "reason" in answer) return String(answer.reason);
  return "no answer";
}

/** What the caller experiences at the end of a flow, as a sentence; undefined for the end of a module, after which a flow continues. */
export function experienceOf({ path, ending }: SimulationResult): string | undefined {
  const spoken = path
    .filter(({ type, branch, detail }) => type === "MessageParticipant" && branch === "success" && detail !== undefined)
    .map(({ detail }) => `The caller hears: ${JSON.stringify(detail)}`);
  const end = endText(ending);
  return end === undefined ? undefined : [...spoken, end].join(" ");
}

function endText(ending: SimulationResult["ending"]): string | undefined {
  switch (ending.kind) {
    case "returned":
      return undefined;
    case "disconnected":
      return "The call ends.";
    case "queued":
      return `The caller waits in the queue ${ending.queue}.`;
    case "agent":
      return "The caller is connected to an agent.";
    case "third party":
      return "The call is transferred to an external number.";
    case "transferred":
      return `The call continues in the flow ${ending.flow}.`;
    case "flow ended":
      return "The flow ends.";
    case "stuck":
      return `The flow cannot continue: ${ending.reason}.`;
  }
}
