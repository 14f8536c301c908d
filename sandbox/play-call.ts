/** Plays one inbound call: the module's content in the simulator, its Lambda block answered by the packaged function. */
import { randomUUID } from "node:crypto";
import { type Contact, simulate, type SimulationResult } from "../flows/simulator";
import type { FlowContent } from "../flows/language/types";
import type { FunctionInstance } from "../emulators/lambda-runtime/function-instance";

export interface Caller {
  readonly region: string;
  readonly instanceArn: string;
  /** What the network sent as the caller's number. */
  readonly from: string;
}

export interface Call extends Caller {
  readonly moduleContent: FlowContent;
  readonly function: FunctionInstance;
  /** Whether this ARN is associated with the instance; one that is not fails as in Connect, uncalled and unlogged. */
  readonly mayInvoke: (functionArn: string) => boolean;
}

export interface PlayedCall extends SimulationResult {
  /** How long the function took, in milliseconds; undefined when it was not called. */
  readonly lookupMs: number | undefined;
  /** The function's answer, undefined when it was not called or gave none. */
  readonly answer: unknown;
  /** What the function wrote to its log during the call, a line an entry. */
  readonly log: readonly string[];
}

/** A phone call as it arrives at the instance, with no contact attribute set. */
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
export async function playCall(call: Call): Promise<PlayedCall> {
  let lookupMs: number | undefined;
  let answer: unknown;
  let log: readonly string[] = [];
  const result = await simulate({
    content: call.moduleContent,
    kind: "module",
    contact: inboundContact(call),
    invokeLambda: async (arn, event, timeLimitMs) => {
      if (!call.mayInvoke(arn)) throw new Error(`${arn} is not associated with the instance`);
      const invocation = await call.function.invoke(event, { timeoutMs: timeLimitMs });
      lookupMs = invocation.durationMs;
      log = invocation.logs;
      if (invocation.error !== undefined) throw new Error(invocation.error.errorMessage);
      answer = invocation.payload;
      return answer;
    },
  });
  return { ...result, lookupMs, answer, log };
}
