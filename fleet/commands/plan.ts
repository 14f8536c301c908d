/** The command `plan`. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { withPlansDirectory } from "../plans/plans-directory";
import { writeReviewFile } from "../plans/review-file";
import { verdictOf } from "../review/review";
import { summary } from "../review/summary";
import { writeReview } from "../review/write";
import { interruptedExitCode, GracefulShutdown } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";
import { parallel, parallelFrom, plans, plansFrom, reviewFiles } from "./options";

export const plan: Command = {
  name: "plan",
  summary: "Plans the selected instances, applies the guard to each plan, saves the plans and prints one review.",
  selection: "optional",
  options: {
    "changed-since": {
      value: "REF",
      description: "Plans only stacks whose synthesized output differs from this commit.",
    },
    plans,
    "read-only": {
      description: "Plans with planRole and without locks, for reviews only: deploy refuses such plans.",
    },
    ...reviewFiles,
    parallel,
  },
  formerOptions: { out: "plans" },
  details: `Each plan records its inputs; deploy rejects a stale plan. The file review.json in the plans directory contains a digest of the
changes of each plan. deploy --reviewed plans again, and applies only plans with the same digest.
The plans directory contains plaintext values. Do not publish it. The reviews and review.json may be published.

Exit codes: 0 no changes, 2 changes that the guard allows, 3 refused, 1 an error, 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run(given, print) {
    const { selection, values, switches } = given;
    const { reviewHtml } = await import("../review/html");
    const { reviewMarkdown } = await import("../review/markdown");
    const { planChanges } = await import("../rollout/plan-changes");
    const environments = readEnvironments();
    const directory = plansFrom(given);
    const shutdown = new GracefulShutdown("The next command that uses the stack shows the lock and how to release it.");
    const planned = await withPlansDirectory(directory, "plan", async () => {
      const results = await planChanges({
        instances: selectFrom(environments, selection),
        allInstances: environments.instances,
        plans: directory,
        changedSince: values.get("changed-since"),
        readOnly: switches.has("read-only"),
        parallel: parallelFrom(given),
        shutdown,
      });
      writeReviewFile(path.join(directory, "review.json"), results);
      return results;
    });
    writeReview(values.get("review-md"), () => reviewMarkdown(planned));
    writeReview(values.get("review-html"), () => reviewHtml(planned));
    print(summary(planned));
    return shutdown.isStopping ? interruptedExitCode : verdictOf(planned).exitCode;
  },
};
