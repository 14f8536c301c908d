/** Rebuilds the lost state of several stacks; an error of one stack does not stop the others. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { isFailedRequest } from "../aws/errors";
import { instanceClients } from "../aws/instance-clients";
import { errorMessage } from "../output/error-message";
import { forEachStack } from "../plans/for-each-stack";
import { openToolchain } from "../plans/instance-terraform";
import { setAsideUnsavedState, synthesizeInto } from "../plans/plans-directory";
import { openRunDirectory } from "../plans/run-directory";
import { findLock, lockProblem } from "../plans/state-lock-report";
import { synthesizedStackOf } from "../plans/synthesis";
import type { SynthesizedStack } from "../plans/synthesis";
import { UnreadablePlan } from "../terraform/plan-json";
import { lockIn } from "../terraform/state-lock";
import type { StateLock } from "../terraform/state-lock";
import { TerraformError } from "../terraform/terraform-stack";
import type { TerraformToolchain } from "../terraform/toolchain";
import type { GracefulShutdown } from "./graceful-shutdown";
import { NotRecoverable, recoverState } from "./recover-state";
import type { Recovery } from "./recover-state";

const directory = path.join("build", "recover");

/** The result of one stack. */
export interface RecoveryResult {
  readonly instance: InstanceConfig;
  readonly status: "written" | "can be written" | "refused" | "failed" | "stopped";
  readonly recovery?: Recovery;
  /** Path of the state of an interrupted deployment, which the written state replaces. */
  readonly replaced?: string;
  /** Why the stack was refused or failed, and what to do. */
  readonly problem?: string;
}

export interface RecoverOptions {
  /** Whether to write the states. Otherwise they are only built and compared. */
  readonly write: boolean;
  /** Absolute path of the plans directory whose deployment may have left a state. */
  readonly plans: string;
  /** Stacks recovered at the same time. */
  readonly parallel: number;
  readonly shutdown: GracefulShutdown;
}

/** @returns one result per instance, in the order of `instances` */
export async function recoverStacks(
  instances: readonly InstanceConfig[],
  { write, plans, parallel, shutdown }: RecoverOptions,
): Promise<readonly RecoveryResult[]> {
  const run = openRunDirectory(directory, "recover");
  try {
    return await shutdown.during(async () => {
      const stacks = await synthesizeInto(run, instances);
      const toolchain = await openToolchain(instances, shutdown);
      const results = await forEachStack(instances, { parallel, kind: "plan", shutdown }, (instance) => ({
        work: (step) => {
          const scratch = path.join(run, "rebuilt", instance.stackName);
          return recoverStack(instance, synthesizedStackOf(stacks, instance), {
            toolchain,
            scratch,
            step,
            write,
            plans,
          });
        },
        describe: ({ status }) => status,
      }));
      return results.map(({ instance, result }) => result ?? { instance, status: "stopped" });
    });
  } finally {
    // States and plans contain plaintext values.
    rmSync(run, { recursive: true, force: true });
  }
}

interface StackOptions {
  readonly toolchain: TerraformToolchain;
  readonly scratch: string;
  readonly step: (text: string) => void;
  readonly write: boolean;
  readonly plans: string;
}

async function recoverStack(
  instance: InstanceConfig,
  synthesized: SynthesizedStack,
  { toolchain, scratch, step, write, plans }: StackOptions,
): Promise<RecoveryResult> {
  const clients = instanceClients(instance);
  const { shutdown } = toolchain;
  let isWriting = false;
  try {
    if (write) {
      step("looking for a state lock");
      // A failure is not reported here: Terraform looks for the lock again before it writes.
      const lock = await findLock(instance).catch(() => undefined);
      if (lock !== undefined) return { instance, status: "failed", problem: lockedText(lock, instance) };
    }
    const recovery = await recoverState(instance, synthesized, { toolchain, clients, scratch, step });
    if (recovery === undefined) return { instance, status: "stopped" };
    if (!write) return { instance, status: "can be written", recovery };
    if (shutdown.isStopping) return { instance, status: "stopped" };
    step("writing the state");
    isWriting = true;
    await recovery.write();
    const replaced = setAsideUnsavedState(plans, instance.stackName);
    return { instance, status: "written", recovery, ...(replaced === undefined ? {} : { replaced }) };
  } catch (error) {
    return { instance, ...resultOfError(error, instance, { isWriting, isStopping: shutdown.isStopping }) };
  } finally {
    clients.destroy();
  }
}

/**
 * The result of a stack whose recovery ended with an error.
 *
 * @param progress whether the write has started, and whether the command is stopping
 * @throws the error, if it is a defect of this program
 */
export function resultOfError(
  error: unknown,
  instance: InstanceConfig,
  { isWriting, isStopping }: { readonly isWriting: boolean; readonly isStopping: boolean },
): Pick<RecoveryResult, "status" | "problem"> {
  if (error instanceof NotRecoverable) return { status: "refused", problem: error.message };
  // An interrupted Terraform ends with an error.
  if (isStopping && !isWriting) return { status: "stopped" };
  if (error instanceof TerraformError) {
    const lock = lockIn(error.output);
    if (lock !== undefined) return { status: "failed", problem: lockedText(lock, instance) };
    const nextStep = isWriting
      ? `\n  It is not known whether the state was written. Check with: npm run fleet -- plan stack=${instance.stackName}`
      : "";
    return { status: "failed", problem: `${error.message}${nextStep}` };
  }
  if (!(error instanceof UnreadablePlan) && !isFailedRequest(error)) throw error;
  return { status: "failed", problem: errorMessage(error) };
}

function lockedText(lock: StateLock, instance: InstanceConfig): string {
  const { reason, fix } = lockProblem(lock, instance, undefined);
  return `${reason} Nothing was written.\n  ${fix}`;
}
