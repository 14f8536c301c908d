/** `npm run fleet -- COMMAND`: the operator's command line. */
import { EnvironmentErrors } from "../config/problems";
import { SelectionError } from "../config/selection";
import { commandHelp, findCommand, overview, parseArguments } from "./commands/command-line";
import { CommandError } from "./output/command-error";
import { commands } from "./commands/registry";

async function main([name, ...args]: readonly string[]): Promise<void> {
  const print = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  if (name === undefined) throw new CommandError(overview(commands));
  if (["--help", "-h", "help"].includes(name)) {
    print(overview(commands));
    return;
  }
  const command = findCommand(commands, name);
  if (args.includes("--help") || args.includes("-h")) print(commandHelp(command));
  else process.exitCode = (await command.run(parseArguments(command, args), print)) ?? 0;
}

// The reader may have seen enough: `npm run fleet -- list | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

main(process.argv.slice(2)).catch((error: unknown) => {
  // A stack trace is for defects of ours.
  const expected = [CommandError, EnvironmentErrors, SelectionError].some((kind) => error instanceof kind);
  if (!expected) throw error;
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
});
