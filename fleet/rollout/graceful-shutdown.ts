/** Ctrl-C: the first ends what runs properly and starts nothing new; the second ends it at once. */
import type { ChildProcess } from "node:child_process";
import type { ProcessShutdown } from "../terraform/terraform";

/** Exit code after Ctrl-C, as shells count. */
export const interruptedExitCode = 130;

type Child = Pick<ChildProcess, "pid" | "kill">;

export class GracefulShutdown implements ProcessShutdown {
  private readonly running = new Set<Child>();
  private interrupts = 0;

  /** @param say tells the person what is happening */
  constructor(private readonly say: (text: string) => void = sayOnStandardError) {}

  /** Whether nothing new may be started. */
  get isStopping(): boolean {
    return this.interrupts > 0;
  }

  /**
   * Listens to SIGINT and SIGTERM while `work` runs. SIGTERM is what CI sends after SIGINT when a job is cancelled, so it never
   * counts as the second Ctrl-C.
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
    } finally {
      process.off("SIGINT", interrupt).off("SIGTERM", terminate);
    }
  }

  /** A process that has started; one that starts after the first Ctrl-C is asked to end at once. */
  add(child: Child): void {
    this.running.add(child);
    if (this.isStopping) child.kill("SIGINT");
  }

  remove(child: Child): void {
    this.running.delete(child);
  }

  /** What a SIGINT does. */
  interrupt(): void {
    this.interrupts++;
    if (this.interrupts === 1) {
      this.say(
        this.running.size === 0
          ? "Stopping."
          : "Stopping: Terraform finishes what it is doing, writes its state and releases its lock. Press Ctrl-C again only if it hangs: that leaves the lock.",
      );
      // To Terraform alone: its provider plugins must go on until it has finished with them.
      for (const child of this.running) child.kill("SIGINT");
    } else {
      this.say(
        "Killing Terraform. What it was doing is unknown now, and its lock stays: deploy --resume tells how to go on.",
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

/** Of a command whose standard output may be read by another program. */
export function sayOnStandardError(text: string): void {
  process.stderr.write(`${text}\n`);
}
