/** Groups instances into the jobs of a GitHub Actions matrix. */
import type { InstanceConfig } from "../../config/types";
import { accountAndRegion } from "./for-each-stack";

/** One entry of the matrix's `include`. */
export interface MatrixJob {
  readonly name: string;
  readonly environment: string;
  /** The selection of the job's stacks. */
  readonly select: string;
}

/**
 * Each job has instances of one environment. Instances of one account and region share a job if they fit, because Connect's API limits
 * apply per account and region.
 *
 * @param size most stacks in one job
 * @returns jobs in the order of the instances
 */
export function matrixJobs(instances: readonly InstanceConfig[], size: number): readonly MatrixJob[] {
  const environments = groupBy(instances, ({ environment }) => environment);
  return [...environments].flatMap(([environment, members]) => {
    const sorted = [...groupBy(members, accountAndRegion).values()].flat();
    const jobs: InstanceConfig[][] = [];
    for (const [index, instance] of sorted.entries()) {
      if (index % size === 0) jobs.push([]);
      jobs.at(-1)?.push(instance);
    }
    return jobs.map((job, index) => ({
      name: jobs.length === 1 ? environment : `${environment}-${index + 1}`,
      environment,
      select: `stack=${job.map(({ stackName }) => stackName).join(",")}`,
    }));
  });
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}
