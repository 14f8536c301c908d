/** Locks a directory for one process, so that two commands never change the same plans. */
import { execFileSync } from "node:child_process";
import { linkSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import { z } from "zod";
import { CommandError } from "../output/command-error";
import { makePrivateDirectory } from "./private-directory";

const lockName = "fleet.lock";

export const lockFileIn = (directory: string): string => path.join(directory, lockName);

const holderSchema = z.object({
  /** Such as `deploy`. */
  command: z.string(),
  pid: z.number().int(),
  host: z.string(),
  /** When the lock was taken; ISO 8601. */
  since: z.string(),
  /** Start of the process, in milliseconds since 1970: process ids are used again. Null if `ps` is missing. */
  processStart: z.number().nullable(),
});

export type LockHolder = Readonly<z.output<typeof holderSchema>>;

/**
 * Runs work while this process holds the lock of a directory. The directory is created if it does not exist.
 *
 * @param command the command that runs, for the messages
 * @param print prints one line if the lock of a dead process is replaced
 * @throws CommandError if another process holds the lock
 */
export async function withDirectoryLock<T>(
  directory: string,
  command: string,
  print: (text: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  lockDirectory(directory, command, print);
  try {
    return await work();
  } finally {
    rmSync(lockFileIn(directory), { force: true });
    removeIfEmpty(directory);
  }
}

/** The process that holds the lock of a directory; undefined if there is no lock, or the process has ended. */
export function liveHolder(directory: string): LockHolder | undefined {
  const holder = holderIn(lockFileIn(directory));
  return holder === undefined || hasEnded(holder) ? undefined : holder;
}

/** Locks a directory and makes it private. @throws CommandError if the directory cannot be private, or if another process holds the lock */
export function lockDirectory(directory: string, command: string, print: (text: string) => void): void {
  makePrivateDirectory(directory);
  const file = lockFileIn(directory);
  const start = processStart(process.pid);
  const own: LockHolder = {
    command,
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
    processStart: typeof start === "number" ? start : null,
  };
  const ownFile = `${file}.${process.pid}`;
  try {
    writeFileSync(ownFile, JSON.stringify(own), { mode: 0o600 });
    // A link either creates the complete file or fails. Other processes never read an incomplete file.
    while (!tryLink(ownFile, file)) {
      const holder = holderIn(file);
      if (holder !== undefined && !hasEnded(holder)) throw new CommandError(inUse(directory, holder));
      const replaced = `${ownFile}.replaced`;
      if (!tryRename(file, replaced)) continue;
      const removed = holderIn(replaced);
      // Another process replaced the old lock first, so this process moved the new lock away: restore the new lock.
      if (removed !== undefined && !hasEnded(removed)) {
        tryLink(replaced, file);
        rmSync(replaced);
        throw new CommandError(inUse(directory, removed));
      }
      rmSync(replaced);
      print(
        removed === undefined
          ? `Replaced an unreadable lock of ${shownPath(directory)}.`
          : `Replaced the lock of ${shownPath(directory)}: its holder, ${describeHolder(removed)}, has ended without releasing it.`,
      );
    }
  } finally {
    rmSync(ownFile, { force: true });
  }
}

const describeHolder = ({ command, pid, host, since }: LockHolder): string =>
  `"${command}" (process ${pid} on ${host}, since ${since})`;

const inUse = (directory: string, holder: LockHolder): string =>
  `${shownPath(directory)} is in use by ${describeHolder(holder)}.\n` +
  (holder.host === hostname()
    ? "  Wait until this process has ended, or use another directory with --plans."
    : `  Wait until this process has ended, or use another directory with --plans. If the process has ended, delete ${lockFileIn(shownPath(directory))}.`);

const shownPath = (directory: string): string => path.relative(".", directory) || ".";

/** Undefined if the file is missing or is not a lock. */
function holderIn(file: string): LockHolder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch (error) {
    if (error instanceof SyntaxError || isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Whether the process that took the lock has ended; false for a process of another machine, which cannot be checked. */
function hasEnded({ host, pid, processStart: recorded }: LockHolder): boolean {
  if (host !== hostname()) return false;
  // This process does not hold the lock yet. An earlier process had the same id, as is usual in containers.
  if (pid === process.pid || !isAlive(pid)) return true;
  const start = processStart(pid);
  if (start === "ended") return true;
  // `ps` computes the start from the system's uptime, so it may differ by a second.
  return recorded !== null && start !== undefined && Math.abs(start - recorded) > 5000;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process belongs to another user.
    return !isCode(error, "ESRCH");
  }
}

/** Milliseconds since 1970, or "ended" for a zombie; undefined if `ps` is missing or does not know the process. */
function processStart(pid: number): number | "ended" | undefined {
  try {
    const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    const text = execFileSync("ps", ["-o", "stat=,lstart=", "-p", `${pid}`], { encoding: "utf8", env, stdio: "pipe" });
    const [, state = "", start = ""] = /^(\S+)\s+(.+)$/.exec(text.trim()) ?? [];
    if (state.startsWith("Z")) return "ended";
    const time = Date.parse(`${start} UTC`);
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined;
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** @returns false if another process has moved the file already */
function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // The directory is not empty, or is a mount point. It may stay.
  }
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException).code === code;
