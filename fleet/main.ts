/** Entry point of `npm run fleet -- COMMAND`, the operator's command line. */
import { reportError, runCommandLine } from "./commands/run-command-line";
import { ignoreClosedPipes } from "./output/terminal";

ignoreClosedPipes();
// Node would print the message of the error unescaped.
process.on("uncaughtException", (error) => {
  reportError(error);
  process.exit(1);
});

void runCommandLine(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
