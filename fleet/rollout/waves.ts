/** The order of a deployment: wave by wave in each environment. A failure stops the later waves of its environment. */
import type { InstanceConfig } from "../../config/types";
import { waitForAll } from "../plans/concurrency-limiter";

type WaveAssignment = Pick<InstanceConfig, "environment" | "wave">;

export interface Wave<T> {
  readonly environment: string;
  readonly name: string;
  readonly members: readonly T[];
}

/** The waves of each environment, in their order, without empty waves. */
export function wavesOf<T>(
  members: readonly T[],
  assignmentOf: (member: T) => WaveAssignment,
): ReadonlyMap<string, readonly Wave<T>[]> {
  const environments = new Map<string, Map<number, Wave<T> & { members: T[] }>>();
  for (const member of members) {
    const { environment, wave } = assignmentOf(member);
    const waves = environments.get(environment) ?? new Map<number, Wave<T> & { members: T[] }>();
    environments.set(environment, waves);
    const current = waves.get(wave.index) ?? { environment, name: wave.name, members: [] };
    current.members.push(member);
    waves.set(wave.index, current);
  }
  return new Map(
    [...environments].map(([environment, waves]) => [
      environment,
      [...waves].sort(([a], [b]) => a - b).map(([, wave]) => wave),
    ]),
  );
}

/**
 * Runs the work of every member. Environments run in parallel. In each environment, a wave starts after all members of the previous
 * wave succeeded. The members of a wave run in parallel.
 *
 * @param work returns false if the member failed
 * @returns the waves that did not start
 */
export async function rollOut<T>(
  environments: ReadonlyMap<string, readonly Wave<T>[]>,
  work: (member: T) => Promise<boolean>,
): Promise<readonly Wave<T>[]> {
  const notStarted = await waitForAll(
    [...environments.values()].map(async (waves) => {
      for (const [index, wave] of waves.entries()) {
        const successes = await waitForAll(wave.members.map(work));
        if (successes.includes(false)) return waves.slice(index + 1);
      }
      return [];
    }),
  );
  return notStarted.flat();
}
