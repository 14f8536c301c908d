/** Shows the progress of each stack: one line that is redrawn in a terminal, one line per step elsewhere. */

/** A terminal or a log. */
export interface ProgressOutput {
  write(text: string): unknown;
  /** Removes the text of the current line. */
  eraseLine(): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Milliseconds between two redraws. A redraw updates the seconds. */
const redrawInterval = 1000;

export class Progress {
  private readonly current = new Map<string, { readonly step: string; readonly since: number }>();
  private finished = 0;
  private timer: NodeJS.Timeout | undefined;
  private isDrawn = false;

  /**
   * @param total number of stacks
   * @param now current time in milliseconds
   */
  constructor(
    private readonly output: ProgressOutput,
    private readonly total: number,
    private readonly now: () => number = Date.now,
  ) {
    if (this.isLive) {
      this.timer = setInterval(() => {
        this.draw();
      }, redrawInterval);
      this.timer.unref();
    }
  }

  /**
   * The stack starts a step, such as "planning", or continues it.
   *
   * @param since when the step started, in milliseconds. A line for a step that continues has its duration.
   */
  step(stackName: string, step: string, since = this.now()): void {
    this.current.set(stackName, { step, since });
    const seconds = (this.now() - since) / 1000;
    if (this.isLive) this.draw();
    else this.output.write(`${stackName}: ${step}${seconds < 1 ? "" : `, ${elapsed(seconds)}`}\n`);
  }

  /** The stack is finished, with a result such as "1 to add". */
  done(stackName: string, result: string): void {
    this.current.delete(stackName);
    this.finished++;
    this.line(`[${this.finished}/${this.total}] ${stackName}: ${result}`);
  }

  /** Prints a line that is not redrawn, above the progress line. */
  line(text: string): void {
    this.erase();
    this.output.write(`${text}\n`);
    if (this.isLive) this.draw();
  }

  /** Removes the progress line and stops drawing. */
  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.current.clear();
    this.erase();
  }

  private get isLive(): boolean {
    // Some CI services provide a terminal, but their logs contain every redraw.
    return this.output.isTTY === true && !process.env["CI"];
  }

  private draw(): void {
    this.erase();
    if (this.current.size === 0) return;
    const stacks = [...this.current].map(
      ([name, { step, since }]) => `${name}: ${step} ${elapsed((this.now() - since) / 1000)}`,
    );
    const width = Math.max(20, (this.output.columns ?? 80) - 1);
    const text = `${this.finished}/${this.total}  ${stacks.join("  ·  ")}`;
    this.output.write(text.length > width ? `${text.slice(0, width - 1)}…` : text);
    this.isDrawn = true;
  }

  private erase(): void {
    if (this.isDrawn) this.output.eraseLine();
    this.isDrawn = false;
  }
}

/** `40 s`, `90 min`, `3 h 5 min` */
function elapsed(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 2) return `${Math.round(seconds)} s`;
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
