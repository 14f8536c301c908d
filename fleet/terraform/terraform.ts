/** Runs `terraform`: one process at a time in a directory, with an environment in which nothing makes plans differ by accident. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import path from "node:path";
import { CommandError } from "../output/command-error";

/** Ends the processes that it knows when the program is asked to stop. */
export interface ProcessShutdown {
  /** Whether no new work may start. */
  readonly isStopping: boolean;
  /** Registers a process that has started. */
  add(child: Pick<ChildProcess, "pid" | "kill">): void;
  /** Removes a process that has ended. */
  remove(child: Pick<ChildProcess, "pid" | "kill">): void;
}

/** How a process ended, and what it said. */
export interface Finished {
  readonly exitCode: number;
  readonly output: string;
}

export interface RunOptions {
  /**
   * File that gets all it says, instead of a pipe. Needed wherever it may hold a lock: should we be killed, Terraform would
   * die of its next line into a closed pipe, with the lock kept and the state unwritten. So it goes on, and ends properly.
   */
  readonly log?: string;
  /** Told the process id, so that an interrupted deployment can be found again. */
  readonly started?: (pid: number) => void;
}

/** Variables of the caller that would make stacks share a directory or a state, or add options behind our back. */
const notInherited = /^(TF_CLI_ARGS|TF_DATA_DIR$|TF_WORKSPACE$|TF_PLUGIN_CACHE_DIR$|TF_LOG)/;

export class Terraform {
  /**
   * @param pluginCache directory, absolute, from which all stacks link their provider
   * @param interruption told of every process, so that Ctrl-C ends them properly
   */
  constructor(
    readonly pluginCache: string,
    private readonly shutdown: ProcessShutdown,
  ) {
    mkdirSync(pluginCache, { recursive: true });
  }

  /** The version, such as `1.11.4`. @throws CommandError where there is no `terraform`, or one older than 1.11 */
  async version(): Promise<string> {
    const { output } = await this.run(".", ["version", "-json"]);
    const { terraform_version: version = "" } = parsed(output);
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < 1 || (major === 1 && minor < 11)) {
      throw new CommandError(`Terraform ${version || "of unknown version"} is installed; 1.11 or newer is needed.`);
    }
    return version;
  }

  /**
   * Runs to its end, whatever that is.
   *
   * @param directory the working directory
   * @throws CommandError where `terraform` cannot be started
   */
  async run(directory: string, args: readonly string[], { log, started }: RunOptions = {}): Promise<Finished> {
    const file = log === undefined ? undefined : openSync(log, "w", 0o600);
    try {
      const child = spawn("terraform", args, {
        cwd: directory,
        env: this.environment(),
        stdio: ["ignore", file ?? "pipe", file ?? "pipe"],
        // A group of its own: Ctrl-C in a terminal reaches the whole foreground group, and with ours on top Terraform would
        // count two interrupts, of which the second makes it exit at once and leave its lock behind.
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
          started?.(child.pid);
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
      // Connect answers two calls a second, in bursts of five, for each operation, account and region. Adaptive retries
      // slow a provider down as soon as it is throttled; its default of 25 attempts stays.
      AWS_RETRY_MODE: "adaptive",
      ...Object.fromEntries(inherited),
      TF_IN_AUTOMATION: "1",
      TF_INPUT: "0",
      CHECKPOINT_DISABLE: "1",
      TF_PLUGIN_CACHE_DIR: path.resolve(this.pluginCache),
    };
  }
}

function parsed(json: string): { readonly terraform_version?: string } {
  try {
    return JSON.parse(json.slice(json.indexOf("{"))) as { terraform_version?: string };
  } catch {
    return {};
  }
}
