/** `npm run fleet -- COMMAND`: the operator's command line. */
import { EnvironmentErrors } from "../environments/model/problems";
import { SelectionError } from "../environments/model/selection";
import { bootstrap } from "./bootstrap";
import { CommandError, commandHelp, findCommand, overview, parseArguments } from "./command-line";
import type { Command } from "./command-line";
import { check } from "./check/command";
import { config } from "./config";
import { flows } from "./flows";
import { iam } from "./iam";
import { list } from "./list";
import { preflight } from "./preflight/command";
import { verify } from "./verify/command";

const commands: readonly Command[] = [list, config, flows, bootstrap, iam, preflight, verify, check];

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
