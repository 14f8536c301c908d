/** Waves: the order in which the instances of an environment are rolled out. */
import type { ValidatedFile } from "./validate-file";
import { didYouMean } from "./did-you-mean";
import { show } from "./problems";
import type { Problem } from "./problems";
import type { EnvironmentSettings } from "./schema";
import type { InstanceConfig } from "./types";

/** The only wave of an environment without waves. */
const onlyWave = "all";

/**
 * @param waves names in order, at least one; undefined if the environment has no waves
 * @param given the instance's own wave; undefined means the last wave, which receives a change after all others
 */
export function waveOf(waves: readonly string[] = [onlyWave], given: string | undefined): InstanceConfig["wave"] {
  const name = given ?? waves.at(-1) ?? onlyWave;
  return { name, index: waves.indexOf(name) };
}

/**
 * Instances in an unknown wave, and waves without an instance. A suspended instance counts for its wave, so that suspending an instance
 * and resuming it changes only one line.
 */
export function waveProblems(file: ValidatedFile<EnvironmentSettings>): Problem[] {
  const { waves, instances = [] } = file.value ?? {};
  // If the list of waves was refused, its names are not known. If an instance cannot be read, its wave is not known.
  if ((waves === undefined && file.mentions(["waves"])) || instances.length === 0) return [];

  const unknown = instances.flatMap(({ wave }, index) => {
    if (wave === undefined || waves?.includes(wave) === true) return [];
    const message = `${show(wave)} is not a wave of this environment.`;
    return [file.yaml.problem(["instances", index, "wave"], message, unknownWaveFix(wave, waves))];
  });
  const isRefused = instances.some(
    ({ wave }, index) => wave === undefined && file.mentions(["instances", index, "wave"]),
  );
  // A misspelled name may be the name of the wave that seems to be empty.
  if (unknown.length > 0 || isRefused || waves === undefined) return unknown;

  const filled = new Set(instances.map(({ wave }) => waveOf(waves, wave).name));
  return [...waves.entries()]
    .filter(([, name]) => !filled.has(name))
    .map(([index, name]) => {
      const message = `The wave ${show(name)} has no instance.`;
      return file.yaml.problem(
        ["waves", index],
        message,
        `Add wave: ${name} to an instance, or remove the wave from waves.`,
      );
    });
}

function unknownWaveFix(given: string, waves: readonly string[] | undefined): string {
  if (waves === undefined) return "Add the waves of the environment in order, for example waves: [canary, rest].";
  const near = didYouMean(given, waves);
  return near === undefined ? `Allowed: ${waves.join(", ")}.` : `Did you mean "${near}"?`;
}
