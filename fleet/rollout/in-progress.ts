/** Rejects a stack that another process uses: a Terraform process that still runs, or the holder of the state lock. */
import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import path from "node:path";
import type { PlanRejection } from "../plans/saved-plan";
import { lockText } from "../terraform/diagnostics";
import type { StateLock } from "../terraform/diagnostics";
import type { DeploymentStatus } from "./journal";

/** Rejects a stack if the Terraform process of a killed deployment still runs. */
export function stillRunning(status: DeploymentStatus): PlanRejection | undefined {
  if (status.state !== "applying" || status.pid === undefined || !isTerraform(status.pid)) return undefined;
  return {
    reason: `The Terraform process ${status.pid} of the interrupted deployment is still running.`,
    fix: "Wait until the process has ended, then resume.",
  };
}

/** Whether this process id belongs to a running Terraform. Ids are reused, and a dead process may be a zombie (`Z`). */
function isTerraform(pid: number): boolean {
  try {
    const [state = "", command = ""] = execFileSync("ps", ["-p", `${pid}`, "-o", "stat=,comm="], { encoding: "utf8" })
      .trim()
      .split(/\s+/);
    return !state.startsWith("Z") && path.basename(command) === "terraform";
  } catch {
    return false;
  }
}

/**
 * Rejects a stack because of its state lock.
 *
 * @param directory Terraform's working directory for the stack
 */
export function stateLocked(lock: StateLock, status: DeploymentStatus, directory: string): PlanRejection {
  if (status.state !== "applying") {
    const fix = "Another command is using this stack. Wait until that command has finished, then deploy again.";
    return { reason: lockText(lock), fix };
  }
  const isThisMachine = lock.who.endsWith(`@${hostname()}`);
  // A lock that is older than the interrupted apply belongs to another command.
  if (isThisMachine && lockTime(lock) < Date.parse(status.since) - 1000) {
    return {
      reason: lockText(lock),
      fix: "Another command on this machine holds the lock. Wait until that command has finished, then resume.",
    };
  }
  const unlock = `terraform -chdir=${path.relative(".", directory)} force-unlock ${lock.id}`;
  return {
    reason: lockText(
      lock,
      isThisMachine ? "A deployment on this machine was killed during an apply and could not release the lock." : "",
    ),
    fix:
      (isThisMachine
        ? "The Terraform process of that deployment no longer runs on this machine. Release the lock and resume:\n"
        : "If the Terraform process that holds the lock has ended, release the lock and resume:\n") +
      `    ${unlock}\n    npm run fleet -- deploy --resume`,
  };
}

/** `2026-11-24 05:57:36.12 +0000 UTC` in milliseconds; infinite if Terraform uses another format. */
function lockTime({ created }: StateLock): number {
  const time = Date.parse(created.replace(/^(\S+) (\S+) \+0000 UTC$/, "$1T$2Z"));
  return Number.isNaN(time) ? Infinity : time;
}
