/** How many stacks Terraform is at work on at once: in all, and for each account and region. */
import { availableParallelism } from "node:os";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";

interface Limits {
  /** At most so many at once. */
  readonly parallel: number;
  /** At most so many at once of each group. */
  readonly perGroup: number;
  /** Asked before each; once true, nothing else starts. */
  readonly isStopping: () => boolean;
}

interface Waiting {
  readonly group: string;
  readonly start: (isStarted: boolean) => void;
}

export class ConcurrencyLimiter {
  private readonly waiting: Waiting[] = [];
  private readonly inGroup = new Map<string, number>();
  private running = 0;

  constructor(private readonly limits: Limits) {}

  /**
   * Does the work when there is a slot, in the order of calls, but not behind one whose group is full.
   *
   * @returns what the work returned; undefined where it was not begun, because everything is stopping
   */
  async use<T>(group: string, work: () => Promise<T>): Promise<T | undefined> {
    const isStarted = await new Promise<boolean>((start) => {
      this.waiting.push({ group, start });
      this.next();
    });
    if (!isStarted) return undefined;
    try {
      return await work();
    } finally {
      this.running--;
      this.inGroup.set(group, (this.inGroup.get(group) ?? 1) - 1);
      this.next();
    }
  }

  private next(): void {
    if (this.limits.isStopping()) for (const { start } of this.waiting.splice(0)) start(false);
    while (this.running < this.limits.parallel) {
      const index = this.waiting.findIndex(({ group }) => (this.inGroup.get(group) ?? 0) < this.limits.perGroup);
      const [found] = index < 0 ? [] : this.waiting.splice(index, 1);
      if (found === undefined) return;
      this.running++;
      this.inGroup.set(found.group, (this.inGroup.get(found.group) ?? 0) + 1);
      found.start(true);
    }
  }
}

/**
 * What all of it came to, in order, once each has ended: whoever cleans up after that takes nothing from one that is at work.
 *
 * @throws the first error of any, then
 */
export async function settled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Connect's limits on calls are counted for each of these. */
export const accountAndRegion = ({ account, region }: Pick<InstanceConfig, "account" | "region">): string =>
  `${account} ${region}`;

/**
 * How many stacks of one account and region Terraform may be at work on at once.
 *
 * Connect answers two calls a second for each of its operations, account and region, in bursts of five. A plan calls each
 * operation once or twice and takes at least three seconds, most of it the start of the provider: four at once stay below
 * the limit. An apply calls more of them, and waits for each: two. What is throttled all the same is repeated, more slowly.
 * https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
 */
export const perAccountAndRegion = { plan: 4, apply: 2 } as const;

/** A plan is a second or two of CPU (the provider's start) and then waiting, so more than one for each core gains little. */
export const defaultParallel = (): number => Math.min(8, Math.max(2, availableParallelism()));

/** The value of `--parallel`. @throws CommandError where it is no whole number from 1 to 32 */
export function parallelFrom(given: string | undefined): number {
  if (given === undefined) return defaultParallel();
  const parallel = Number(given);
  if (/^\d+$/.test(given) && parallel >= 1 && parallel <= 32) return parallel;
  throw new CommandError(
    `--parallel ${given} is not allowed. Give a whole number from 1 to 32; ${defaultParallel()} is the default here.`,
  );
}
