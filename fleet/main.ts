/** Entry point of `npm run fleet -- COMMAND`, the operator's command line. */
import { EnvironmentErrors } from "../config/problems";
import { SelectionError } from "../config/selection";
import { commandHelp, findCommand, overview, parseArguments } from "./commands/command-line";
import { CommandError } from "./output/command-error";
import { Interrupted, interruptedExitCode } from "./output/interrupted";
import { commandGroups } from "./commands/registry";

async function main([name, ...args]: readonly string[]): Promise<void> {
  const print = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  if (name === undefined) throw new CommandError(overview(commandGroups));
  if (["--help", "-h", "help"].includes(name)) {
    print(overview(commandGroups));
    return;
  }
  const command = findCommand(commandGroups, name);
  if (args.includes("--help") || args.includes("-h")) print(commandHelp(command));
  else process.exitCode = (await command.run(parseArguments(command, args), print)) ?? 0;
}

// A reader such as `head` may close the pipe early. The command finishes its work without further output.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // Any other error is a defect of this program and keeps its stack trace.
  if (error instanceof Interrupted) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = interruptedExitCode;
    return;
  }
  const isExpected = [CommandError, EnvironmentErrors, SelectionError].some((kind) => error instanceof kind);
  if (!isExpected) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
