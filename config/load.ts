/** Reads a directory of environment files. Returns the configuration of every instance, or throws all problems at once. */
import { readdirSync } from "node:fs";
import { basename, join, resolve as absolute } from "node:path";
import type { z } from "zod";
import { environmentNameLimit, environmentNamePattern } from "./aws-names";
import { validateFile } from "./validate-file";
import type { ValidatedFile } from "./validate-file";
import { requirementOf } from "./declaration";
import { conflicts } from "./cross-checks";
import { withDashboards } from "./dashboards";
import { contradictions, missingKeys } from "./contradictions";
import { candidates } from "./levels";
import type { Candidate } from "./levels";
import { EnvironmentErrors, show } from "./problems";
import type { Problem } from "./problems";
import { settingsOf } from "./provenance";
import { resolve } from "./resolution";
import type { Setting } from "./provenance";
import { defaultsSchema, environmentSchema } from "./schema";
import type { InstanceConfig } from "./types";
import { waveProblems } from "./waves";
import { systemErrorCode, YamlFile } from "./yaml-file";

export { EnvironmentErrors } from "./problems";
export type { Problem } from "./problems";

export interface LoadResult {
  /** Sorted by file name, then in the order of the file. */
  readonly instances: readonly InstanceConfig[];
  /** Every value of an instance with its origin. */
  readonly settingsOf: (instance: InstanceConfig) => readonly Setting[];
}

/**
 * Loads the YAML files of a directory: the optional `defaults.yaml`, and one file per environment. No other file is read, and the same
 * files always give the same result.
 *
 * @param directory path of the directory
 * @throws EnvironmentErrors with every problem of every file
 */
export function loadEnvironments(directory: string): LoadResult {
  const shown = basename(absolute(directory));
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    const code = systemErrorCode(error);
    const [message, fix] =
      code === "ENOENT"
        ? ["The directory of environment files does not exist.", `Run mkdir ${shown}. ${howToBegin(shown)}`]
        : [
            `The directory of environment files cannot be read (${code}).`,
            "Replace it with a directory that you have permission to read.",
          ];
    throw new EnvironmentErrors([{ file: shown, path: "", message, fix }]);
  }
  // Sorted by code unit, so that the order does not depend on the locale.
  const files = names.filter((name) => /\.ya?ml$/i.test(name)).sort();
  const environmentFiles = files.filter((name) => name !== "defaults.yaml");
  const read = <T extends z.ZodType>(name: string, schema: T): ValidatedFile<z.output<T>> =>
    validateFile(new YamlFile(`${shown}/${name}`, join(directory, name)), schema);

  const defaults = files.includes("defaults.yaml") ? read("defaults.yaml", defaultsSchema) : undefined;
  const problems: Problem[] = [...(defaults?.problems ?? [])];
  const fleet: Candidate[] = [];
  for (const name of environmentFiles) {
    const file = read(name, environmentSchema);
    const environment = name.replace(/\.ya?ml$/i, "");
    const members = candidates(environment, file, defaults);
    problems.push(
      ...file.problems,
      ...nameProblems(name, environment, file.yaml),
      ...missingKeys(members),
      ...waveProblems(file),
    );
    if (members.length === 0 && (file.value?.instances !== undefined || !file.mentions(["instances"]))) {
      problems.push(file.yaml.problem(["instances"], "The environment has no instances.", addInstance));
    }
    fleet.push(...members);
  }
  if (environmentFiles.length === 0) {
    problems.push({
      file: shown,
      path: "",
      message: "The directory has no environment file.",
      fix: howToBegin(shown),
    });
  }
  // An unreadable defaults.yaml may contain the values that resolve a contradiction.
  if (defaults === undefined || defaults.value !== undefined) problems.push(...fleet.flatMap(contradictions));
  problems.push(...conflicts(fleet));

  if (problems.length > 0) throw new EnvironmentErrors(problems);
  const complete = fleet.flatMap((candidate) => {
    const instance = resolve(candidate);
    return instance === undefined ? [] : [{ instance, candidate }];
  });
  const instances = withDashboards(complete.map(({ instance }) => instance));
  const resolved = new Map(complete.map(({ candidate }, index) => [instances[index], candidate]));
  return {
    instances,
    settingsOf: (instance) => {
      const candidate = resolved.get(instance);
      return candidate === undefined ? [] : settingsOf(candidate, instance);
    },
  };
}

const addInstance = requirementOf(environmentSchema.shape.instances) ?? "";

const howToBegin = (directory: string): string =>
  `To begin, let fleet write an environment file (npm run --silent fleet -- discover --region us-east-1 > ${directory}/dev.yaml) ` +
  `or copy an example (cp examples/dev.yaml ${directory}/) and replace its values.`;

/** The file name without `.yaml` is the environment's name. The name is part of the stack names and state keys. */
function nameProblems(name: string, environment: string, yaml: YamlFile): Problem[] {
  if (name.endsWith(".yaml") && environmentNamePattern.test(environment)) return [];
  if (environment.length > environmentNameLimit) {
    const tooLong = `The environment name has ${environment.length} characters. At most ${environmentNameLimit} are allowed, because AWS limits the names that contain it.`;
    return [yaml.problem([], tooLong, "Give the file a shorter name.")];
  }
  const message = `${show(name)} is not a name for an environment file.`;
  const fix = "Use lower-case letters, digits and hyphens, start with a letter, and end with .yaml: prod-eu.yaml.";
  return [yaml.problem([], message, fix)];
}
