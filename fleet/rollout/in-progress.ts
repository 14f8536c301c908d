/** What an interrupted deployment left behind: a running Terraform, or a state lock. */
import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import path from "node:path";
import type { PlanRejection } from "../plans/saved-plan";
import { workStart } from "../terraform/diagnostics";
import { lockTime } from "../terraform/state-lock";
import type { StateLock } from "../terraform/state-lock";
import { unfinishedApply } from "./journal";
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
 * Whether the interrupted apply took this lock. That apply held the lock when it started to work. So any lock that was created on this
 * machine between the start of the apply and the start of its work is the lock of that apply.
 *
 * @param output the output of the interrupted apply
 */
export function isOwnLock(lock: StateLock, status: DeploymentStatus, output: string): boolean {
  const created = lockTime(lock) ?? NaN;
  return (
    lock.operation === "OperationTypeApply" &&
    lock.who.endsWith(`@${hostname()}`) &&
    created >= Date.parse(unfinishedApply(status) ?? "") &&
    created <= (workStart(output) ?? NaN)
  );
}
