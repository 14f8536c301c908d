/** Shows the progress of a scan: on one line in a terminal, otherwise on a new line every few seconds. */
import type { Clock } from "./clock";
import type { RunningScan } from "./attribute-scan";
import type { ProgressOutput } from "../../output/progress";
import { dollars, duration, prices, thousands } from "./prices";

/** Minimum time between two outputs. */
const intervalMs = { terminal: 200, lines: 10_000 } as const;

export class ProgressLine {
  private shownAt = -Infinity;
  private readonly startedAt: number;

  /**
   * @param title the name of the instance
   * @param expected number of items that will be read; 0 if unknown
   * @param before items and units of earlier runs of this scan
   */
  constructor(
    private readonly title: string,
    private readonly expected: number,
    private readonly stream: ProgressOutput,
    private readonly clock: Pick<Clock, "now">,
    private readonly before: { readonly items: number; readonly units: number },
  ) {
    this.startedAt = clock.now();
  }

  show(scan: RunningScan): void {
    const now = this.clock.now();
    if (now - this.shownAt < (this.stream.isTTY === true ? intervalMs.terminal : intervalMs.lines)) return;
    this.shownAt = now;
    const text = this.text(scan, (now - this.startedAt) / 1000);
    if (this.stream.isTTY !== true) this.stream.write(`${text}\n`);
    // A carriage return cannot overwrite a line that is longer than the terminal.
    else {
      this.stream.eraseLine();
      this.stream.write(text.slice(0, (this.stream.columns ?? 80) - 1));
    }
  }

  /** Removes the line before other output. */
  clear(): void {
    if (this.stream.isTTY === true && this.shownAt !== -Infinity) this.stream.eraseLine();
  }

  private text({ stats, units }: RunningScan, seconds: number): string {
    const done = this.expected > 0 ? Math.min(1, stats.items / this.expected) : undefined;
    const of = done === undefined ? "" : ` of about ${thousands(this.expected)}`;
    const parts = [`${this.title}: ${thousands(stats.items)}${of} items`];
    if (done !== undefined) parts.push(`${Math.floor(done * 100)} %`);
    const read = units - this.before.units;
    parts.push(`${(read / Math.max(seconds, 1)).toFixed(1)} read units/s`);
    parts.push(`${thousands(units)} units, ${dollars(units * prices.readUnit)}`);
    const items = stats.items - this.before.items;
    if (done !== undefined && items > 0 && done < 1) {
      parts.push(`${duration(((this.expected - stats.items) / items) * seconds)} left`);
    }
    if (stats.violating > 0) parts.push(`${thousands(stats.violating)} violate the index`);
    return parts.join(", ");
  }
}
