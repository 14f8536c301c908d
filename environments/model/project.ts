/** The fleet that commands work on: the environment files of the project, or of the directory `ENVIRONMENTS_DIR`. */
import path from "node:path";
import { loadEnvironments } from "./load";
import type { LoadResult } from "./load";
import { select } from "./selection";
import type { InstanceConfig } from "./types";

/** @throws EnvironmentErrors with every problem of every file */
export function readEnvironments(): LoadResult {
  return loadEnvironments(path.resolve(process.env["ENVIRONMENTS_DIR"] ?? "environments"));
}

/** @param expression undefined selects all. @throws SelectionError */
export function selectFrom({ instances }: LoadResult, expression: string | undefined): readonly InstanceConfig[] {
  return expression === undefined ? instances : select(instances, expression);
}
