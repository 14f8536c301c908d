/** The CDKTF app: the environment files go in, one Terraform stack per Connect instance comes out. */
import path from "node:path";
import { App } from "cdktf";
import { loadEnvironments } from "./environments/model/load";
import { EnvironmentErrors } from "./environments/model/problems";
import { UnusableText } from "./flows/literal-text";
import { writeFunctionPackage } from "./lambda/packaging";
import { FunctionEnvironmentTooLarge } from "./lambda/settings";
import { CallBlockingStack } from "./stacks/call-blocking-stack";

function main(): void {
  const { instances } = loadEnvironments(path.resolve(process.env["ENVIRONMENTS_DIR"] ?? "environments"));
  const app = new App();
  const functionPackage = writeFunctionPackage();
  const unusable = instances.flatMap((instance) => {
    try {
      new CallBlockingStack(app, { instance, functionPackage });
      return [];
    } catch (error) {
      if (error instanceof FunctionEnvironmentTooLarge) return [error.message];
      if (error instanceof UnusableText)
        return [`instance "${instance.name}" of environment "${instance.environment}": ${error.message}`];
      throw error;
    }
  });
  if (unusable.length > 0) refuse(unusable.join("\n"));
  else app.synth();
}

/** Bad input ends with its message and exit code 1: a stack trace is for defects of ours. */
function refuse(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 1;
}

try {
  main();
} catch (error) {
  if (!(error instanceof EnvironmentErrors)) throw error;
  refuse(error.message);
}
