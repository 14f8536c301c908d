/** Reads the instances that environment files already contain, so that `discover` does not print them again. */
import { EnvironmentErrors } from "../../../config/problems";
import { readEnvironments } from "../../../config/project";
import type { InstanceConfig } from "../../../config/types";

/** The instances of the environment files; none if there are no files, or if the files have errors. */
export function knownInstances(): { readonly known: readonly InstanceConfig[]; readonly notes: readonly string[] } {
  try {
    return { known: readEnvironments().instances, notes: [] };
  } catch (error) {
    if (!(error instanceof EnvironmentErrors)) throw error;
    // A problem with the directory itself names no file.
    const hasFiles = error.problems.some(({ file }) => file.includes("/"));
    const note =
      "The environment files have errors (npm run fleet -- list), so this output may repeat instances that they already have.";
    return { known: [], notes: hasFiles ? [note] : [] };
  }
}
