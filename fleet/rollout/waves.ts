/**
 * The order of a deployment: stage by stage, and wave by wave in each environment. A failure stops the later waves of its environment
 * and all later stages.
 */
import type { InstanceConfig } from "../../config/types";
import { waitForAll } from "../plans/concurrency-limiter";

type WaveAssignment = Pick<InstanceConfig, "environment" | "stage" | "wave">;

export interface Wave<T> {
  readonly environment: string;
  readonly stage: number;
  readonly name: string;
  readonly members: readonly T[];
}

/** The waves of each environment in the order of deployment, without empty waves. */
export function wavesOf<T>(
  members: readonly T[],
  assignmentOf: (member: T) => WaveAssignment,
): ReadonlyMap<string, readonly Wave<T>[]> {
  const environments = new Map<string, Map<number, Wave<T> & { members: T[] }>>();
  for (const member of members) {
    const { environment, stage, wave } = assignmentOf(member);
    const waves = environments.get(environment) ?? new Map<number, Wave<T> & { members: T[] }>();
    environments.set(environment, waves);
    const current = waves.get(wave.index) ?? { environment, stage, name: wave.name, members: [] };
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

/** The stages of the environments, in order. */
export const stagesOf = (waves: Iterable<readonly Wave<unknown>[]>): readonly number[] =>
  [...new Set([...waves].flatMap((environment) => environment.map(({ stage }) => stage)))].sort((a, b) => a - b);

/**
 * Runs the work of every member. A stage starts after all members of the earlier stages succeeded. The environments of a stage run in
 * parallel. In each environment, a wave starts after all members of the previous wave succeeded. The members of a wave run in parallel.
 *
 * @param work returns false if the member failed
 * @returns the waves that did not start
 */
export async function rollOut<T>(
  environments: ReadonlyMap<string, readonly Wave<T>[]>,
  work: (member: T) => Promise<boolean>,
): Promise<readonly Wave<T>[]> {
  const waves = [...environments.values()];
  for (const stage of stagesOf(waves)) {
    const current = waves.filter((environment) => environment[0]?.stage === stage);
    const results = await waitForAll(current.map((environment) => rollOutEnvironment(environment, work)));
    if (results.some(({ isSuccessful }) => !isSuccessful)) {
      const later = waves.filter((environment) => (environment[0]?.stage ?? 0) > stage);
      return [...results.flatMap(({ notStarted }) => notStarted), ...later.flat()];
    }
  }
  return [];
}

async function rollOutEnvironment<T>(
  waves: readonly Wave<T>[],
  work: (member: T) => Promise<boolean>,
): Promise<{ readonly isSuccessful: boolean; readonly notStarted: readonly Wave<T>[] }> {
  for (const [index, wave] of waves.entries()) {
    const successes = await waitForAll(wave.members.map(work));
    if (successes.includes(false)) return { isSuccessful: false, notStarted: waves.slice(index + 1) };
  }
  return { isSuccessful: true, notStarted: [] };
}
