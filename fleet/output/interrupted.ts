/** The error and the exit code of a command that a signal stopped: Ctrl-C, or the SIGTERM of a CI service. */

/** The signals that stop a command, with their exit codes as in a shell: 128 + the number of the signal. */
export const stopExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

export type StopSignal = keyof typeof stopExitCodes;

/** The command was stopped before it had a result. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";

  /** @param effect a sentence about what was and was not done */
  constructor(
    readonly exitCode: number,
    effect?: string,
  ) {
    super(["Stopped.", ...(effect === undefined ? [] : [effect])].join(" "));
  }
}
