/**
 * Finds the arguments of the `cdktf` command, or of `cdktn` (CDK Terrain), that runs the app. The command does not pass them, so they come
 * from the parent processes.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** A process in the chain of parents. */
export interface ParentProcess {
  /** The id of its own parent. */
  readonly parent: number;
  /** The command line, with the program first. */
  readonly arguments: readonly string[];
}

/** The limit for the search: cdktf, its shell, npm, npm's shell, and a few wrappers. */
const MAX_PARENTS = 12;

/**
 * Returns the arguments of the `cdktf` command that runs the app, with the command first:
 * `["destroy", "prod-*", "--auto-approve"]`. Returns undefined if another program runs the app, or if the system does not show the
 * arguments of processes (Windows).
 *
 * @param read returns a process by its id, or undefined if it is not readable
 */
export function cdktfArgv(
  start = process.ppid,
  read: (id: number) => ParentProcess | undefined = readProcess,
): readonly string[] | undefined {
  let candidate = read(start);
  for (let level = 0; candidate !== undefined && level < MAX_PARENTS; level++) {
    const program = candidate.arguments.findIndex((argument) => /(^|[\\/])cdkt[fn](\.js)?$/.test(argument));
    // cdktf is the program, or the script of a `node` process. Parents such as `npx cdktf …` and shells are skipped, because their
    // arguments are less exact.
    if (program >= 0 && program <= 1) return candidate.arguments.slice(program + 1);
    candidate = read(candidate.parent);
  }
  return undefined;
}

function readProcess(id: number): ParentProcess | undefined {
  try {
    return existsSync("/proc/self/stat") ? fromProc(id) : fromPs(id);
  } catch {
    // The process ended, belongs to another user, or the system does not show its arguments.
    return undefined;
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the program's name is in parentheses and may contain parentheses. */
function fromProc(id: number): ParentProcess {
  const stat = readFileSync(`/proc/${id}/stat`, "utf8");
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const commandLine = readFileSync(`/proc/${id}/cmdline`, "utf8");
  return { parent: Number(parent), arguments: commandLine.split("\0").filter(Boolean) };
}

function fromPs(id: number): ParentProcess {
  const line = execFileSync("ps", ["-ww", "-o", "ppid=,args=", "-p", String(id)], { encoding: "utf8", stdio: "pipe" });
  const [parent, ...commandLine] = line.trim().split(/\s+/);
  return { parent: Number(parent), arguments: commandLine };
}
