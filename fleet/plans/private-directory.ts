/** Makes a directory private to its owner: saved plans, states and logs of Terraform contain plaintext values. */
import { chmodSync, lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";

/**
 * Creates the directory, or removes the permissions of other users from an existing one.
 *
 * @throws CommandError if the directory also serves another purpose, belongs to another user, or cannot be created
 */
export function makePrivateDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { mode, uid } = statSync(directory);
    if ((mode & 0o77) === 0) return;
    const reason = sharedReason(directory, { mode, uid });
    if (reason !== undefined) {
      throw new CommandError(
        `${directory} ${reason}, so it cannot be made private. Plans contain plaintext values.\n` +
          "  Use a directory that contains only plans, such as build/plans.",
      );
    }
    chmodSync(directory, 0o700);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${directory} cannot be used as a private directory. ${errorMessage(error)}`);
  }
}

/** The reason why other users or programs may need the directory; undefined if there is none. */
function sharedReason(
  directory: string,
  { mode, uid }: { readonly mode: number; readonly uid: number },
): string | undefined {
  if (uid !== (process.getuid?.() ?? uid)) return "belongs to another user";
  if ((mode & 0o1000) !== 0) return "is shared by several users";
  const absolute = path.resolve(directory);
  const isAround = (place: string): boolean => !path.relative(absolute, path.resolve(place)).startsWith("..");
  if (isAround(".")) return "contains the project";
  return isAround(homedir()) ? "contains a home directory" : undefined;
}

/** Removes the permissions of other users from everything in these places. Links are not followed. A place may be missing. */
export function makeContentsPrivate(places: readonly string[]): void {
  for (const place of places) {
    const entry = lstatSync(place, { throwIfNoEntry: false });
    if (entry === undefined || entry.isSymbolicLink()) continue;
    if ((entry.mode & 0o77) !== 0) chmodSync(place, entry.mode & 0o700);
    if (entry.isDirectory()) makeContentsPrivate(readdirSync(place).map((name) => path.join(place, name)));
  }
}

/** Runs work whose new files, and the new files of its child processes, are private to their owner. */
export async function withPrivateFiles<T>(work: () => Promise<T>): Promise<T> {
  const previous = process.umask(0o077);
  try {
    return await work();
  } finally {
    process.umask(previous);
  }
}
