/** Whether somebody is at work on a stack that a deployment wants to go on with, and what to do then. */
import { execFileSync } from "node:child_process";
import { hostname } from "node:os";
import path from "node:path";
import { lockText } from "../terraform/diagnostics";
import type { StateLock } from "../terraform/diagnostics";
import type { Standing } from "./journal";
import type { Objection } from "../plans/saved-plan";

/** The objection to a stack on which the Terraform of a deployment that was killed goes on. */
export function runningObjection(standing: Standing): Objection | undefined {
  if (standing.state !== "applying" || standing.pid === undefined || !isTerraform(standing.pid)) return undefined;
  return {
    what: `Terraform of the interrupted deployment is still at work on it (process ${standing.pid}).`,
    fix: "Wait until it has ended, then resume.",
  };
}

/** Whether the process of that id runs and is a Terraform: ids are used again, and the dead may wait to be reaped (`Z`). */
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

/** @param directory where Terraform runs for the stack */
export function lockObjection(lock: StateLock, standing: Standing, directory: string): Objection {
  if (standing.state !== "applying") {
    const fix = "Somebody else works on this stack. Wait until they have finished, then deploy again.";
    return { what: lockText(lock), fix };
  }
  const isOurs = lock.who.endsWith(`@${hostname()}`);
  const release = `terraform -chdir=${path.relative(".", directory)} force-unlock ${lock.id}`;
  return {
    what: lockText(
      lock,
      isOurs ? "This machine's deployment was killed in the middle of an apply and could not release it." : "",
    ),
    fix:
      (isOurs
        ? "No Terraform of that deployment runs any more on this machine. Release the lock and resume:\n"
        : "If the Terraform that holds it has ended for certain, release the lock and resume:\n") +
      `    ${release}\n    npm run fleet -- deploy --resume`,
  };
}
