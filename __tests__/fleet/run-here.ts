/** Runs the command line in the process of the test, for commands that need no process of their own. A start costs more than most commands. */
import { runCommandLine } from "../../fleet/commands/run-command-line";
import type { Finished } from "./run-fleet";

/** What a command wrote, and its exit code. */
export interface FinishedHere extends Finished {
  /** Standard output and standard error, in the order in which they were written. */
  readonly output: string;
}

/**
 * Only one command may run at a time.
 *
 * @param env the complete environment
 * @param directory the working directory; that of the test by default
 */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  directory = process.cwd(),
): Promise<FinishedHere> {
  const written = { stdout: "", stderr: "", output: "" };
  const before = process.cwd();
  const environment = jest.replaceProperty(process, "env", { ...env });
  const streams = (["stdout", "stderr"] as const).map((stream) =>
    jest.spyOn(process[stream], "write").mockImplementation((text) => {
      written[stream] += String(text);
      written.output += String(text);
      return true;
    }),
  );
  process.chdir(directory);
  try {
    const exitCode = await runCommandLine(args);
    return { exitCode, ...written };
  } finally {
    process.chdir(before);
    environment.restore();
    for (const stream of streams) stream.mockRestore();
  }
}
