/**
 * Measures plans of several stacks on emulators: `cdktf diff` for one stack after the other, `fleet plan` for all stacks, and
 * the steps of a pull request that changes one stack.
 *
 * Usage, with Terraform and moto_server on the PATH and a connection to the npm registry: `npm run bench:fleet [-- --stacks 8] [--write]`.
 * `--write` updates docs/performance.md.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { projectRoot } from "../../lambda/packaging";
import { startMoto } from "../../emulators/aws/moto";
import { startRecordingProxy } from "../../emulators/aws/recording-proxy";
import { findTerraformProvider, platform } from "../../emulators/aws/terraform-cli";
import { ConnectEmulator } from "../../emulators/connect/server";
import { copyProject } from "../../emulators/project-copy";
import { machine, measured, type Sample, writeFigures } from "../measured-command";

const account = "111122223333";
const region = "us-east-1";
const bucket = "acme-terraform-state";
const provider = "registry.terraform.io/hashicorp/aws/5.100.0";

/** As in .github/workflows/pull-request.yml. */
const installation = ["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"];

class UsageError extends Error {}

interface Result extends Sample {
  /** Number of installations of the AWS provider. A link to the plugin cache is not an installation. */
  readonly installs: number;
  /** Number of stacks with a plan. */
  readonly plans: number;
}

const instanceId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const stackName = (n: number): string => `e2e-acme-${n}-${region}`;

function environment(stacks: number, endpoint: string): string {
  const instances = Array.from(
    { length: stacks },
    (_, n) => `  - { name: acme-${n}, id: ${instanceId(n)}, function: { memoryMb: ${512 + n} } }\n`,
  );
  return `account: "${account}"
region: ${region}
state: { bucket: ${bucket}, region: ${region}, endpoint: "${endpoint}", usePathStyle: true }
blockedDispositions: [Blocked]
instances:
${instances.join("")}`;
}

/**
 * Counts the stacks with a plan, and the installations of the provider for them: one for the cache if at least one stack links to the
 * cache, and one for each stack without a link.
 */
function countInstallations(
  stacks: string,
  cache: string,
  plan: string,
): { readonly installs: number; readonly plans: number } {
  const planned = readdirSync(stacks)
    .map((stack) => join(stacks, stack))
    .filter((directory) => existsSync(join(directory, plan)));
  const isLinked = (directory: string): boolean => {
    try {
      return readlinkSync(join(directory, ".terraform/providers", provider, platform())).startsWith(cache);
    } catch {
      return false; // a copy, not a link
    }
  };
  const linked = planned.filter(isLinked).length;
  return { installs: planned.length - linked + (linked > 0 ? 1 : 0), plans: planned.length };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { stacks: { type: "string", default: "8" }, write: { type: "boolean", default: false } },
  });
  const stacks = Number(values.stacks);
  if (!Number.isInteger(stacks) || stacks < 1 || stacks > 100) {
    throw new UsageError(`--stacks "${values.stacks}" is not a whole number from 1 to 100.`);
  }
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), "bench-fleet-")));
  const terraform = await findTerraformProvider(scratch);
  const ids = [...Array(stacks).keys()];
  const connect = new ConnectEmulator(
    ids.map((n) => ({ account, region, id: instanceId(n), alias: `acme-${n}` })),
    () => [],
  );
  const moto = await startMoto(account);
  const proxy = await startRecordingProxy(moto.respond, { connect: (request) => connect.handle(request) });
  try {
    await fetch(`${moto.url}/${bucket}`, { method: "PUT" });
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
    const dynamodb = new DynamoDBClient({ endpoint: moto.url, region, credentials });
    for (const n of ids) {
      const key = [{ AttributeName: "hash", KeyType: "HASH" as const }];
      const AttributeDefinitions = [{ AttributeName: "hash", AttributeType: "S" as const }];
      await dynamodb.send(
        new CreateTableCommand({
          TableName: `dextr-acme-${n}`,
          KeySchema: key,
          AttributeDefinitions,
          BillingMode: "PAY_PER_REQUEST",
        }),
      );
    }
    dynamodb.destroy();

    const project = join(scratch, "project");
    const yaml = environment(stacks, proxy.url);
    copyProject(project, yaml);
    const home = join(scratch, "home");
    mkdirSync(home);
    const env = {
      PATH: process.env["PATH"],
      // An empty home directory, because cdktf has its plugin cache there. The first command starts without a cache.
      HOME: home,
      AWS_ENDPOINT_URL: proxy.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: "true",
      CI: "true",
      ...terraform.env,
    };

    process.stderr.write("cdktf diff, sequential\n");
    let [wall, cpu] = [0, 0];
    for (const n of ids) {
      // Without --skip-provider-lock, cdktf also locks the providers for other platforms and takes longer.
      const command = [join(projectRoot(), "node_modules/.bin/cdktf"), "diff", stackName(n), "--skip-provider-lock"];
      const sample = await measured(command, project, env, [0]);
      [wall, cpu] = [wall + sample.wall, cpu + sample.cpu];
    }
    const cdktf: Result = {
      wall,
      cpu,
      ...countInstallations(join(project, "cdktf.out/stacks"), join(home, ".terraform.d"), "plan"),
    };

    const fleet = [process.execPath, join(project, "scripts/run.js"), "fleet/main.ts", "plan"];
    const cache = join(project, "build/terraform-plugins/cache");
    const plans = join(project, "build/plans/cdktf.out/stacks");
    process.stderr.write("fleet plan\n");
    const all = await measured(fleet, project, env, [0, 2]);
    const fleetAll: Result = { ...all, ...countInstallations(plans, cache, "fleet.plan") };

    // A job of .github/workflows/pull-request.yml: no installed packages, no bundles, and the provider in the cache of an earlier job.
    process.stderr.write("a pull request with one changed stack\n");
    rmSync(join(project, "node_modules"));
    for (const compiled of ["main.js", "fleet", "plans"])
      rmSync(join(project, "build", compiled), { recursive: true, force: true });
    writeFileSync(join(project, "environments/e2e.yaml"), yaml.replace(`memoryMb: ${511 + stacks}`, "memoryMb: 1024"));
    // npm reads its settings and its cache from the home directory. The first installation fills the cache.
    await measured(installation, project, process.env, [0]);
    const install = await measured(installation, project, process.env, [0]);
    const changed = await measured([...fleet, "--read-only", "--changed-since", "HEAD"], project, env, [0, 2]);
    // The provider is in the cache since the previous command.
    const fleetChanged: Result = { ...changed, ...countInstallations(plans, cache, "fleet.plan"), installs: 0 };

    const result = [
      `Measured ${machine()}; ` + `${stacks} stacks, once each; \`npm run bench:fleet -- --stacks ${stacks} --write\`.`,
      "",
      report(cdktf, fleetAll, fleetChanged, install),
    ].join("\n");
    process.stdout.write(`${result}\n`);
    if (values.write) writeFigures("bench:fleet", result);
  } finally {
    await proxy.close();
    await moto.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function report(cdktf: Result, fleetAll: Result, fleetChanged: Result, install: Sample): string {
  const row = (command: string, { plans, installs, wall, cpu }: Result): string =>
    `| ${command} | ${plans} | ${installs} | ${wall.toFixed(1)} | ${cpu.toFixed(1)} | ${(cdktf.wall / wall).toFixed(1)}× | ${(cdktf.cpu / cpu).toFixed(1)}× |`;
  const ratio = cdktf.wall / fleetAll.wall;
  const pullRequest = install.wall + fleetChanged.wall;
  return [
    "| | plans | provider installed | wall s | CPU s | wall: cdktf / this | CPU: cdktf / this |",
    "|---|---:|---:|---:|---:|---:|---:|",
    row("`cdktf diff`, one stack after the other", cdktf),
    row("`fleet plan`", fleetAll),
    row("`fleet plan --read-only --changed-since`, one stack changed, with bundling", fleetChanged),
    "",
    "| step of a pull request that changes one stack | wall s | CPU s |",
    "|---|---:|---:|",
    `| installation without development dependencies | ${install.wall.toFixed(1)} | ${install.cpu.toFixed(1)} |`,
    `| \`fleet plan --read-only --changed-since\`, with bundling | ${fleetChanged.wall.toFixed(1)} | ${fleetChanged.cpu.toFixed(1)} |`,
    `| together | ${pullRequest.toFixed(1)} | ${(install.cpu + fleetChanged.cpu).toFixed(1)} |`,
    "",
    "| goal | measured | limit | met |",
    "|---|---:|---:|---|",
    `| \`cdktf diff\` / \`fleet plan\`, at least | ${ratio.toFixed(1)}× | 1.5× | ${ratio >= 1.5 ? "yes" : "**no**"} |`,
    `| provider installed, at most | ${fleetAll.installs} | 1 | ${fleetAll.installs === 1 ? "yes" : "**no**"} |`,
    `| plans that run for one changed stack, at most | ${fleetChanged.plans} | 1 | ${fleetChanged.plans === 1 ? "yes" : "**no**"} |`,
    `| a pull request that changes one stack, at most | ${pullRequest.toFixed(1)} s | 35 s | ${pullRequest <= 35 ? "yes" : "**no**"} |`,
  ].join("\n");
}

main().catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
