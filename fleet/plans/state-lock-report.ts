/** Reports the lock of a state: its id, holder and age, and the command that releases it. */
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { readBesideState } from "../aws/state-object";
import { errorMessage } from "../output/error-message";
import { oneLine } from "../output/foreign-text";
import { lockInFile, lockTime } from "../terraform/state-lock";
import type { StateLock } from "../terraform/state-lock";
import type { PlanRejection } from "./saved-plan";

/**
 * @param directory an initialized working directory with the backend of the stack; undefined if the command deletes its directory
 * @param now milliseconds since 1970
 */
export function lockProblem(
  lock: StateLock,
  { stackName, state }: InstanceConfig,
  directory: string | undefined,
  now: number = Date.now(),
): PlanRejection {
  if (lock.id === undefined) {
    const object = `s3://${state.bucket}/${state.key}.tflock`;
    const endpoint = state.endpoint === undefined ? "" : ` --endpoint-url ${state.endpoint}`;
    return {
      reason: `The state is locked, but the lock file ${object} does not contain a lock of Terraform. Its holder is unknown.`,
      fix: `Check that no other command uses the stack. Then delete the lock file:\n    aws s3 rm ${object} --region ${state.region}${endpoint}`,
    };
  }
  const at = directory === undefined ? `cdktf.out/stacks/${stackName}` : path.relative(".", directory) || ".";
  const unlock = `    terraform -chdir=${at} force-unlock ${lock.id}`;
  return {
    reason: oneLine(
      `The state is locked by ${lock.who || "an unknown holder"} since ${lock.created || "an unknown time"}${ageOf(lock, now)}, ` +
        `operation ${lock.operation || "unknown"}, lock id ${lock.id}.`,
    ),
    fix:
      "If the holder still runs, wait until it has ended, or wait with --lock-timeout. If the holder was killed, release the lock:\n" +
      (directory === undefined ? `    npm run synth\n    terraform -chdir=${at} init\n${unlock}` : unlock),
  };
}

/** ` (3 h 5 min ago)`; empty if the time is unknown or in the future. */
function ageOf(lock: StateLock, now: number): string {
  const minutes = Math.floor((now - (lockTime(lock) ?? NaN)) / 60_000);
  if (Number.isNaN(minutes) || minutes < 0) return "";
  if (minutes < 60) return ` (${minutes} min ago)`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? ` (${hours} h ${minutes % 60} min ago)` : ` (${Math.floor(hours / 24)} days ago)`;
}

/** The lock of a state; undefined if the state is not locked. @throws Error from AWS */
export async function findLock(instance: InstanceConfig): Promise<StateLock | undefined> {
  const text = await readBesideState(instance, ".tflock");
  return text === undefined ? undefined : lockInFile(text);
}

/** Milliseconds between two reads of the lock file. */
const pollInterval = 2000;

/**
 * Looks for the lock of a state, for commands that take no lock. Waits while the state is locked, at most for the given time.
 *
 * @param wait limit in seconds
 * @returns what to report; undefined if the state is not locked
 */
export async function lockNotice(
  instance: InstanceConfig,
  wait: number,
  shutdown: { readonly isStopping: boolean },
): Promise<string | undefined> {
  const end = Date.now() + wait * 1000;
  try {
    for (;;) {
      const lock = await findLock(instance);
      if (lock === undefined) return undefined;
      if (Date.now() >= end || shutdown.isStopping) {
        const { reason, fix } = lockProblem(lock, instance, undefined);
        return `${reason} A running deployment can explain differences.\n  ${fix}`;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.min(pollInterval, end - Date.now())));
    }
  } catch (error) {
    return `It could not be checked whether the state is locked. ${errorMessage(error)}`;
  }
}
