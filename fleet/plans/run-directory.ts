/** Directories of runs that keep nothing: each has its own, and takes away what runs that were killed have left. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

/**
 * The directory of this process in `parent`, made anew. Those of processes that live no more are removed: a run that is killed
 * removes nothing, and its states and plans hold values in clear.
 *
 * @param parent directory whose directories are named by process ids
 * @returns its absolute path; whoever made it removes it in the end
 */
export function openRunDirectory(parent: string, pid = process.pid): string {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const out = path.resolve(parent, `${pid}`);
  for (const name of readdirSync(parent)) {
    const isLeft = /^\d+$/.test(name) && (Number(name) === pid || !isAlive(Number(name)));
    if (isLeft) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  mkdirSync(out, { mode: 0o700 });
  return out;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of somebody else may not be signalled.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
