/** The environment files that commands work on: those of the project, or of the directory `ENVIRONMENTS_DIR`. */
import path from "node:path";
import { loadEnvironments } from "../environments/model/load";
import type { LoadResult } from "../environments/model/load";
import { select } from "../environments/model/selection";
import type { InstanceConfig } from "../environments/model/types";

/** @throws EnvironmentErrors with every problem of every file */
export function readEnvironments(): LoadResult {
  return loadEnvironments(path.resolve(process.env["ENVIRONMENTS_DIR"] ?? "environments"));
}

/** @param expression undefined selects all. @throws SelectionError */
export function selectFrom({ instances }: LoadResult, expression: string | undefined): readonly InstanceConfig[] {
  return expression === undefined ? instances : select(instances, expression);
}
