/** The CDKTF app: reads the environment files and synthesizes one Terraform stack per Connect instance. */
import { App } from "cdktf";
import { printableLines } from "./config/printable";
import { EnvironmentErrors } from "./config/problems";
import { readEnvironments, selectFrom } from "./config/project";
import { SelectionError } from "./config/selection";
import { systemProblem } from "./config/system-problem";
import { writeFunctionPackages } from "./lambda/packaging";
import { FunctionEnvironmentTooLarge } from "./lambda/settings";
import { CallBlockingStack } from "./stacks/call-blocking-stack";
import { cdktfArgv } from "./stacks/cdktf-argv";
import { omitCreationStackTraces } from "./stacks/creation-stack-traces";
import { destroyRefusals } from "./stacks/decommission";
import { dependOnPreviousWave } from "./stacks/waves";
import type { PlacedStack } from "./stacks/waves";

function main(): void {
  // All files are checked, including those without a selected instance.
  const instances = selectFrom(readEnvironments(), process.env["SELECT"]);
  if (process.env["CREATION_STACKS"] !== "1") omitCreationStackTraces();
  const app = new App();
  const functionPackages = writeFunctionPackages();
  const placed: PlacedStack[] = [];
  const tooLarge: string[] = [];
  for (const instance of instances) {
    try {
      placed.push({ instance, stack: new CallBlockingStack(app, { instance, functionPackages }) });
    } catch (error) {
      if (!(error instanceof FunctionEnvironmentTooLarge)) throw error;
      tooLarge.push(error.message);
    }
  }
  const refusals = [...tooLarge, ...destroyRefusals(instances, cdktfArgv())];
  if (refusals.length > 0) {
    refuse(refusals.join("\n"));
  } else {
    dependOnPreviousWave(placed);
    app.synth();
  }
}

/** Prints the message and sets exit code 1. Wrong input needs no stack trace. */
function refuse(message: string): void {
  process.stderr.write(`${printableLines(message)}\n`);
  process.exitCode = 1;
}

try {
  main();
} catch (error) {
  const isExpected = error instanceof EnvironmentErrors || error instanceof SelectionError;
  const message = isExpected ? error.message : systemProblem(error);
  if (message === undefined) throw error;
  refuse(message);
}
