/**
 * `npm run emulators`: an emulated AWS account in the foreground, with a made-up company that uses ConnectPath.
 *
 * The command starts moto, the Connect emulator, the function runtime and the recording proxy, writes the environment variables for another
 * terminal to a file, and stops everything on Ctrl-C.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { printableLines } from "../config/printable";
import { ignoreClosedPipes } from "../fleet/output/terminal";
import { projectRoot } from "../lambda/packaging";
import { clientEnvironment, type EmulatedAccount, startAccount } from "./account";
import { findTool } from "./aws/find-tool";
import { findMotoServer } from "./aws/moto";
import type { RecordedCall } from "./aws/recording-proxy";
import { findTerraformProvider, type TerraformCli } from "./aws/terraform-cli";
import { company, environmentFile, foundCompany, stackName, tableName } from "./company";
import { callPath, Phone } from "./phone";
import { defaultDirectory, defaultPort, placesIn, type Places } from "./places";
import { ended } from "./until-ended";

const help = `Runs an emulated AWS account on this machine until you press Ctrl-C. docs/emulators.md shows what you can do with it.

Usage: npm run emulators -- [OPTIONS]

Options:
  --port NUMBER     The port of the endpoint of all services; 0 selects a free port. Default: ${defaultPort}.
  --out DIRECTORY   Writes the variables, the environment file and the wire log to this directory. Default: ${defaultDirectory}.
  --help            Shows this page.`;

/** A mistake of the user, or something that is missing on the machine. The message is printed without a stack trace. */
class StartError extends Error {}

interface Options {
  readonly port: number;
  readonly directory: string;
}

function parse(args: readonly string[]): Options | "help" {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: { port: { type: "string" }, out: { type: "string" }, help: { type: "boolean", short: "h" } },
    }));
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n\n${help}`);
  }
  if (values.help === true) return "help";
  const { port = String(defaultPort), out = path.join(projectRoot(), defaultDirectory) } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new StartError(`--port ${JSON.stringify(port)} is not a port. Give a whole number from 0 to 65535.`);
  return { port: Number(port), directory: path.resolve(out) };
}

/** @throws StartError that lists every missing program with its installation */
async function findTools(directory: string): Promise<TerraformCli> {
  const missing: string[] = [];
  if (findMotoServer() === undefined) {
    missing.push("moto_server: run pip install 'moto[server]', or set MOTO_SERVER to the path of moto_server.");
  }
  const install = "install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install";
  const terraform = findTool("terraform");
  if (terraform === undefined) missing.push(`terraform: ${install}`);
  else {
    const { stdout } = spawnSync(terraform, ["version"], {
      encoding: "utf8",
      env: { ...process.env, CHECKPOINT_DISABLE: "1" },
    });
    const [, major = "0", minor = "0"] = /Terraform v(\d+)\.(\d+)/.exec(stdout) ?? [];
    if (Number(major) * 1000 + Number(minor) < 1011) missing.push(`terraform ${major}.${minor} is too old: ${install}`);
  }
  const provider = await findTerraformProvider(directory).catch((error: unknown) => {
    missing.push(`AWS provider for Terraform: ${(error as Error).message}`);
    return undefined;
  });
  if (provider !== undefined && missing.length === 0) return provider;
  throw new StartError(["Missing on this machine:", ...missing.map((text) => `  ${text}`)].join("\n"));
}

async function start(port: number, onCall: (call: RecordedCall) => void): Promise<EmulatedAccount> {
  const { account, bucket, region, instanceId, alias } = company;
  try {
    return await startAccount({ account, bucket, instances: [{ region, id: instanceId, alias }], port, onCall });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new StartError(
      `Port ${port} is in use. If npm run emulators runs in another terminal, use that one.\n` +
        "  Otherwise choose another port and directory: npm run emulators -- --port 0 --out build/other-emulators",
    );
  }
}

/** Variables of the user's shell that would lead a client past the emulators, or select other instances. */
const removedVariables = [
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_DEFAULT_REGION",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
  "AWS_USE_FIPS_ENDPOINT",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "SELECT",
];

/** A script for the shell's `.` command. It also removes the endpoints of single services, which have precedence. */
function environmentScript(variables: Readonly<Record<string, string>>): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    "# The emulated AWS account of npm run emulators. Use it with: . <this file>",
    `unset ${removedVariables.join(" ")}`,
    'for name in $(env | sed -n "s/^\\(AWS_ENDPOINT_URL_[A-Z0-9_]*\\)=.*/\\1/p"); do unset "$name"; done',
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
    "",
  ].join("\n");
}

/** Removes the remains of an earlier run: its files, and the directory in which Terraform worked on the lost state. */
function removeFormerRun(directory: string, { environments, script, wireLog }: Places): void {
  for (const place of [environments, script, wireLog]) rmSync(place, { recursive: true, force: true });
  rmSync(path.join(projectRoot(), "cdktf.out/stacks", stackName), { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  mkdirSync(environments);
}

async function main(args: readonly string[]): Promise<void> {
  const options = parse(args);
  if (options === "help") {
    print(help);
    return;
  }
  const { port, directory } = options;
  const places = placesIn(directory);
  mkdirSync(directory, { recursive: true });
  const provider = await findTools(directory);
  const end = ended();
  const account = await start(port, (call) => {
    if (call.url !== callPath) appendFileSync(places.wireLog, `${JSON.stringify(call)}\n`);
  });
  try {
    removeFormerRun(directory, places);
    await foundCompany(account);
    const phone = new Phone(account);
    account.proxy.intercept(
      ({ url }) => url === callPath,
      (request) => phone.answer(request),
    );
    const { url } = account.proxy;
    writeFileSync(path.join(places.environments, `${company.environment}.yaml`), environmentFile(url));
    const variables = {
      ...clientEnvironment(url, company.region),
      ENVIRONMENTS_DIR: places.environments,
      ...provider.env,
    };
    writeFileSync(places.script, environmentScript(variables));
    print(introduction(url, places));
    await end;
    print("\nStopping.");
  } finally {
    rmSync(places.script, { force: true });
    await account.stop();
  }
}

function introduction(url: string, { script, environments, wireLog }: Places): string {
  const shown = (file: string): string => {
    const relative = path.relative(process.cwd(), file);
    return relative.startsWith("..") ? file : relative;
  };
  const file = path.join(environments, `${company.environment}.yaml`);
  return [
    "An emulated AWS account runs on this machine. Everything is in memory and ends with Ctrl-C.",
    "",
    `  endpoint          ${url}`,
    `  account           ${company.account}, region ${company.region}`,
    `  Connect instance  ${company.alias}, phone number ${company.phoneNumber}, flow "${company.flow}"`,
    `  contact table     ${tableName}, five contacts; the number +15555550101 has the Disposition "Blocked"`,
    `  environment file  ${shown(file)}`,
    `  wire log          ${shown(wireLog)}, one JSON object for each request to AWS`,
    "",
    "In another terminal, set the environment variables, and then use cdktf and fleet as with a real account:",
    "",
    `  . ${shown(script)}`,
    "  npm run call -- +15555550101",
    "  npx cdktf deploy",
  ].join("\n");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

ignoreClosedPipes();
main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`${printableLines(error.message)}\n`);
  process.exitCode = 1;
});
