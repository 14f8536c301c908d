/** The command `matrix`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { JsonDocument } from "../output/foreign-text";
import { matrixJobs } from "../plans/matrix-jobs";
import type { Command } from "./command-line";

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
      description:
        "Creates one job for each environment. Required for deployments: only one job can deploy the waves in order.",
    },
  },
  details: `Stacks of the same account and region are in the same job if the size of the job allows this. The reason: Connect's API limits apply to
each account and region.

${selectionSyntax}`,
  run({ selection, numbers, switches }, print) {
    const size = switches.has("per-environment") ? Infinity : (numbers.get("size") ?? defaultSize);
    const instances = selectFrom(readEnvironments(), selection);
    print(new JsonDocument({ include: matrixJobs(instances, size) }, 0));
  },
};
