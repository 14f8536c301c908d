/** Working directories of commands that keep nothing: one per process, deleted even if the process was killed. */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";

/**
 * Creates the directory of this process in `parent`. Also deletes the directories of processes that have ended: a killed process
 * deletes nothing, and its states and plans contain plaintext values.
 *
 * @param parent directory with one directory per process id
 * @returns absolute path; the caller deletes the directory at the end
 */
export function openRunDirectory(parent: string, pid = process.pid): string {
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const directory = path.resolve(parent, `${pid}`);
  for (const name of readdirSync(parent)) {
    const isAbandoned = /^\d+$/.test(name) && (Number(name) === pid || !isAlive(Number(name)));
    if (isAbandoned) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process belongs to another user.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
