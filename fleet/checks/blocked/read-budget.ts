/** Keeps the average consumption of reads below a number of read units per second. */
import { setTimeout as pause } from "node:timers/promises";

/** DynamoDB reads about this many index entries of 200 bytes for one read unit. A unit is 8 KB, because the query is eventually consistent. */
const entriesPerUnit = 40;

export interface RateOptions {
  /** Read units that all requests together consume per second, on average. */
  readonly unitsPerSecond: number;
  /** Stops the wait between two requests. */
  readonly signal: AbortSignal;
}

/** The requests of one table. */
export class ReadBudget {
  private readonly start = performance.now();
  private spent = 0;

  constructor(private readonly options: RateOptions) {}

  /** Entries of one request, so that one request consumes at most the units of about one second. */
  get pageSize(): number {
    return Math.min(1000, entriesPerUnit * this.options.unitsPerSecond);
  }

  /** Waits until the units are within the rate. */
  async spend(units: number): Promise<void> {
    this.spent += units;
    const { unitsPerSecond, signal } = this.options;
    const ahead = this.start + (this.spent / unitsPerSecond) * 1000 - performance.now();
    await pause(Math.max(0, ahead), undefined, { signal });
  }
}
