/** Explains an error of the operating system that the user can fix: a full disk, a read-only directory, a missing permission. */

const causes: Readonly<Record<string, readonly [cause: string, fix: string]>> = {
  ENOSPC: ["the disk is full", "Free space on this disk, then run the command again."],
  EDQUOT: ["the disk quota is used up", "Free space, then run the command again."],
  EROFS: ["the file system is read-only", "Run the command in a copy of the project that can be written to."],
  EACCES: ["the permission is missing", "Change the owner or the permissions, or run the command as another user."],
  EPERM: ["the operation is not permitted", "Change the owner or the permissions, or run the command as another user."],
  ENOTDIR: ["a file is in the place of a directory", "Move the file away."],
  EISDIR: ["a directory is in the place of a file", "Move the directory away."],
  EEXIST: ["a file of another kind exists there", "Move the file away."],
  EMFILE: ["too many files are open", "Increase the limit of open files (ulimit -n)."],
  ENFILE: ["too many files are open", "Increase the limit of open files of this machine."],
};

/** @returns where, why and what to do; undefined if the error has another cause */
export function systemProblem(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const {
    code = "",
    syscall,
    path: source,
    dest = source,
  } = error as NodeJS.ErrnoException & { readonly dest?: string };
  const known = Object.hasOwn(causes, code) ? causes[code] : undefined;
  if (known === undefined || syscall === undefined) return undefined;
  const [cause, fix] = known;
  const subject = dest ?? "A file or the output";
  return `${subject} cannot be used: ${cause} (${code}, ${syscall}).\n  ${fix}`;
}
