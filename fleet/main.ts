/** Entry point of `npm run fleet -- COMMAND`, the operator's command line. */
import { EnvironmentErrors } from "../config/problems";
import { SelectionError } from "../config/selection";
import { systemProblem } from "../config/system-problem";
import { commandHelp, findCommand, overview, parseArguments } from "./commands/command-line";
import { CommandError } from "./output/command-error";
import { Interrupted } from "./output/interrupted";
import { commandGroups } from "./commands/registry";
import { ignoreClosedPipes, printDefect, printToStderr, printToStdout as print } from "./output/terminal";

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === undefined) throw new CommandError(overview(commandGroups));
  if (["--help", "-h", "help"].includes(name)) {
    print(overview(commandGroups));
    return;
  }
  const command = findCommand(commandGroups, name);
  if (args.includes("--help") || args.includes("-h")) print(commandHelp(command));
  else process.exitCode = (await command.run(parseArguments(command, args), print)) ?? 0;
}

ignoreClosedPipes();
// Node would print the message of the error unescaped.
process.on("uncaughtException", (error) => {
  report(error);
  process.exit(1);
});

main(process.argv.slice(2)).catch((error: unknown) => {
  report(error);
  process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
});

function report(error: unknown): void {
  const isExpected = [CommandError, EnvironmentErrors, Interrupted, SelectionError].some(
    (kind) => error instanceof kind,
  );
  const message = isExpected ? (error as Error).message : systemProblem(error);
  if (message !== undefined) printToStderr(message);
  // Any other error is a defect of this program and keeps its stack trace.
  else printDefect(error);
}
