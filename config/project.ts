/** The instances that commands work on: from the project's `environments` directory, or from `ENVIRONMENTS_DIR`. */
import { readdirSync } from "node:fs";
import path from "node:path";
import { loadEnvironments } from "./load";
import type { LoadResult } from "./load";
import { parseSelection, select, SelectionError } from "./selection";
import type { InstanceConfig } from "./types";

/** Absolute path of the directory of environment files. */
export function environmentsDirectory(): string {
  return path.resolve(process.env["ENVIRONMENTS_DIR"] ?? "environments");
}

/** Whether a directory exists and has a YAML file. */
export function hasEnvironmentFiles(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => /\.ya?ml$/i.test(name));
  } catch {
    return false;
  }
}

/** @throws EnvironmentErrors with every problem of every file */
export function readEnvironments(): LoadResult {
  return loadEnvironments(environmentsDirectory());
}

/**
 * The instances that a command works on. Suspended instances are included only if the expression has a `status` term. Otherwise a name
 * or a glob could roll out a suspended instance by accident.
 *
 * @param expression undefined selects all instances that are not suspended
 * @throws SelectionError
 */
export function selectFrom({ instances }: LoadResult, expression: string | undefined): readonly InstanceConfig[] {
  if (expression === undefined) return active(instances);
  const selected = select(instances, expression);
  if (parseSelection(expression).some(({ field }) => field === "status")) return selected;
  if (active(selected).length === 0) {
    const stacks = selected.map(({ stackName }) => stackName).join(", ");
    throw new SelectionError(
      `The selection ${JSON.stringify(expression)} matches only suspended instances: ${stacks}.\n` +
        "  To include them, add status=suspended. To activate them, remove suspended from their environment file.",
    );
  }
  return active(selected);
}

function active(instances: readonly InstanceConfig[]): readonly InstanceConfig[] {
  return instances.filter(({ suspended }) => !suspended);
}
