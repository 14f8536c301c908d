/** Checks whether one instance would block a caller, and converts an error of AWS to a message. */
import type { InstanceConfig } from "../../../config/types";
import { attachPolicyFix, isAccessDenied } from "../../aws/errors";
import { instanceClients } from "../../aws/instance-clients";
import { CommandError } from "../../output/command-error";
import { errorMessage } from "../../output/error-message";
import { answerFor, type Answer } from "./answer";

export interface CallerCheck {
  readonly instance: InstanceConfig;
  /** The answer; or, if there is none, a text with the reason and the fix. */
  readonly answer: Answer | string;
}

/** @param address the caller as `callerFrom` returns it */
export async function checkCaller(instance: InstanceConfig, address: string): Promise<CallerCheck> {
  const clients = instanceClients(instance);
  try {
    return { instance, answer: await answerFor(instance, address, clients) };
  } catch (error) {
    if (error instanceof CommandError) return { instance, answer: error.message };
    if (!(error instanceof Error) || !("$metadata" in error)) throw error;
    const fix = isAccessDenied(error)
      ? attachPolicyFix("read-and-invoke")
      : `Find the cause with: npm run fleet -- verify ${instance.stackName}`;
    return { instance, answer: `${errorMessage(error)} ${fix}` };
  } finally {
    clients.destroy();
  }
}
