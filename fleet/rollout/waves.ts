/** The order of a deployment: wave by wave in each environment, and no wave after one in which something went wrong. */
import type { InstanceConfig } from "../../config/types";
import { settled } from "../plans/concurrency-limiter";

type Placed = Pick<InstanceConfig, "environment" | "wave" | "stackName">;

export interface Wave<T> {
  readonly environment: string;
  readonly name: string;
  readonly members: readonly T[];
}

/** The waves of each environment, in their order; empty ones are left out. */
export function wavesOf<T>(
  members: readonly T[],
  instanceOf: (member: T) => Placed,
): ReadonlyMap<string, readonly Wave<T>[]> {
  const environments = new Map<string, Map<number, Wave<T> & { members: T[] }>>();
  for (const member of members) {
    const { environment, wave } = instanceOf(member);
    const waves = environments.get(environment) ?? new Map<number, Wave<T> & { members: T[] }>();
    environments.set(environment, waves);
    const found = waves.get(wave.index) ?? { environment, name: wave.name, members: [] };
    found.members.push(member);
    waves.set(wave.index, found);
  }
  return new Map(
    [...environments].map(([environment, waves]) => [
      environment,
      [...waves].sort(([one], [other]) => one - other).map(([, wave]) => wave),
    ]),
  );
}

/**
 * Does the work of every member, the environments beside one another. In each, a wave begins when all of the one before have
 * ended well; members of the same wave do not wait for each other.
 *
 * @param work false where it did not end well
 * @returns waves that were not begun
 */
export async function rollOut<T>(
  environments: ReadonlyMap<string, readonly Wave<T>[]>,
  work: (member: T) => Promise<boolean>,
): Promise<readonly Wave<T>[]> {
  const left = await settled(
    [...environments.values()].map(async (waves) => {
      for (const [index, wave] of waves.entries()) {
        const outcomes = await settled(wave.members.map(work));
        if (outcomes.includes(false)) return waves.slice(index + 1);
      }
      return [];
    }),
  );
  return left.flat();
}
