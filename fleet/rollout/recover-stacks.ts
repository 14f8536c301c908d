/** Rebuilds the lost state of several stacks; an error of one stack does not stop the others. */
import { rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { isAboutCredentials } from "../aws/errors";
import { instanceClients } from "../aws/instance-clients";
import { errorMessage } from "../output/error-message";
import { forEachStack } from "../plans/for-each-stack";
import { openToolchain } from "../plans/instance-terraform";
import { synthesizeInto } from "../plans/plans-directory";
import { openRunDirectory } from "../plans/run-directory";
import { synthesizedStackOf } from "../plans/synthesis";
import type { SynthesizedStack } from "../plans/synthesis";
import { lockIn, lockText } from "../terraform/diagnostics";
import type { StateLock } from "../terraform/diagnostics";
import { UnreadablePlan } from "../terraform/plan-json";
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
  /** Why the stack was refused or failed, and what to do. */
  readonly problem?: string;
}

export interface RecoverOptions {
  /** Whether to write the states. Otherwise they are only built and compared. */
  readonly write: boolean;
  /** Stacks recovered at the same time. */
  readonly parallel: number;
  readonly shutdown: GracefulShutdown;
}

/** @returns one result per instance, in the order of `instances` */
export async function recoverStacks(
  instances: readonly InstanceConfig[],
  { write, parallel, shutdown }: RecoverOptions,
): Promise<readonly RecoveryResult[]> {
  const plans = openRunDirectory(directory, "recover");
  try {
    return await shutdown.during(async () => {
      const stacks = await synthesizeInto(plans, instances);
      const toolchain = await openToolchain(instances, shutdown);
      const results = await forEachStack(instances, { parallel, kind: "plan", shutdown }, (instance) => ({
        work: (step) => {
          const scratch = path.join(plans, "rebuilt", instance.stackName);
          return recoverStack(instance, synthesizedStackOf(stacks, instance), { toolchain, scratch, step, write });
        },
        describe: ({ status }) => status,
      }));
      return results.map(({ instance, result }) => result ?? { instance, status: "stopped" });
    });
  } finally {
    // States and plans contain plaintext values.
    rmSync(plans, { recursive: true, force: true });
  }
}

interface StackOptions {
  readonly toolchain: TerraformToolchain;
  readonly scratch: string;
  readonly step: (text: string) => void;
  readonly write: boolean;
}

async function recoverStack(
  instance: InstanceConfig,
  synthesized: SynthesizedStack,
  { toolchain, scratch, step, write }: StackOptions,
): Promise<RecoveryResult> {
  const clients = instanceClients(instance);
  const { shutdown } = toolchain;
  let isWriting = false;
  try {
    const recovery = await recoverState(instance, synthesized, { toolchain, clients, scratch, step });
    if (recovery === undefined) return { instance, status: "stopped" };
    if (!write) return { instance, status: "can be written", recovery };
    if (shutdown.isStopping) return { instance, status: "stopped" };
    step("writing the state");
    isWriting = true;
    await recovery.write();
    return { instance, status: "written", recovery };
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
  { stackName }: Pick<InstanceConfig, "stackName">,
  { isWriting, isStopping }: { readonly isWriting: boolean; readonly isStopping: boolean },
): Pick<RecoveryResult, "status" | "problem"> {
  if (error instanceof NotRecoverable) return { status: "refused", problem: error.message };
  // An interrupted Terraform ends with an error.
  if (isStopping && !isWriting) return { status: "stopped" };
  if (error instanceof TerraformError) {
    const lock = lockIn(error.output);
    if (lock !== undefined) return { status: "failed", problem: lockText(lock, unlockSteps(lock, stackName)) };
    const nextStep = isWriting
      ? `\n  It is not known whether the state was written. Check with: npm run fleet -- plan stack=${stackName}`
      : "";
    return { status: "failed", problem: `${error.message}${nextStep}` };
  }
  const isExpected =
    error instanceof UnreadablePlan || isAboutCredentials(error) || (error instanceof Error && "$metadata" in error);
  if (!isExpected) throw error;
  return { status: "failed", problem: errorMessage(error) };
}

const unlockSteps = ({ id }: StateLock, stackName: string): string =>
  "Nothing was written.\n" +
  "  If another command still uses the stack, wait until that command has ended. If it was killed, release the lock in the stack's directory\n" +
  `  (npm run synth; cdktf.out/stacks/${stackName}): terraform init && terraform force-unlock ${id}`;
