/** Runs the command line as a separate process, with environment files that the test supplies. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buildCommandLine } from "./command-line-program";

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Working directory of the command line. */
export const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-fleet-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

let builtProgram: string | undefined;
/** The command line, built on first use. */
const program = (): string => (builtProgram ??= buildCommandLine(mkdtempSync(path.join(scratch, "program-"))));

/**
 * `npm run fleet -- <args>`.
 *
 * @param files content by name of the files in `environments`
 * @param env environment variables; only PATH is inherited
 */
export async function runFleet(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return startFleet(args, files, env).finished;
}

/** Like {@link runFleet}, but returns the running process, for example to send signals. */
export function startFleet(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
  const directory = path.join(mkdtempSync(path.join(scratch, "run-")), "environments");
  mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(directory, name), content);
  const child = spawn(process.execPath, [program(), ...args], {
    cwd: scratch,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: scratch,
      ENVIRONMENTS_DIR: directory,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
  });
  return { child, finished };
}
