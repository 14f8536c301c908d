/** Checks whether one instance would block a caller, and converts an error of AWS to a message. */
import type { InstanceConfig } from "../../../config/types";
import { instanceClients } from "../../aws/instance-clients";
import { CommandError } from "../../output/command-error";
import { answerFor, type Answer } from "./answer";
import type { Caller } from "./caller";
import { lookupFailure } from "./lookup-failure";

export interface CallerCheck {
  readonly instance: InstanceConfig;
  readonly caller: Caller;
  /** The answer; or, if there is none, a text with the reason and the fix. */
  readonly answer: Answer | string;
}

export async function checkCaller(instance: InstanceConfig, caller: Caller): Promise<CallerCheck> {
  const clients = instanceClients(instance);
  try {
    return { instance, caller, answer: await answerFor(instance, caller.address, clients) };
  } catch (error) {
    if (error instanceof CommandError) return { instance, caller, answer: error.message };
    const failure = lookupFailure(error, instance.stackName);
    if (failure === undefined) throw error;
    return { instance, caller, answer: failure };
  } finally {
    clients.destroy();
  }
}
