/** Runs the command line as a separate process, with environment files that the test supplies. */
import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { commandLineProgram } from "./command-line-program";

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

/**
 * `npm run fleet -- <args>`.
 *
 * @param files content by name of the files in `environments`
 * @param env environment variables; only PATH is inherited
 * @param input standard input; none by default
 */
export async function runFleet(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  input?: string | Uint8Array,
): Promise<Finished> {
  return startFleet(args, files, env, input).finished;
}

/** Like {@link runFleet}, but returns the running process, for example to send signals. */
export function startFleet(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
  input?: string | Uint8Array,
): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
  const child = spawn(process.execPath, [commandLineProgram(), ...args], {
    cwd: scratch,
    env: environmentOf(files, env),
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  // The program may end before it has read everything.
  child.stdin?.on("error", () => undefined).end(input);
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      resolve({ exitCode, stdout, stderr });
    });
  });
  return { child, finished };
}

/** Whether this machine has `script` of util-linux, which runs a program on a pseudo-terminal. */
export const hasTerminal = isUtilLinux();

function isUtilLinux(): boolean {
  const { status, stdout } = spawnSync("script", ["--version"], { encoding: "utf8" });
  return status === 0 && stdout.includes("util-linux");
}

/**
 * Like {@link runFleet}, but on a pseudo-terminal. Types `keys` when the program has written `prompt`.
 *
 * @returns the exit code, and everything that the terminal shows
 */
export function runFleetOnTerminal(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  prompt: string,
  keys: string,
): Promise<{ readonly exitCode: number | null; readonly shown: string }> {
  const quoted = [process.execPath, commandLineProgram(), ...args].map((text) => `'${text.replaceAll("'", "'\\''")}'`);
  const child = spawn("script", ["-qefc", `exec ${quoted.join(" ")}`, "/dev/null"], {
    cwd: scratch,
    env: { ...environmentOf(files, env), SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  let isTyped = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    if (isTyped || !shown.includes(prompt)) return;
    isTyped = true;
    child.stdin.write(keys);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      resolve({ exitCode, shown });
    });
  });
}

/** The environment variables of a run. Writes the environment files to a directory of this run. */
export function environmentOf(
  files: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const directory = path.join(mkdtempSync(path.join(scratch, "run-")), "environments");
  mkdirSync(directory);
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(directory, name), content);
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: scratch,
    ENVIRONMENTS_DIR: directory,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    END_OF_SUPPORT_WARNINGS: "off",
    ...env,
  };
}
