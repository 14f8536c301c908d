/** Runs work for stacks with limited concurrency, and reports its progress. */
import { availableParallelism } from "node:os";
import type { InstanceConfig } from "../../config/types";
import { Progress } from "../output/progress";
import { progressOutput } from "../output/terminal";
import { ConcurrencyLimiter, waitForAll } from "./concurrency-limiter";

/**
 * How many stacks of one account and region may run at the same time.
 *
 * Connect allows two calls per second for each of its operations, account and region, in bursts of five. A plan calls each operation
 * once or twice and takes at least three seconds, mostly to start the provider, so four plans stay below the limit. An apply calls each
 * operation more often, so only two applies stay below the limit. A verification calls them within a second, so only one stays below it.
 * Throttled calls are retried at a lower rate. DynamoDB builds at most five indexes of an account and region at the same time.
 * https://docs.aws.amazon.com/connect/latest/adminguide/amazon-connect-service-limits.html
 */
const perAccountAndRegion = { plan: 4, apply: 2, verify: 1, "build an index": 5 } as const;

/** Connect's API limits apply to each of these groups. */
export const accountAndRegion = ({ account, region }: Pick<InstanceConfig, "account" | "region">): string =>
  `${account} ${region}`;

/** A plan needs one or two seconds of CPU to start the provider, then it waits for AWS. More than one plan per core saves little time. */
export const defaultParallel = (): number => Math.min(8, Math.max(2, availableParallelism()));

export interface StackRunnerOptions {
  /** Maximum number of stacks at the same time. */
  readonly parallel: number;
  /** The kind of work. It determines the limit for each account and region. */
  readonly kind: keyof typeof perAccountAndRegion;
  /** After a shutdown has begun, no other stack starts. */
  readonly shutdown: { readonly isStopping: boolean };
}

/** Work for one stack. */
export interface StackWork<T> {
  /** @param step reports a step of the work on the progress line, such as "planning", and the time in milliseconds when the step started */
  readonly work: (step: (text: string, since?: number) => void) => Promise<T>;
  /** The result for the progress line, such as "1 to add". */
  readonly describe: (result: T) => string;
}

export class StackRunner {
  private readonly limiter: ConcurrencyLimiter;
  private readonly progress: Progress;
  private readonly shutdown: StackRunnerOptions["shutdown"];

  /** @param total number of stacks, for the progress line */
  constructor(total: number, { parallel, kind, shutdown }: StackRunnerOptions) {
    this.limiter = new ConcurrencyLimiter({ parallel, perGroup: perAccountAndRegion[kind] });
    this.progress = new Progress(progressOutput, total);
    this.shutdown = shutdown;
  }

  /** @returns undefined if the work was not started, because the program is stopping */
  async run<T>(
    instance: Pick<InstanceConfig, "stackName" | "account" | "region">,
    { work, describe }: StackWork<T>,
  ): Promise<T | undefined> {
    const step = (text: string, since?: number): void => {
      this.progress.step(instance.stackName, text, since);
    };
    const result = await this.limiter.run(accountAndRegion(instance), async () =>
      this.shutdown.isStopping ? undefined : { value: await work(step) },
    );
    this.progress.done(instance.stackName, result === undefined ? "not started: stopping" : describe(result.value));
    return result?.value;
  }

  /** Prints a line above the progress line. */
  line(text: string): void {
    this.progress.line(text);
  }

  /** Removes the progress line. */
  end(): void {
    this.progress.end();
  }
}

/**
 * Runs the same work for each instance and waits for all of them, even if one fails.
 *
 * @returns the results in the order of the instances; undefined for an instance that was not started
 */
export async function forEachStack<T>(
  instances: readonly InstanceConfig[],
  options: StackRunnerOptions,
  workOf: (instance: InstanceConfig) => StackWork<T>,
): Promise<readonly { readonly instance: InstanceConfig; readonly result: T | undefined }[]> {
  const runner = new StackRunner(instances.length, options);
  try {
    return await waitForAll(
      instances.map(async (instance) => ({ instance, result: await runner.run(instance, workOf(instance)) })),
    );
  } finally {
    runner.end();
  }
}
