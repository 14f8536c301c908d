/**
 * `npm run sandbox`: plays calls through the synthesized module and function, on this machine.
 *
 * The command synthesizes the first instance of the environment files, or of `examples/` if there are none. Then it plays calls through the
 * module content and the function zip that a deployment would contain. DynamoDB is an emulator in this process.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { aliasName, indexName } from "../config/aws-names";
import { EnvironmentErrors, loadEnvironments } from "../config/load";
import { environmentsDirectory, hasEnvironmentFiles, selectFrom } from "../config/project";
import { SelectionError } from "../config/selection";
import { projectRoot } from "../lambda/packaging";
import { type FinishedContact, startContactTable } from "../emulators/contact-table";
import { startFunction } from "../emulators/lambda-runtime/function-instance";
import { playCall } from "./play-call";
import { CallTable, heading, lines } from "./presentation";
import { readSandboxStacks, type SandboxStack } from "./sandbox-stack";

/** Fictional numbers, one per case. */
const caller = {
  stranger: "+15555550100",
  listedInOneStep: "+15555550101",
  underReview: "+15555550102",
  withheld: "Anonymous",
} as const;

const underReview = { contactId: "contact-2", customerEndpoint: caller.underReview, disposition: "Under review" };

const contacts = (blocked: string): readonly FinishedContact[] => [
  { contactId: "contact-1", customerEndpoint: caller.listedInOneStep, disposition: blocked },
  underReview,
  // Without the policy for withheld callers, this contact would block all withheld callers.
  { contactId: "contact-3", customerEndpoint: caller.withheld, disposition: blocked },
];

/** The first active instance of the project's environment files, or of the examples if the project has no environment files. */
function instanceToPlay(): { readonly directory: string; readonly stackName: string } {
  const own = environmentsDirectory();
  const directory = hasEnvironmentFiles(own) ? own : path.join(projectRoot(), "examples");
  const instances = selectFrom(loadEnvironments(directory), process.env["SELECT"]);
  const first = instances.find(({ release }) => release === undefined);
  if (first === undefined) {
    throw new SelectionError(
      `${path.basename(directory)}  Every instance is suspended or released.\n` +
        "  The sandbox plays calls on the first active instance. Remove suspended or release from one of the instances.",
    );
  }
  return { directory, stackName: first.stackName };
}

function synthesizeFirstInstance(): SandboxStack {
  const { directory, stackName } = instanceToPlay();
  const outdir = mkdtempSync(path.join(tmpdir(), "call-blocking-sandbox-"));
  try {
    const app = path.join(projectRoot(), "build/main.js");
    const synth = spawnSync(process.execPath, [app], {
      cwd: projectRoot(),
      env: {
        ...process.env,
        CDKTF_OUTDIR: path.join(outdir, "cdktf.out"),
        ENVIRONMENTS_DIR: directory,
        SELECT: `stack=${stackName}`,
      },
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (synth.status !== 0) process.exit(1);
    const [stack] = readSandboxStacks(path.join(outdir, "cdktf.out"));
    if (stack === undefined) throw new Error(`The synth of ${stackName} wrote no stack.`);
    return stack;
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

async function main(): Promise<void> {
  const stack = synthesizeFirstInstance();
  const table = await startContactTable(stack.tableName, stack.region);
  const { blockedDisposition: blocked } = stack;
  for (const contact of contacts(blocked)) await table.put(contact);
  const lambda = await startFunction({
    zip: stack.function.zip,
    handler: stack.function.handler,
    memoryMb: stack.function.memoryMb,
    environment: {
      ...stack.function.environment,
      AWS_REGION: stack.region,
      AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    },
  });

  try {
    heading("ConnectPath call blocking on this machine");
    lines({
      stack: stack.name,
      table: `${stack.tableName}, index ${indexName} (DynamoDB emulator)`,
      function: `${stack.function.name}:${aliasName}, ${(stack.function.zip.length / 1024).toFixed(1)} kB, started in ${lambda.initMs.toFixed(0)} ms`,
      module: `blockedStatus, ${stack.moduleContent.Actions.length} blocks, validated`,
    });

    const calls = new CallTable();
    const play = async (title: string, from: string, expected: "match" | "nomatch"): Promise<void> => {
      const played = await playCall({
        moduleContent: stack.moduleContent,
        region: stack.region,
        instanceArn: stack.instanceArn,
        from,
        function: lambda,
        mayInvoke: (arn) => arn === stack.associatedArn,
      });
      calls.add(title, from, played);
      if (played.attributes["blockedStatus"] === expected) return;
      process.stderr.write(`  Expected ${expected}: this deployment would not block calls correctly.\n`);
      process.exitCode = 1;
    };
    const withheld = stack.function.environment["ANONYMOUS_CALLERS"] === "block" ? "match" : "nomatch";

    await play("no contact has a blocked Disposition", caller.stranger, "nomatch");
    await play(`1-step: an agent chose the Disposition "${blocked}"`, caller.listedInOneStep, "match");
    await play(`2-step: an agent chose "${underReview.disposition}"`, caller.underReview, "nomatch");
    await table.overrideDisposition(underReview.contactId, blocked);
    await play(`2-step: a reviewer then chose "${blocked}"`, caller.underReview, "match");
    await play("withheld number: not looked up", caller.withheld, withheld);
    await table.stop();
    await play("table unreachable: the call goes through", caller.listedInOneStep, "nomatch");
    calls.close();
  } finally {
    await lambda.stop();
  }
}

main().catch((error: unknown) => {
  if (!(error instanceof EnvironmentErrors || error instanceof SelectionError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
