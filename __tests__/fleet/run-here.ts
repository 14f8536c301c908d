/**
 * Runs the command line in the process of the test, because the start of a process takes longer than most commands. Use `runFleet` for
 * errors of the operating system, signals, pipes and the home directory: errors of Node.js are not `instanceof` the `Error` of a test,
 * and only `fleet/main.ts` handles closed pipes and uncaught errors.
 */
import { runCommandLine } from "../../fleet/commands/run-command-line";
import type { Finished } from "./run-fleet";

/** What a command wrote, and its exit code. */
export interface FinishedHere extends Finished {
  /** Standard output and standard error, in the order in which they were written. */
  readonly output: string;
}

/** Two commands at a time would restore the environment of each other. */
let isRunning = false;

/**
 * @param env the complete environment of the command; child processes without an `env` of their own get the environment of the test
 * @param directory the working directory
 * @throws Error if another command still runs
 */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  directory: string,
): Promise<FinishedHere> {
  const written = { stdout: "", stderr: "", output: "" };
  if (isRunning) throw new Error("Another command still runs in this process.");
  isRunning = true;
  const before = process.cwd();
  const environment = jest.replaceProperty(process, "env", { ...env });
  const streams = (["stdout", "stderr"] as const).map((stream) =>
    jest.spyOn(process[stream], "write").mockImplementation((text) => {
      written[stream] += String(text);
      written.output += String(text);
      return true;
    }),
  );
  try {
    process.chdir(directory);
    const exitCode = await runCommandLine(args);
    return { exitCode, ...written };
  } finally {
    process.chdir(before);
    environment.restore();
    for (const stream of streams) stream.mockRestore();
    isRunning = false;
  }
}
