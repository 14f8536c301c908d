/**
 * `npm run sandbox -- [SELECTION]`: plays calls through the synthesized flows and function, on this machine.
 *
 * The command reads the environment files, or `examples/` if there are none, and synthesizes the selected instances. Then it plays calls
 * through the flow contents and the function zip that a deployment would contain. DynamoDB is an emulator in this process.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { aliasName, indexName } from "../config/aws-names";
import { EnvironmentErrors, loadEnvironments } from "../config/load";
import { printable, printableLines } from "../config/printable";
import { environmentsDirectory, hasEnvironmentFiles, selectFrom } from "../config/project";
import { SelectionError, selectionSyntax } from "../config/selection";
import { systemProblem } from "../config/system-problem";
import type { InstanceConfig } from "../config/types";
import { startContactTable } from "../emulators/contact-table";
import { startFunction } from "../emulators/lambda-runtime/function-instance";
import { playCall } from "../emulators/play-call";
import { ignoreClosedPipes } from "../fleet/output/terminal";
import { projectRoot } from "../lambda/packaging";
import { CallTable, heading, lines, print } from "./presentation";
import { playedExemptEntries, scenario } from "./scenario";
import { readSandboxStacks, type SandboxStack } from "./sandbox-stack";

const help = `Plays calls through the flows and the function of the selected instances, on this machine and without AWS.

Usage: npm run sandbox -- [SELECTION]

Without a selection, the command plays the first active instance. Without environment files, it uses the files in examples/.

${selectionSyntax}`;

/** The instances to play, and the number of other active instances if no selection is given. */
interface Choice {
  readonly directory: string;
  readonly instances: readonly InstanceConfig[];
  readonly others: number;
}

function chooseInstances(selection: string | undefined): Choice {
  const own = environmentsDirectory();
  const directory = hasEnvironmentFiles(own) ? own : path.join(projectRoot(), "examples");
  const selected = selectFrom(loadEnvironments(directory), selection);
  const active = selected.filter(({ release }) => release === undefined);
  if (active.length === 0) {
    throw new SelectionError(
      `${path.basename(directory)}  ${selection === undefined ? "Every" : "Every selected"} instance is suspended or released.\n` +
        "  The sandbox plays calls on active instances. Select another instance, or remove suspended or release from one of them.",
    );
  }
  const instances = selection === undefined ? active.slice(0, 1) : active;
  return { directory, instances, others: active.length - instances.length };
}

function synthesize(directory: string, instances: readonly InstanceConfig[]): ReadonlyMap<string, SandboxStack> {
  const outdir = mkdtempSync(path.join(tmpdir(), "call-blocking-sandbox-"));
  try {
    const app = path.join(projectRoot(), "build/main.js");
    const synth = spawnSync(process.execPath, [app], {
      cwd: projectRoot(),
      env: {
        ...process.env,
        CDKTF_OUTDIR: path.join(outdir, "cdktf.out"),
        ENVIRONMENTS_DIR: directory,
        // With the status term, the app also selects suspended instances that the user selected.
        SELECT: `stack=${instances.map(({ stackName }) => stackName).join(",")} status=*`,
      },
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (synth.status !== 0) process.exit(1);
    return readSandboxStacks(path.join(outdir, "cdktf.out"));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Plays the scenario of one instance. @returns whether every call had the expected result */
async function play(instance: InstanceConfig, stack: SandboxStack): Promise<boolean> {
  const { region } = instance;
  const table = await startContactTable(instance.table.name, region);
  const lambda = await startFunction({
    zip: stack.function.zip,
    handler: stack.function.handler,
    memoryMb: stack.function.memoryMb,
    environment: { ...stack.function.environment, AWS_REGION: region, AWS_ENDPOINT_URL_DYNAMODB: table.endpoint },
  });
  const flow = stack.inboundFlow;
  const steps = scenario(instance);
  let isTableRunning = true;
  let isAsExpected = true;
  try {
    const entries = instance.exemptNumbers.length;
    lines({
      stack: `${instance.stackName}, account ${instance.account}, partition ${instance.partition}`,
      table: `${instance.table.name}, index ${indexName} (DynamoDB emulator)`,
      function: `${stack.function.name}:${aliasName}, ${(stack.function.zip.length / 1024).toFixed(1)} kB, started in ${lambda.initMs.toFixed(0)} ms`,
      module: `blockedStatus, ${stack.moduleContent.Actions.length} blocks, validated`,
      "inbound flow":
        flow === undefined
          ? "none in the stack; your own flow invokes the module"
          : `${printable(flow.name)}, ${flow.content.Actions.length} blocks, validated`,
      ...(entries > playedExemptEntries
        ? { exempt: `of ${entries} entries in exemptNumbers, the first ${playedExemptEntries} are played` }
        : {}),
    });
    const calls = new CallTable(steps);
    for (const { title, from, expected, contacts = [], tableStops } of steps) {
      for (const contact of contacts) await table.put(contact);
      if (tableStops) {
        isTableRunning = false;
        await table.stop();
      }
      const played = await playCall({
        ...(flow === undefined
          ? { content: stack.moduleContent, kind: "module" }
          : { content: flow.content, kind: "flow", modules: { [flow.moduleId]: stack.moduleContent } }),
        region,
        instanceArn: instance.instanceArn,
        from,
        invoke: (_, event, timeoutMs) => lambda.invoke(event, { timeoutMs }),
        mayInvoke: (arn) => arn === stack.associatedArn,
      });
      calls.add(title, from, played);
      if (played.attributes["blockedStatus"] === expected) continue;
      process.stderr.write(`  Expected ${expected}: this deployment would not block calls correctly.\n`);
      isAsExpected = false;
    }
    calls.close();
    return isAsExpected;
  } finally {
    if (isTableRunning) await table.stop();
    await lambda.stop();
  }
}

async function main(args: readonly string[]): Promise<void> {
  if (args.some((word) => word === "--help" || word === "-h")) {
    print(help);
    return;
  }
  const option = args.find((word) => word.startsWith("-"));
  if (option !== undefined) throw new SelectionError(`${JSON.stringify(option)} is not an option.\n\n${help}`);
  const { directory, instances, others } = chooseInstances(args.length === 0 ? undefined : args.join(" "));
  const stacks = synthesize(directory, instances);
  heading("ConnectPath call blocking on this machine");
  for (const instance of instances) {
    const stack = stacks.get(instance.stackName);
    if (stack === undefined) throw new Error(`The synth of ${instance.stackName} wrote no stack.`);
    if (!(await play(instance, stack))) process.exitCode = 1;
  }
  if (others > 0) {
    const count = others === 1 ? "another active instance" : `another ${others} active instances`;
    print(`  ${path.basename(directory)} has ${count}. To choose: npm run sandbox -- SELECTION\n`);
  }
}

ignoreClosedPipes();
main(process.argv.slice(2)).catch((error: unknown) => {
  const isExpected = error instanceof EnvironmentErrors || error instanceof SelectionError;
  const message = isExpected ? error.message : systemProblem(error);
  if (message === undefined) throw error;
  process.stderr.write(`${printableLines(message)}\n`);
  process.exitCode = 1;
});
