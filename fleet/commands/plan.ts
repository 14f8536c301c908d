/** The command `plan`. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { withPlansDirectory } from "../plans/plans-directory";
import { writeReviewFile } from "../plans/review-file";
import { verdictOf } from "../review/review";
import { summary } from "../review/summary";
import { writeReview } from "../review/write";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";
import { supportWarnings } from "./end-of-support";
import { lockTimeout, lockTimeoutFrom, parallel, parallelFrom, plans, plansFrom, reviewFiles } from "./options";

export const plan: Command = {
  name: "plan",
  summary: "Plans the selected instances, checks each plan with the guard, saves the plans and prints one review.",
  selection: "optional",
  options: {
    "changed-since": {
      value: "REF",
      description: "Plans only stacks whose synthesized output differs from the output at this commit.",
    },
    plans,
    "read-only": {
      description: "Plans with planRole and takes no locks. Such plans are only for reviews: deploy refuses them.",
    },
    ...reviewFiles,
    parallel,
    "lock-timeout": lockTimeout,
  },
  formerOptions: { out: "plans" },
  details: `The guard is a set of rules. It refuses a plan with a change that the environment file does not ask for, for example any change to
the contact table except the index.

Each saved plan records its inputs, and deploy refuses the plan if an input changed. The file review.json in the plans directory contains
a digest of the changes in each plan. deploy --reviewed plans again and applies a new plan only if its digest is in review.json.

Saved plans contain plaintext values, so do not publish the plans directory. You can publish review.json and the reviews in Markdown
and HTML.

Exit codes: 0 no changes, 2 changes that the guard allows, 3 refused, 1 an error, 130 stopped by Ctrl-C, 143 by SIGTERM.

${selectionSyntax}`,
  async run(given, print) {
    const { selection, values, switches } = given;
    const { reviewHtml } = await import("../review/html");
    const { reviewMarkdown } = await import("../review/markdown");
    const { planChanges } = await import("../rollout/plan-changes");
    const environments = readEnvironments();
    const instances = selectFrom(environments, selection);
    const directory = plansFrom(given);
    const shutdown = new GracefulShutdown(switches.has("read-only") ? "only reads" : "locks the state");
    const { results, leftDeployed } = await shutdown.during(() =>
      withPlansDirectory(directory, "plan", async () => {
        const change = await planChanges({
          instances,
          allInstances: environments.instances,
          plans: directory,
          changedSince: values.get("changed-since"),
          readOnly: switches.has("read-only"),
          parallel: parallelFrom(given),
          lockTimeout: lockTimeoutFrom(given),
          shutdown,
        });
        writeReviewFile(path.join(directory, "review.json"), change.results);
        return change;
      }),
    );
    const warnings = supportWarnings(instances);
    writeReview(values.get("review-md"), () => reviewMarkdown(results, leftDeployed, warnings));
    writeReview(values.get("review-html"), () => reviewHtml(results, leftDeployed, warnings));
    print(summary(results, leftDeployed, warnings));
    return shutdown.isStopping ? shutdown.exitCode : verdictOf(results).exitCode;
  },
};
