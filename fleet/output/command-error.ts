/** The error for everything that the person who runs a command must fix. */

/** The arguments or the environment are not usable; the message is the complete text for the user. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
