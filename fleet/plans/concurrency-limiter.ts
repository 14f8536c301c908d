/** Limits concurrent work: in total, and for each group. */

interface Limits {
  /** Maximum in total. */
  readonly parallel: number;
  /** Maximum for each group. */
  readonly perGroup: number;
}

interface Waiting {
  readonly group: string;
  readonly start: () => void;
}

export class ConcurrencyLimiter {
  private readonly waiting: Waiting[] = [];
  private readonly runningByGroup = new Map<string, number>();
  private running = 0;

  constructor(private readonly limits: Limits) {}

  /** Runs the work when a slot is free, in the order of the calls. Work whose group is full does not delay other groups. */
  async run<T>(group: string, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      this.waiting.push({ group, start });
      this.startNext();
    });
    try {
      return await work();
    } finally {
      this.running--;
      this.runningByGroup.set(group, this.runningIn(group) - 1);
      this.startNext();
    }
  }

  private startNext(): void {
    while (this.running < this.limits.parallel) {
      const index = this.waiting.findIndex(({ group }) => this.runningIn(group) < this.limits.perGroup);
      const [next] = index < 0 ? [] : this.waiting.splice(index, 1);
      if (next === undefined) return;
      this.running++;
      this.runningByGroup.set(next.group, this.runningIn(next.group) + 1);
      next.start();
    }
  }

  private runningIn(group: string): number {
    return this.runningByGroup.get(group) ?? 0;
  }
}

/**
 * Waits until all promises have settled, even after a failure, so that cleanup does not disturb running work.
 *
 * @returns the results, in order
 * @throws the first error
 */
export async function waitForAll<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
