/** Waves: the order in which the instances of an environment are rolled out. */
import type { ValidatedFile } from "./validate-file";
import { didYouMean } from "./did-you-mean";
import { show } from "./problems";
import type { Problem } from "./problems";
import type { EnvironmentSettings } from "./schema";
import type { InstanceConfig } from "./types";

/** The one wave of an environment that names none. */
const onlyWave = "all";

/**
 * @param waves names in order, at least one; undefined where the environment names none
 * @param given the instance's own; undefined puts it into the last wave, where a mistake has been seen elsewhere before
 */
export function waveOf(waves: readonly string[] = [onlyWave], given: string | undefined): InstanceConfig["wave"] {
  const name = given ?? waves.at(-1) ?? onlyWave;
  return { name, index: waves.indexOf(name) };
}

/**
 * Instances in a wave that there is not, and waves without an instance. A suspended instance keeps its wave from being empty, so
 * that to suspend one, or to resume it, is one line.
 */
export function waveProblems(file: ValidatedFile<EnvironmentSettings>): Problem[] {
  const { waves, instances = [] } = file.value ?? {};
  // Nobody knows the names in a list that was refused, nor what is in a wave when no instance can be read.
  if ((waves === undefined && file.mentions(["waves"])) || instances.length === 0) return [];

  const strangers = instances.flatMap(({ wave }, index) => {
    if (wave === undefined || waves?.includes(wave) === true) return [];
    const message = `${show(wave)} is not a wave of this environment.`;
    return [file.yaml.problem(["instances", index, "wave"], message, unknownWaveFix(wave, waves))];
  });
  const isRefused = instances.some(
    ({ wave }, index) => wave === undefined && file.mentions(["instances", index, "wave"]),
  );
  // A name that is misspelt may have been meant for the wave that seems empty.
  if (strangers.length > 0 || isRefused || waves === undefined) return strangers;

  const filled = new Set(instances.map(({ wave }) => waveOf(waves, wave).name));
  return [...waves.entries()]
    .filter(([, name]) => !filled.has(name))
    .map(([index, name]) => {
      const message = `No instance is in the wave ${show(name)}.`;
      return file.yaml.problem(["waves", index], message, `Give one of them wave: ${name}, or remove it from waves.`);
    });
}

function unknownWaveFix(given: string, waves: readonly string[] | undefined): string {
  if (waves === undefined) return "Name the waves in order beside instances, for example waves: [canary, rest].";
  const near = didYouMean(given, waves);
  return near === undefined ? `Its waves are: ${waves.join(", ")}.` : `Did you mean "${near}"?`;
}
