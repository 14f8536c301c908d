/** Groups instances into the jobs of a GitHub Actions matrix. */
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { accountAndRegion } from "./for-each-stack";

/** GitHub's limit for one matrix: https://docs.github.com/en/actions/reference/limits */
const maxJobs = 256;

/** One entry of the matrix's `include`. */
export interface MatrixJob {
  readonly name: string;
  readonly environment: string;
  /** Stage of the environment. A stage starts after the earlier stages succeeded. */
  readonly stage: number;
  /** The selection of the job's stacks. */
  readonly select: string;
}

/**
 * Each job has instances of one environment. Instances of one account and region share a job if they fit, because Connect's API limits
 * apply per account and region.
 *
 * @param size maximum number of stacks in one job
 * @returns jobs in the order of the instances
 * @throws CommandError if there are more jobs than a matrix may have
 */
export function matrixJobs(instances: readonly InstanceConfig[], size: number): readonly MatrixJob[] {
  const environments = groupBy(instances, ({ environment }) => environment);
  const matrix = [...environments].flatMap(([environment, members]) => {
    const sorted = [...groupBy(members, accountAndRegion).values()].flat();
    const jobs: InstanceConfig[][] = [];
    for (const [index, instance] of sorted.entries()) {
      if (index % size === 0) jobs.push([]);
      jobs.at(-1)?.push(instance);
    }
    return jobs.map((job, index) => ({
      name: jobs.length === 1 ? environment : `${environment}-${index + 1}`,
      environment,
      stage: members[0]?.stage ?? 1,
      select: `stack=${job.map(({ stackName }) => stackName).join(",")}`,
    }));
  });
  if (matrix.length > maxJobs) {
    throw new CommandError(
      `${instances.length} stacks at ${size} per job are ${matrix.length} jobs, but a matrix has at most ${maxJobs}.\n` +
        `  Use --size ${Math.ceil(instances.length / maxJobs) + 1} or more, or a narrower selection.`,
    );
  }
  return matrix;
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value]);
  return groups;
}
