/** Temporary working directories: one per process. The directory of a killed process is deleted by the next run. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { isAlive, liveHolder, lockDirectory, lockFileIn } from "./directory-lock";
import { makePrivateDirectory } from "./private-directory";

/**
 * Creates and locks the directory of this process in `parent`. Also deletes the directories of processes that have ended: a killed
 * process deletes nothing, and its states and plans contain plaintext values.
 *
 * @param parent directory with one directory per process id
 * @param command the command that runs, for the lock
 * @returns absolute path; the caller deletes the directory at the end
 */
export function openRunDirectory(parent: string, command: string): string {
  const { pid } = process;
  makePrivateDirectory(parent);
  const directory = path.resolve(parent, `${pid}`);
  for (const name of readdirSync(parent)) {
    const isAbandoned = /^\d+$/.test(name) && (Number(name) === pid || !isInUse(path.join(parent, name), Number(name)));
    if (isAbandoned) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  lockDirectory(directory, command, () => undefined);
  return directory;
}

function isInUse(directory: string, pid: number): boolean {
  return existsSync(lockFileIn(directory)) ? liveHolder(directory) !== undefined : isAlive(pid);
}
