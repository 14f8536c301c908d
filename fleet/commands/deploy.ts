/** The command `deploy`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { withPlansDirectory } from "../plans/plans-directory";
import type { PlanRejection } from "../plans/saved-plan";
import { interruptedExitCode, GracefulShutdown } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";
import { parallel, parallelFrom, plans, plansFrom } from "./options";

export const deploy: Command = {
  name: "deploy",
  summary: "Applies the saved plans wave by wave, and verifies each instance before the next wave starts.",
  selection: "optional",
  options: {
    plans,
    reviewed: {
      value: "FILE",
      description: "Plans again, and applies only plans with the changes that this review.json records.",
    },
    resume: {
      description: "Continues a deployment that failed, was stopped or was killed.",
      excludes: "reviewed",
    },
    parallel,
  },
  details: `deploy checks every plan before it applies the first one. It refuses a plan that was changed, that was made with --read-only,
that the guard refuses, or whose stack, state or lock file changed since the plan. If it refuses one plan, it applies none.
If an instance fails while it is applied or verified, the rest of its wave continues, and later waves of its environment and
later stages do not start. Suspended instances are skipped.

After Ctrl-C, Terraform finishes its current operations, writes its state and releases its lock. To continue after Ctrl-C, a failure
or a kill, use --resume. Finished stacks are not deployed again, and an interrupted stack is planned again. The new plan is applied
only if every change in the new plan was reviewed. --resume uses plans that were already compared with their review, so it does not take --reviewed.

Exit codes: 0 everything is deployed and verified, 1 an error, 3 refused, 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run(given, print) {
    const { selection, values, switches } = given;
    const { applyWaves } = await import("../rollout/apply-waves");
    const { replannedDeployments } = await import("../rollout/replan");
    const { savedDeployments } = await import("../rollout/saved-deployments");
    const instances = selectFrom(readEnvironments(), selection);
    const reviewed = values.get("reviewed");
    const shutdown = new GracefulShutdown("deploy --resume shows how to continue.");
    const directory = plansFrom(given);
    return shutdown.during(() =>
      withPlansDirectory(directory, "deploy", async () => {
        const request = { instances, plans: directory, parallel: parallelFrom(given), shutdown, print };
        const deployments =
          reviewed === undefined
            ? await savedDeployments(request, switches.has("resume"))
            : await replannedDeployments(request, reviewed);
        if (shutdown.isStopping) return interruptedExitCode;
        if (!("ready" in deployments)) {
          print(refusalText(deployments.refused));
          return 3;
        }
        return applyWaves(deployments.ready, request);
      }),
    );
  },
};

function refusalText(refused: ReadonlyMap<string, readonly PlanRejection[]>): string {
  const texts = [...refused].flatMap(([stackName, rejections]) =>
    rejections.map(({ reason, fix }) => `${stackName}: ${reason}\n  ${fix}\n`),
  );
  return [...texts, "Refused: nothing was applied."].join("\n");
}
