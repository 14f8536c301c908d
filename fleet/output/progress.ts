/** Tells what each stack is at: one line that is redrawn in a terminal, a line for each step elsewhere. */

/** Where it is written, as `process.stderr` is. */
export interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Milliseconds between two drawings, for the seconds that are shown. */
const tick = 1000;

export class Progress {
  private readonly current = new Map<string, { readonly step: string; readonly since: number }>();
  private finished = 0;
  private timer: NodeJS.Timeout | undefined;
  private isDrawn = false;

  /**
   * @param total how many stacks there are
   * @param now milliseconds
   */
  constructor(
    private readonly screen: Screen,
    private readonly total: number,
    private readonly now: () => number = Date.now,
  ) {
    if (this.isLive) {
      this.timer = setInterval(() => {
        this.draw();
      }, tick);
      this.timer.unref();
    }
  }

  /** The stack begins something: "planning". */
  step(stackName: string, step: string): void {
    this.current.set(stackName, { step, since: this.now() });
    if (this.isLive) this.draw();
    else this.screen.write(`${stackName}: ${step}\n`);
  }

  /** The stack is done with: "1 to add". */
  done(stackName: string, outcome: string): void {
    this.current.delete(stackName);
    this.finished++;
    this.line(`[${this.finished}/${this.total}] ${stackName}: ${outcome}`);
  }

  /** A line that stays. */
  line(text: string): void {
    this.erase();
    this.screen.write(`${text}\n`);
    if (this.isLive) this.draw();
  }

  /** Nothing is drawn from here on. */
  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.current.clear();
    this.erase();
  }

  private get isLive(): boolean {
    // CI services offer terminals too, and keep what is written to them.
    return this.screen.isTTY === true && !process.env["CI"];
  }

  private draw(): void {
    this.erase();
    if (this.current.size === 0) return;
    const stacks = [...this.current].map(
      ([name, { step, since }]) => `${name}: ${step} ${Math.round((this.now() - since) / 1000)} s`,
    );
    const width = Math.max(20, (this.screen.columns ?? 80) - 1);
    const text = `${this.finished}/${this.total}  ${stacks.join("  ·  ")}`;
    this.screen.write(text.length > width ? `${text.slice(0, width - 1)}…` : text);
    this.isDrawn = true;
  }

  private erase(): void {
    if (this.isDrawn) this.screen.write("\r\u001b[2K");
    this.isDrawn = false;
  }
}
