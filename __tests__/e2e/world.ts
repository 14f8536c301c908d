/** An emulated AWS account for the end-to-end tests, used by the real `cdktf` and `terraform`. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { projectRoot } from "../../lambda/packaging";
import { clientEnvironment, credentials, startAccount } from "../../emulators/account";
import type { RecordingProxy } from "../../emulators/aws/recording-proxy";
import { findTerraformProvider } from "../../emulators/aws/terraform-cli";
import type { ConnectEmulator } from "../../emulators/connect/server";
import { attachProvider } from "./attached-provider";

export const ACCOUNT = "111122223333";
export const REGION = "us-east-1";
export const BUCKET = "acme-terraform-state";

/**
 * Environment variables for Terraform and its provider. Both end after seconds, and the default settings of Go spend a quarter of their CPU
 * time on garbage collection.
 */
export const rareGarbageCollection = { GOGC: "off", GOMEMLIMIT: "1GiB" } as const;

/** Output and exit code of a command. */
export interface Finished {
  readonly exitCode: number;
  /** Standard output and standard error, in the order in which they were printed, without colours. */
  readonly output: string;
}

export interface Running {
  /** Sends a signal, like Ctrl-C (SIGINT) or `kill -9` (SIGKILL). `group` includes child processes. */
  kill(signal: NodeJS.Signals, to?: "process" | "group"): void;
  readonly finished: Promise<Finished>;
  /** The process id, which is also the id of its group. */
  readonly pid: number;
  /** The output until now. */
  output(): string;
  /** Resolves when the output contains the text. Rejects when the command ends without it. */
  says(text: string): Promise<void>;
  /** Writes to standard input. */
  type(text: string): void;
}

export interface World {
  /** Connected to the emulator directly, so the proxy does not record calls of the tests. */
  readonly dynamodb: DynamoDBClient;
  readonly s3: S3Client;
  readonly proxy: RecordingProxy;
  /** For AWS clients of a test whose calls the proxy records. */
  readonly clientSettings: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly connect: ConnectEmulator;
  /** Environment variables for processes that talk to this account. */
  readonly env: Readonly<Record<string, string>>;
  readonly instanceId: (name: string) => string;
  readonly stackName: (name: string) => string;
  /** Directory of the synthesized stack of an instance. */
  readonly stackDirectory: (name: string) => string;
  /** Runs `cdktf <arguments>` in the directory of the project, with the environment files of this account. */
  cdktf(...args: readonly string[]): Promise<Finished>;
  /** Runs `npm run fleet -- <arguments>` with the environment files of this account. */
  fleet(...args: readonly string[]): Promise<Finished>;
  /** Like `fleet`, without waiting for the end. */
  startFleet(...args: readonly string[]): Running;
  /** Runs `terraform <arguments>` in the directory of a synthesized stack. */
  terraform(name: string, ...args: readonly string[]): Promise<Finished>;
  /** Runs `npm run fleet -- <arguments>` in a copy of the project, with the environment files of the copy. */
  fleetIn(project: string, ...args: readonly string[]): Promise<Finished>;
  /** Like `fleetIn`, without waiting for the end. */
  startFleetIn(project: string, ...args: readonly string[]): Running;
  /** Runs `terraform <arguments>` in any directory. */
  terraformIn(directory: string, ...args: readonly string[]): Promise<Finished>;
  /** Like `terraform`, without waiting for the end. */
  startTerraform(name: string, ...args: readonly string[]): Running;
  stop(): Promise<void>;
}

export interface WorldOptions {
  /** Connect instances in the environment file. @default all */
  readonly deployed?: readonly string[];
  /** Additional lines of the environment file. */
  readonly environment?: string;
  /** Additional lines of an instance. */
  readonly more?: (name: string) => readonly string[];
  /**
   * The time limits of lookups. On a busy machine, a lookup takes longer than the default budget of 1,500 ms.
   *
   * @default the longest possible limits, because few tests depend on the time of a lookup
   */
  readonly lookup?: string;
  /**
   * Whether Terraform installs, checks and starts the provider itself, as for a user. Otherwise Terraform is attached to the same provider,
   * which saves most of the CPU time (attached-provider.ts).
   *
   * @default false; true with `PROVIDER=installed` in the environment
   */
  readonly isProviderInstalled?: boolean;
}

/** Only Linux shows which process opened a connection. */
const installs = process.env["PROVIDER"] === "installed" || process.platform !== "linux";

/** Starts the emulators with a state bucket and one Connect instance for each name, and writes `e2e.yaml`. */
export async function createWorld(
  names: readonly string[],
  {
    deployed = names,
    environment = "",
    more = () => [],
    lookup = "{ budgetMs: 7000, flowTimeLimitSeconds: 8 }",
    isProviderInstalled = installs,
  }: WorldOptions = {},
): Promise<World> {
  const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-e2e-"));
  const environments = path.join(directory, "environments");
  const outdir = path.join(directory, "cdktf.out");
  mkdirSync(environments);
  const provider = await findTerraformProvider(directory);
  const attached = isProviderInstalled ? undefined : await attachProvider(provider.env);

  const instanceId = (name: string): string =>
    `00000000-0000-4000-8000-${String(names.indexOf(name) + 1).padStart(12, "0")}`;
  const { proxy, motoUrl, connect, ...account } = await startAccount({
    account: ACCOUNT,
    bucket: BUCKET,
    instances: names.map((alias) => ({ region: REGION, id: instanceId(alias), alias })),
  });

  writeFileSync(
    path.join(environments, "e2e.yaml"),
    `account: "${ACCOUNT}"
region: ${REGION}
state:
  bucket: ${BUCKET}
  region: ${REGION}
  endpoint: ${proxy.url}
  usePathStyle: true
tags:
  managed-by: terraform
  team: not the vendor
blockedDispositions: [Blocked]
lookup: ${lookup}
${environment}
instances:
${deployed.map((name) => [`  - name: ${name}`, ...[`id: ${instanceId(name)}`, ...more(name)].map((line) => `    ${line}`)].join("\n")).join("\n")}
`,
  );

  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? directory,
    ...clientEnvironment(proxy.url, REGION),
    ENVIRONMENTS_DIR: environments,
    CDKTF_OUTDIR: outdir,
    ...rareGarbageCollection,
    END_OF_SUPPORT_WARNINGS: "off",
    CI: "true",
    NO_COLOR: "1",
    FORCE_COLOR: "0",
    ...provider.env,
    ...attached?.env,
  };

  const stackName = (name: string): string => `e2e-${name}-${REGION}`;
  const stackDirectory = (name: string): string => path.join(outdir, "stacks", stackName(name));
  const root = projectRoot();
  const startFleet = (...args: readonly string[]): Running =>
    start(process.execPath, [path.join(root, "build/fleet/main.js"), ...args], root, env);
  const startFleetIn = (project: string, ...args: readonly string[]): Running => {
    const here = { ...env, ENVIRONMENTS_DIR: path.join(project, "environments") };
    return start(process.execPath, [path.join(project, "build/fleet/main.js"), ...args], project, here);
  };
  const startTerraform = (name: string, ...args: readonly string[]): Running =>
    start("terraform", [...args], stackDirectory(name), env);

  return {
    clientSettings: { endpoint: proxy.url, region: REGION, credentials },
    dynamodb: new DynamoDBClient({ endpoint: motoUrl, region: REGION, credentials }),
    s3: new S3Client({ endpoint: motoUrl, region: REGION, forcePathStyle: true, credentials }),
    proxy,
    connect,
    env,
    instanceId,
    stackName,
    stackDirectory,
    cdktf: (...args) =>
      start(path.join(root, "node_modules/.bin/cdktf"), [...args, "--output", outdir], root, env).finished,
    startFleet,
    fleet: (...args) => startFleet(...args).finished,
    startTerraform,
    terraform: (...args) => startTerraform(...args).finished,
    startFleetIn,
    fleetIn: (project, ...args) => startFleetIn(project, ...args).finished,
    terraformIn: (cwd, ...args) => start("terraform", args, cwd, env).finished,
    stop: async () => {
      await account.stop();
      await attached?.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Starts a command in its own process group. */
export function start(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Running {
  const child = spawn(command, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
  let output = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
      for (const checkOutput of waiting) checkOutput();
    });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ exitCode: code ?? (signal === null ? -1 : 128), output });
    });
  });
  return {
    finished,
    pid: child.pid ?? 0,
    output: () => output,
    kill: (signal, to = "process") => {
      if (child.pid !== undefined) process.kill(to === "group" ? -child.pid : child.pid, signal);
    },
    says: (text) =>
      new Promise((resolve, reject) => {
        const checkOutput = (): void => {
          if (output.includes(text)) resolve();
        };
        waiting.add(checkOutput);
        checkOutput();
        void finished.then(() => {
          reject(new Error(`it ended without saying "${text}":\n${output}`));
        }, reject);
      }),
    type: (text) => child.stdin.write(text),
  };
}
