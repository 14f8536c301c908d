/** Checks whether one instance would block a caller, and converts an error of AWS to a message. */
import type { InstanceConfig } from "../../../config/types";
import { attachPolicyFix, isAccessDenied } from "../../aws/errors";
import { instanceClients } from "../../aws/instance-clients";
import { CommandError } from "../../output/command-error";
import { errorMessage } from "../../output/error-message";
import { answerFor, type Answer } from "./answer";
import type { Caller } from "./caller";

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
    if (!(error instanceof Error) || !("$metadata" in error)) throw error;
    const fix = isAccessDenied(error)
      ? attachPolicyFix("read-and-invoke")
      : `Find the cause with: npm run fleet -- verify ${instance.stackName}`;
    return { instance, caller, answer: `${errorMessage(error)} ${fix}` };
  } finally {
    clients.destroy();
  }
}
