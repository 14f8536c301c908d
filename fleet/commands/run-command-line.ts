/** Runs one command, with its output, its error message and its exit code. */
import { EnvironmentErrors } from "../../config/problems";
import { SelectionError } from "../../config/selection";
import { systemProblem } from "../../config/system-problem";
import { CommandError } from "../output/command-error";
import { Interrupted } from "../output/interrupted";
import { printDefect, printToStderr, printToStdout as print } from "../output/terminal";
import { commandHelp, findCommand, overview, parseArguments } from "./command-line";
import { commandGroups } from "./registry";

/**
 * @param args the command and its arguments
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    reportError(error);
    return error instanceof Interrupted ? error.exitCode : 1;
  }
}

async function run([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined) throw new CommandError(overview(commandGroups));
  if (["--help", "-h", "help"].includes(name)) {
    print(overview(commandGroups));
    return 0;
  }
  const command = findCommand(commandGroups, name);
  if (!args.includes("--help") && !args.includes("-h"))
    return (await command.run(parseArguments(command, args), print)) ?? 0;
  print(commandHelp(command));
  return 0;
}

/** Prints the message of an expected error, or the stack trace of a defect. */
export function reportError(error: unknown): void {
  const isExpected = [CommandError, EnvironmentErrors, Interrupted, SelectionError].some(
    (kind) => error instanceof kind,
  );
  const message = isExpected ? (error as Error).message : systemProblem(error);
  if (message !== undefined) printToStderr(message);
  // Any other error is a defect of this program and keeps its stack trace.
  else printDefect(error);
}
