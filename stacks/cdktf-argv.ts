/** What `cdktf` was asked for when it runs the app. It tells that to no app, so it is read off the processes above this one. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** One process: who started it, and its arguments, the program first. */
export interface ProcessAbove {
  readonly parent: number;
  readonly arguments: readonly string[];
}

/** cdktf, the shell it starts, npm, its shell, and room for a wrapper or two. */
const generations = 12;

/**
 * The arguments of the `cdktf` that runs the app, its command first: `["destroy", "prod-*", "--auto-approve"]`. Undefined where the
 * app is run by something else, or where the system does not tell (Windows).
 *
 * @param read a process by its id; undefined where it cannot be read
 */
export function cdktfArgv(
  start = process.ppid,
  read: (id: number) => ProcessAbove | undefined = readProcess,
): readonly string[] | undefined {
  let above = read(start);
  for (let generation = 0; above !== undefined && generation < generations; generation++) {
    const program = above.arguments.findIndex((argument) => /(^|[\\/])cdktf(\.js)?$/.test(argument));
    // `npx cdktf …` and a shell with the command line in one argument are above it too, and say the same less well.
    if (program >= 0 && program <= 1) return above.arguments.slice(program + 1);
    above = read(above.parent);
  }
  return undefined;
}

function readProcess(id: number): ProcessAbove | undefined {
  try {
    return existsSync("/proc/self/stat") ? fromProc(id) : fromPs(id);
  } catch {
    // Ended, somebody else's, or a system that tells nobody.
    return undefined;
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the program's name is in brackets and may hold some itself. */
function fromProc(id: number): ProcessAbove {
  const stat = readFileSync(`/proc/${id}/stat`, "utf8");
  const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const commandLine = readFileSync(`/proc/${id}/cmdline`, "utf8");
  return { parent: Number(parent), arguments: commandLine.split("\0").filter(Boolean) };
}

function fromPs(id: number): ProcessAbove {
  const line = execFileSync("ps", ["-ww", "-o", "ppid=,args=", "-p", String(id)], { encoding: "utf8", stdio: "pipe" });
  const [parent, ...given] = line.trim().split(/\s+/);
  return { parent: Number(parent), arguments: given };
}
