/** The levels at which an instance gets its values (defaults.yaml, environment, instance), merged, with the place of each value. */
import { derivedDefault } from "./declaration";
import type { Path, Problem } from "./problems";
import { instanceSchema } from "./schema";
import type { EnvironmentSettings, InstanceSettings, Settings } from "./schema";
import type { ValidatedFile } from "./validate-file";
import { stackName } from "./aws-names";

/** A file, and the place of the level's keys in it. */
interface Level {
  readonly file: ValidatedFile<Settings>;
  readonly at: Path;
}

/** An instance that has not been checked yet. */
export interface Candidate {
  readonly environment: string;
  /** All levels merged, without defaults. */
  readonly settings: InstanceSettings;
  /** Waves of the environment in order; undefined if it has none. */
  readonly waves: readonly string[] | undefined;
  /** Stage of the environment; undefined if the file has none. */
  readonly stage: number | undefined;
  /** The innermost level first: instance, environment, defaults.yaml. */
  readonly levels: readonly Level[];
}

/** The instances of one environment file, in the order of the file. */
export function candidates(
  environment: string,
  file: ValidatedFile<EnvironmentSettings>,
  defaults: ValidatedFile<Settings> | undefined,
): Candidate[] {
  const { instances = [], waves, stage, ...shared } = file.value ?? {};
  const outer = merge(defaults?.value ?? {}, shared);
  return instances.map((own, index) => ({
    environment,
    settings: merge(outer, own),
    waves,
    stage,
    levels: [
      { file, at: ["instances", index] },
      { file, at: [] },
      ...(defaults === undefined ? [] : [{ file: defaults, at: [] }]),
    ],
  }));
}

/** Values and lists of the inner level replace those of the outer level. Maps are merged key by key. */
function merge(outer: Settings, inner: InstanceSettings): InstanceSettings {
  const merged: Record<string, unknown> = { ...outer };
  for (const [key, value] of Object.entries(inner)) {
    const isMap = typeof value === "object" && !Array.isArray(value);
    merged[key] = isMap ? { ...(merged[key] as object | undefined), ...value } : value;
  }
  return merged;
}

/** The innermost level that has a value at `path`, valid or not. */
export function levelWith({ levels }: Candidate, path: Path): Level | undefined {
  return levels.find(({ file, at }) => file.mentions([...at, ...path]));
}

/** A problem with several values that contradict each other. The place of the problem is the value at the innermost level. */
export function problemAt(candidate: Candidate, paths: readonly Path[], message: string, fix: string): Problem[] {
  for (const { file, at } of candidate.levels) {
    const path = paths.find((key) => file.mentions([...at, ...key]));
    if (path !== undefined) return [file.yaml.problem([...at, ...path], message, fix)];
  }
  return [];
}

/** Names of the instance's resources in AWS. A name is undefined while a value that it needs is unknown. */
export function namesOf({ environment, settings }: Candidate) {
  const { name, region } = settings;
  const derived = (...path: readonly string[]): string | undefined => {
    const { from, value } = derivedDefault(instanceSchema.shape, path) ?? {};
    if (from?.every((key) => settings[key] !== undefined) !== true) return undefined;
    // `value` reads only the keys in `from`.
    return value?.(settings as { readonly name: string; readonly region: NonNullable<Settings["region"]> });
  };
  return {
    stack: name === undefined || region === undefined ? undefined : stackName(environment, name, region),
    table: settings.tableName ?? derived("tableName"),
    function: settings.function?.name ?? derived("function", "name"),
    role: settings.function?.roleName ?? derived("function", "roleName"),
    canary: settings.alarms?.canaryName ?? derived("alarms", "canaryName"),
    canaryRole: settings.alarms?.canaryRoleName ?? derived("alarms", "canaryRoleName"),
  };
}

/** Whether the instance has a canary. */
export function hasCanary({ settings }: Candidate): boolean {
  return settings.alarms?.canaryMinutes !== false;
}
