/** The error for a problem that the user of a command must fix. */

/** The arguments or the environment are invalid. The message is the complete text for the user. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
