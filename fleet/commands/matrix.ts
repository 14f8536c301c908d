/** `matrix`: the selection cut into jobs, as GitHub Actions takes them (`fromJSON`), for fleets that outgrow one machine. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { accountAndRegion } from "../plans/concurrency-limiter";

/** GitHub's limit of jobs in one matrix. */
const mostJobs = 256;
const defaultSize = 20;

/** One entry of `include`. */
interface Job {
  readonly name: string;
  readonly environment: string;
  /** The selection of its stacks. */
  readonly select: string;
}

export const matrix: Command = {
  name: "matrix",
  summary: "Prints the selected stacks as jobs of a GitHub Actions matrix.",
  selection: "optional",
  options: {
    size: { value: "N", description: `At most so many stacks in a job. Default: ${defaultSize}.` },
    "per-environment": {
      description: "One job for each environment, as deployments need: its waves follow each other.",
    },
  },
  details: `Stacks of one account and region share a job where they fit in: Connect's limits are counted for both.

${selectionSyntax}`,
  run({ selection, values, switches }, print) {
    const size = sizeFrom(values.get("size"));
    const instances = selectFrom(readEnvironments(), selection);
    const include = jobsOf(instances, switches.has("per-environment") ? Infinity : size);
    if (include.length > mostJobs) {
      throw new CommandError(
        `${instances.length} stacks, ${size} to a job, are ${include.length} jobs, and a matrix has ${mostJobs} at most.\n` +
          `  Give --size ${Math.ceil(instances.length / mostJobs) + 1} or more, or a narrower selection.`,
      );
    }
    print(JSON.stringify({ include }));
  },
};

function sizeFrom(given: string | undefined): number {
  if (given === undefined) return defaultSize;
  if (/^[1-9]\d{0,3}$/.test(given)) return Number(given);
  throw new CommandError(`--size ${given} is not allowed. Give a whole number from 1 to 9999.`);
}

/** Jobs of one environment each, in the order of the fleet. */
export function jobsOf(instances: readonly InstanceConfig[], size: number): readonly Job[] {
  const environments = groupBy(instances, ({ environment }) => environment);
  return [...environments].flatMap(([environment, members]) => {
    const together = [...groupBy(members, accountAndRegion).values()].flat();
    const jobs: InstanceConfig[][] = [];
    for (const [index, instance] of together.entries()) {
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
