/** The error for a command that Ctrl-C stopped before it had a result. */

/** Exit code after Ctrl-C, as in a shell: 128 + SIGINT. */
export const interruptedExitCode = 130;

export class Interrupted extends Error {
  override readonly name = "Interrupted";

  constructor() {
    super("Stopped.");
  }
}
