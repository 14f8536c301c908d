/**
 * Writes to standard output and standard error. No other file of the command line writes to these streams, so all text is escaped here,
 * from every source.
 */
import { createInterface } from "node:readline/promises";
import { inspect } from "node:util";
import { CommandError } from "./command-error";
import { JsonDocument, terminalText } from "./foreign-text";
import { Interrupted, stopExitCodes } from "./interrupted";
import type { ProgressOutput } from "./progress";

/** Writes one or more lines, or a JSON document. */
export type Print = (output: string | JsonDocument) => void;

export const printToStdout: Print = (output) => {
  process.stdout.write(`${output instanceof JsonDocument ? output.text : terminalText(output)}\n`);
};

/** Removes all text from a terminal. A file or a pipe keeps its text. */
export function clearTerminal(): void {
  if (process.stdout.isTTY) process.stdout.write("\u001b[H\u001b[2J\u001b[3J");
}

/** Prints to standard error, because another program may read standard output. */
export function printToStderr(text: string): void {
  process.stderr.write(`${terminalText(text)}\n`);
}

/** An error that is a defect of this program, with its stack trace. */
export function printDefect(error: unknown): void {
  printToStderr(inspect(error));
}

/** Standard error, for lines that are drawn again. */
export const progressOutput: ProgressOutput = {
  write: (text) => process.stderr.write(terminalText(text)),
  eraseLine: () => process.stderr.write("\r\u001b[2K"),
  get isTTY() {
    return process.stderr.isTTY;
  },
  get columns() {
    return process.stderr.columns;
  },
};

/** Columns of the terminal; undefined if standard output is not a terminal. */
export const terminalColumns = (): number | undefined => process.stdout.columns || undefined;

/**
 * Asks a question on standard error. Only the answer `yes` agrees. The end of the input (Ctrl-D) declines.
 *
 * @throws CommandError if no person can answer, because standard input is not a terminal
 * @throws Interrupted after Ctrl-C
 */
export async function askOnTerminal(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new CommandError(
      "The command asks before it changes anything, but standard input is not a terminal. To agree without a question, add --yes. Nothing was changed.",
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const stopped = new Promise<undefined>((resolve, reject) => {
    terminal.once("SIGINT", () => {
      reject(new Interrupted(stopExitCodes.SIGINT, "Nothing was changed."));
    });
    terminal.once("close", () => {
      resolve(undefined);
    });
  });
  const answered = terminal.question(`${terminalText(question)} Type yes to agree: `).catch((error: unknown) => {
    // Readline rejects the question at the end of the input.
    if (error instanceof Error && error.name === "AbortError") return undefined;
    throw error;
  });
  let answer: string | undefined;
  try {
    answer = await Promise.race([answered, stopped]);
    return answer?.trim().toLowerCase() === "yes";
  } finally {
    terminal.close();
    // Without an answer, the cursor is still behind the question.
    if (answer === undefined) process.stderr.write("\n");
  }
}

/** A reader such as `head` may close the pipe early. The command then finishes its work without further output. */
export function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
