/** The CDKTF app: the environment files go in, one Terraform stack per Connect instance comes out. */
import path from "node:path";
import { App } from "cdktf";
import { loadEnvironments } from "./environments/model/load";
import { EnvironmentErrors } from "./environments/model/problems";
import { writeFunctionPackage } from "./lambda/packaging";
import { CallBlockingStack } from "./stacks/call-blocking-stack";

function main(): void {
  const { instances } = loadEnvironments(path.resolve(process.env["ENVIRONMENTS_DIR"] ?? "environments"));
  const app = new App();
  const functionPackage = writeFunctionPackage();
  for (const instance of instances) new CallBlockingStack(app, { instance, functionPackage });
  app.synth();
}

try {
  main();
} catch (error) {
  if (!(error instanceof EnvironmentErrors)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
