/** Handles Ctrl-C and SIGTERM. The first signal lets running processes finish and starts no new one. The second Ctrl-C kills them. */
import type { ChildProcess } from "node:child_process";
import { CommandError } from "../output/command-error";
import { Interrupted, stopExitCodes } from "../output/interrupted";
import type { StopSignal } from "../output/interrupted";
import { printToStderr } from "../output/terminal";
import type { ProcessShutdown } from "../terraform/terraform";
import { TerraformError } from "../terraform/terraform-stack";

type Child = Pick<ChildProcess, "pid" | "kill">;

/** What the second Ctrl-C leaves behind, and what to do. */
const afterKillTexts = {
  /** The command takes no lock. */
  "only reads": "Nothing was changed. Run the same command again.",
  /** The command may have been killed before it took the lock. */
  "locks the state":
    "Nothing in AWS was changed. If the state lock stays, the next command shows the lock and how to release it.",
  applies:
    "The result of the current operations is unknown, and the state lock stays. Continue with: npm run fleet -- deploy --resume",
} as const;

export class GracefulShutdown implements ProcessShutdown {
  private readonly running = new Set<Child>();
  private readonly stopping = new AbortController();
  private firstSignal: StopSignal | undefined;

  /**
   * @param phase what Terraform does; a command may change it
   * @param print prints one line for the user
   */
  constructor(
    public phase: keyof typeof afterKillTexts = "only reads",
    private readonly print: (text: string) => void = printToStderr,
  ) {}

  /** Whether no new work may start. */
  get isStopping(): boolean {
    return this.firstSignal !== undefined;
  }

  /** The exit code of a stopped command: 130 after Ctrl-C, 143 after SIGTERM. */
  get exitCode(): number {
    return stopExitCodes[this.firstSignal ?? "SIGINT"];
  }

  /** Aborted by the first signal, for work that waits. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /**
   * Handles SIGINT and SIGTERM while `work` runs. CI services send SIGTERM after SIGINT when a job is cancelled, so SIGTERM never
   * counts as the second Ctrl-C.
   *
   * @throws Interrupted if the signal made the work fail: Ctrl-C also ends a synth or the installation of the provider
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const interrupt = (): void => {
      this.interrupt();
    };
    const terminate = (): void => {
      if (!this.isStopping) this.interrupt("SIGTERM");
    };
    process.on("SIGINT", interrupt).on("SIGTERM", terminate);
    try {
      return await work();
    } catch (error) {
      const isCausedBySignal = this.isStopping && (error instanceof CommandError || error instanceof TerraformError);
      throw isCausedBySignal ? new Interrupted(this.exitCode) : error;
    } finally {
      process.off("SIGINT", interrupt).off("SIGTERM", terminate);
    }
  }

  /** Registers a process that has started. After the first signal, the process is immediately asked to end. */
  add(child: Child): void {
    this.running.add(child);
    if (this.isStopping) child.kill("SIGINT");
  }

  /** Removes a process that has ended. */
  remove(child: Child): void {
    this.running.delete(child);
  }

  /** Handles one signal. */
  interrupt(signal: StopSignal = "SIGINT"): void {
    this.stopping.abort();
    if (this.firstSignal === undefined) {
      this.firstSignal = signal;
      this.print(
        this.running.size === 0
          ? "Stopping."
          : "Stopping: Terraform finishes its current operations, writes its state and releases its lock. " +
              "Press Ctrl-C again only if Terraform hangs: Terraform is then killed.",
      );
      // The signal goes only to Terraform, not to its provider plugins: Terraform needs the plugins to finish.
      for (const child of this.running) child.kill("SIGINT");
    } else {
      this.print(this.running.size === 0 ? "Still stopping." : `Killing Terraform. ${afterKillTexts[this.phase]}`);
      for (const { pid } of this.running) if (pid !== undefined) killGroup(pid);
    }
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
