/** Runs the `terraform` program, without environment variables of the caller that would change a plan. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { CommandError } from "../output/command-error";
import { boundedLines } from "../output/foreign-text";

/** Ends running processes when the program is asked to stop. */
export interface ProcessShutdown {
  /** Whether no new work may start. */
  readonly isStopping: boolean;
  /** Registers a process that has started. */
  add(child: Pick<ChildProcess, "pid" | "kill">): void;
  /** Removes a process that has ended. */
  remove(child: Pick<ChildProcess, "pid" | "kill">): void;
}

/** Exit code and output of a process. */
export interface TerraformResult {
  readonly exitCode: number;
  readonly output: string;
}

export interface RunOptions {
  /**
   * File for the output, instead of a pipe. Use it for every command that may hold a state lock. If this program is killed, a
   * write to the closed pipe would kill Terraform too: the lock would not be released, and the state would not be written. With a file,
   * Terraform continues and ends normally.
   */
  readonly log?: string;
  /** Receives the process id. */
  readonly onStart?: (pid: number) => void;
}

/** Variables of the caller that would make stacks share a directory or a state, or add options. */
const notInherited = /^(TF_CLI_ARGS|TF_DATA_DIR$|TF_WORKSPACE$|TF_PLUGIN_CACHE_DIR$|TF_LOG)/;

const versionSchema = z.object({ terraform_version: z.string() });

export class Terraform {
  /**
   * @param pluginCache absolute path of the directory from which all stacks link their provider
   * @param shutdown ends the Terraform processes after Ctrl-C
   */
  constructor(
    readonly pluginCache: string,
    private readonly shutdown: ProcessShutdown,
  ) {
    mkdirSync(pluginCache, { recursive: true });
  }

  /** The version, such as `1.11.4`. @throws CommandError if `terraform` is missing or older than 1.11 */
  async version(): Promise<string> {
    const { exitCode, output } = await this.run(".", ["version", "-json"]);
    const version = parseVersion(output);
    if (version === "") throw new CommandError(versionFailure(exitCode, output));
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < 1 || (major === 1 && minor < 11)) {
      throw new CommandError(`Terraform ${version} is installed; 1.11 or newer is needed.`);
    }
    return version;
  }

  /**
   * Runs Terraform to its end, and returns its exit code and output.
   *
   * @param directory the working directory
   * @throws CommandError if `terraform` cannot be started
   */
  async run(directory: string, args: readonly string[], { log, onStart }: RunOptions = {}): Promise<TerraformResult> {
    const file = log === undefined ? undefined : openSync(log, "w", 0o600);
    try {
      const child = spawn("terraform", args, {
        cwd: directory,
        env: this.environment(),
        stdio: ["ignore", file ?? "pipe", file ?? "pipe"],
        // Terraform gets its own process group, because Ctrl-C in a terminal signals the whole foreground group. Terraform would get
        // this signal and the signal from this program, exit immediately after the second one, and not release the state lock.
        detached: true,
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
      }
      const exitCode = await new Promise<number>((resolve, reject) => {
        child.once("spawn", () => {
          if (child.pid === undefined) return;
          this.shutdown.add(child);
          onStart?.(child.pid);
        });
        child.once("error", (error: NodeJS.ErrnoException) => {
          reject(
            error.code === "ENOENT"
              ? new CommandError("terraform is not on the PATH. Install Terraform 1.11 or newer.")
              : error,
          );
        });
        child.once("close", (code) => {
          this.shutdown.remove(child);
          resolve(code ?? 1);
        });
      });
      return { exitCode, output: log === undefined ? output : readFileSync(log, "utf8") };
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }

  private environment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !notInherited.test(name));
    return {
      // Connect allows two calls per second, in bursts of five, for each operation, account and region. With adaptive
      // retries, the provider sends fewer requests after a throttling error. The provider's default of 25 attempts is kept.
      AWS_RETRY_MODE: "adaptive",
      // The Go programs Terraform and the provider then collect garbage less often. A plan of one resource takes 3.3 s of CPU instead of 4.5 s,
      // and 660 MB instead of 620 MB (`GOGC=400 terraform plan`, Terraform 1.11.4, AWS provider 5.100.0).
      GOGC: "400",
      ...Object.fromEntries(inherited),
      TF_IN_AUTOMATION: "1",
      TF_INPUT: "0",
      CHECKPOINT_DISABLE: "1",
      TF_PLUGIN_CACHE_DIR: path.resolve(this.pluginCache),
    };
  }
}

/** Version managers such as tfenv install a `terraform` that fails if no version is selected or the selected version is missing. */
function versionFailure(exitCode: number, output: string): string {
  const shown = boundedLines(output.trim()).replaceAll(/^/gm, "  ") || "  (no output)";
  return (
    `terraform version failed with exit code ${exitCode}:\n${shown}\n` +
    "  If a version manager such as tfenv provides terraform, install and select a version, for example: tfenv install && tfenv use\n" +
    "  The file .terraform-version names the version of this project. Terraform 1.11 or newer is needed."
  );
}

/** @returns an empty text if the output has no version */
function parseVersion(output: string): string {
  try {
    const { data } = versionSchema.safeParse(JSON.parse(output.slice(output.indexOf("{"))));
    return data?.terraform_version ?? "";
  } catch {
    return "";
  }
}
