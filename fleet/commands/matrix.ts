/** The command `matrix`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { CommandError } from "../output/command-error";
import { JsonDocument } from "../output/foreign-text";
import { matrixJobs } from "../plans/matrix-jobs";
import type { Command } from "./command-line";

/** GitHub's limit for one matrix: https://docs.github.com/en/actions/reference/limits */
const maxJobs = 256;
const defaultSize = 20;

export const matrix: Command = {
  name: "matrix",
  summary: "Prints the selected stacks as jobs of a GitHub Actions matrix.",
  selection: "optional",
  options: {
    size: {
      value: "N",
      description: "Puts at most N stacks in one job.",
      wholeNumber: { min: 1, max: 9999, default: defaultSize },
    },
    "per-environment": {
      description: "Creates one job per environment. Required for deployments, because waves need an order.",
    },
  },
  details: `Stacks of the same account and region share a job if they fit, because Connect's API limits apply per account and region.

${selectionSyntax}`,
  run({ selection, numbers, switches }, print) {
    const size = switches.has("per-environment") ? Infinity : (numbers.get("size") ?? defaultSize);
    const instances = selectFrom(readEnvironments(), selection);
    const include = matrixJobs(instances, size);
    if (include.length > maxJobs) {
      throw new CommandError(
        `${instances.length} stacks at ${size} per job are ${include.length} jobs, but a matrix has at most ${maxJobs}.\n` +
          `  Give --size ${Math.ceil(instances.length / maxJobs) + 1} or more, or a narrower selection.`,
      );
    }
    print(new JsonDocument({ include }, 0));
  },
};
