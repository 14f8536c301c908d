/**
 * `npm run sandbox -- [SELECTION]`: plays calls through the synthesized flows and function, on this machine.
 *
 * The command reads the environment files, or `examples/` if there are none, and synthesizes the selected instances. Then it plays calls
 * through the flow contents and the function zip that a deployment would contain. DynamoDB is an emulator in this process. With `--web`, a
 * page replaces the fixed calls.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { aliasName, indexName } from "../config/aws-names";
import { EnvironmentErrors } from "../config/load";
import { printable, printableLines } from "../config/printable";
import { SelectionError, selectionSyntax } from "../config/selection";
import { systemProblem } from "../config/system-problem";
import type { InstanceConfig } from "../config/types";
import { startContactTable } from "../emulators/contact-table";
import { startFunction } from "../emulators/lambda-runtime/function-instance";
import { playCall } from "../emulators/play-call";
import { ended } from "../emulators/until-ended";
import { ignoreClosedPipes } from "../fleet/output/terminal";
import { activeInstances, synthesize } from "./instances";
import { startPhoneServer } from "./phone/server";
import { CallTable, heading, lines, print } from "./presentation";
import { playedExemptEntries, scenario } from "./scenario";
import type { SandboxStack } from "./sandbox-stack";

/** Port of the page. `npm run emulators` uses the port before it. */
const defaultPort = 4600;

const help = `Plays calls through the flows and the function of the selected instances, on this machine and without AWS.

Usage: npm run sandbox -- [SELECTION] [OPTIONS]

Without a selection, the command plays the first active instance. Without environment files, it uses the files in examples/.

Options:
  --web            Serves a page on this machine where you place calls and choose Dispositions, until Ctrl-C. Without a selection, the page
                   has all active instances.
  --port NUMBER    With --web: the port of the page; 0 selects a free port. Default: ${defaultPort}.
  --help           Shows this page.

${selectionSyntax}`;

/** A wrong option, or a port that is in use. */
class StartError extends Error {}

interface Options {
  readonly selection: string | undefined;
  /** Port of the page; undefined without `--web`. */
  readonly port: number | undefined;
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

function parse(args: readonly string[]): Options | "help" {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      options: { web: { type: "boolean" }, port: { type: "string" }, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
  } catch (error) {
    const option = args.find((word) => word.startsWith("-") && !/^--(web|port(=.*)?)$/.test(word));
    const mistake = option === undefined ? (error as Error).message : `${JSON.stringify(option)} is not an option.`;
    throw new StartError(`${mistake}\n\n${help}`);
  }
  const { values, positionals } = parsed;
  if (values.help === true) return "help";
  const { web = false, port = String(defaultPort) } = values;
  if (!web && values.port !== undefined) throw new StartError("--port is the port of the page. Add --web.");
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new StartError(`--port ${JSON.stringify(port)} is not a port. Give a whole number from 0 to 65535.`);
  return {
    selection: positionals.length === 0 ? undefined : positionals.join(" "),
    port: web ? Number(port) : undefined,
  };
}

async function playInTerminal(selection: string | undefined): Promise<void> {
  const { directory, instances: active } = activeInstances(selection);
  const instances = selection === undefined ? active.slice(0, 1) : active;
  const stacks = synthesize(directory, instances);
  heading("ConnectPath call blocking on this machine");
  for (const instance of instances) if (!(await play(instance, stackOf(instance, stacks)))) process.exitCode = 1;
  const others = active.length - instances.length;
  if (others > 0) {
    const count = others === 1 ? "another active instance" : `another ${others} active instances`;
    print(`  ${path.basename(directory)} has ${count}. To choose: npm run sandbox -- SELECTION\n`);
  }
}

async function servePage(selection: string | undefined, port: number): Promise<void> {
  const end = ended();
  const { directory, instances } = activeInstances(selection);
  const stacks = synthesize(directory, instances);
  const played = instances.map((instance) => ({ instance, stack: stackOf(instance, stacks) }));
  let server;
  try {
    server = await startPhoneServer(played, port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new StartError(
      `Port ${port} is in use, perhaps by another sandbox.\n` +
        `  Choose another port: npm run sandbox -- --web --port ${port < 65_535 ? port + 1 : 0}`,
    );
  }
  const count = instances.length === 1 ? "one instance" : `${instances.length} instances`;
  print(`The phone is at ${server.url}/ with ${count} of ${printable(path.basename(directory))}. Ctrl-C stops it.`);
  await end;
  print("\nStopping.");
  await server.close();
}

function stackOf({ stackName }: InstanceConfig, stacks: ReadonlyMap<string, SandboxStack>): SandboxStack {
  const stack = stacks.get(stackName);
  if (stack === undefined) throw new Error(`The synth of ${stackName} wrote no stack.`);
  return stack;
}

async function main(args: readonly string[]): Promise<void> {
  const options = parse(args);
  if (options === "help") print(help);
  else if (options.port === undefined) await playInTerminal(options.selection);
  else await servePage(options.selection, options.port);
}

ignoreClosedPipes();
main(process.argv.slice(2)).catch((error: unknown) => {
  const isExpected =
    error instanceof EnvironmentErrors || error instanceof SelectionError || error instanceof StartError;
  const message = isExpected ? error.message : systemProblem(error);
  if (message === undefined) throw error;
  process.stderr.write(`${printableLines(message)}\n`);
  process.exitCode = 1;
});
