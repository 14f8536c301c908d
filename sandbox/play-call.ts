/** Plays one inbound call: the simulator runs the module, and the packaged function answers its Lambda block. */
import { randomUUID } from "node:crypto";
import { type Contact, simulate, type SimulationResult } from "../flows/simulator";
import type { FlowContent } from "../flows/language/types";
import type { FunctionInstance } from "../emulators/lambda-runtime/function-instance";

export interface Caller {
  readonly region: string;
  readonly instanceArn: string;
  /** The caller's number as sent by the network. */
  readonly from: string;
}

export interface Call extends Caller {
  readonly moduleContent: FlowContent;
  readonly function: FunctionInstance;
  /** Whether this ARN is associated with the instance. Otherwise the block fails without an invocation, as in Connect. */
  readonly mayInvoke: (functionArn: string) => boolean;
}

export interface PlayedCall extends SimulationResult {
  /** Duration of the invocation in milliseconds; undefined if the function was not invoked. */
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
