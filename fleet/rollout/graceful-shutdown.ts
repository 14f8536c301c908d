/** Handles Ctrl-C. The first Ctrl-C lets running processes finish and starts no new process. The second Ctrl-C kills them. */
import type { ChildProcess } from "node:child_process";
import { CommandError } from "../output/command-error";
import { Interrupted } from "../output/interrupted";
import { printToStderr } from "../output/terminal";
import type { ProcessShutdown } from "../terraform/terraform";
import { TerraformError } from "../terraform/terraform-stack";

export { interruptedExitCode } from "../output/interrupted";

type Child = Pick<ChildProcess, "pid" | "kill">;

export class GracefulShutdown implements ProcessShutdown {
  private readonly running = new Set<Child>();
  private readonly stopping = new AbortController();
  private interrupts = 0;

  /**
   * @param adviceAfterKill what to do after the second Ctrl-C
   * @param print prints one line for the user
   */
  constructor(
    private readonly adviceAfterKill = "Run the same command again.",
    private readonly print: (text: string) => void = printToStderr,
  ) {}

  /** Whether no new work may start. */
  get isStopping(): boolean {
    return this.interrupts > 0;
  }

  /** Aborted when Ctrl-C is pressed, for work that waits. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  /**
   * Handles SIGINT and SIGTERM while `work` runs. CI services send SIGTERM after SIGINT when a job is cancelled, so SIGTERM never
   * counts as the second Ctrl-C.
   *
   * @throws Interrupted if Ctrl-C made the work fail: Ctrl-C also ends a synth or the installation of the provider
   */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const interrupt = (): void => {
      this.interrupt();
    };
    const terminate = (): void => {
      if (!this.isStopping) this.interrupt();
    };
    process.on("SIGINT", interrupt).on("SIGTERM", terminate);
    try {
      return await work();
    } catch (error) {
      const isCausedByCtrlC = this.isStopping && (error instanceof CommandError || error instanceof TerraformError);
      throw isCausedByCtrlC ? new Interrupted() : error;
    } finally {
      process.off("SIGINT", interrupt).off("SIGTERM", terminate);
    }
  }

  /** Registers a process that has started. After the first Ctrl-C, the process is immediately asked to end. */
  add(child: Child): void {
    this.running.add(child);
    if (this.isStopping) child.kill("SIGINT");
  }

  /** Removes a process that has ended. */
  remove(child: Child): void {
    this.running.delete(child);
  }

  /** Handles one SIGINT. */
  interrupt(): void {
    this.interrupts++;
    this.stopping.abort();
    if (this.interrupts === 1) {
      this.print(
        this.running.size === 0
          ? "Stopping."
          : "Stopping: Terraform finishes its current operations, writes its state and releases its lock. " +
              "Press Ctrl-C again only if Terraform hangs: Terraform is then killed, and its lock is not released.",
      );
      // The signal goes only to Terraform, not to its provider plugins: Terraform needs the plugins to finish.
      for (const child of this.running) child.kill("SIGINT");
    } else {
      this.print(
        this.running.size === 0
          ? "Still stopping."
          : `Killing Terraform. The result of its current operations is unknown, and its lock is not released. ${this.adviceAfterKill}`,
      );
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
