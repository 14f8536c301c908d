/** `deploy`: applies exactly the reviewed plans, wave by wave, and proves each instance before the next wave begins. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { interruptedExitCode, GracefulShutdown } from "../rollout/graceful-shutdown";
import { defaultPlans } from "../plans/plans-directory";
import type { Objection } from "../plans/saved-plan";
import { parallelFrom } from "../plans/concurrency-limiter";
import { applyWaves } from "../rollout/apply-waves";
import { replannedDeployments } from "../rollout/replan";
import { savedDeployments } from "../rollout/saved-deployments";

export const deploy: Command = {
  name: "deploy",
  summary: "Applies the saved plans wave by wave, and verifies each instance before the next wave begins.",
  selection: "optional",
  options: {
    plans: { value: "DIRECTORY", description: `The plans that plan saved. Default: ${defaultPlans}.` },
    reviewed: {
      value: "FILE",
      description: "Plans again, and applies what does the same as this review.json says; refuses all else.",
    },
    resume: { description: "Goes on with a deployment that failed, was stopped or was killed." },
    parallel: { value: "N", description: "At most so many stacks at once. Default: one for each core, 2 to 8." },
  },
  details: `Every plan is checked before the first is applied: refused is one that is older than its stack, whose state or lock file
moved, that was changed, that was made with --read-only, or to which the guard objects. Then nothing is applied.
An instance that fails, in its apply or when it is verified, keeps later waves of its environment from starting, not the
others of its wave. Suspended instances are left out.

Ctrl-C stops properly: Terraform finishes what it is doing, writes its state and releases its lock. After that, and after
a failure or a kill, --resume goes on: what is done stays done, and of a stack in the middle of whose apply it ended a new
plan is made, shown, judged, and applied if it does nothing that was not reviewed.

Exit codes: 0 everything is deployed and verified, 1 something failed, 3 refused, 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run({ selection, values, switches }, print) {
    const parallel = parallelFrom(values.get("parallel"));
    const plans = path.resolve(values.get("plans") ?? defaultPlans);
    const reviewed = values.get("reviewed");
    const isResumed = switches.has("resume");
    if (isResumed && reviewed !== undefined) {
      throw new CommandError(
        "--resume goes on with plans that were compared with their review when the deployment began. Leave out --reviewed.",
      );
    }
    const instances = selectFrom(readEnvironments(), selection);
    const shutdown = new GracefulShutdown();
    return shutdown.during(async () => {
      const asked = { instances, plans, parallel, shutdown, print };
      const jobs =
        reviewed === undefined ? await savedDeployments(asked, isResumed) : await replannedDeployments(asked, reviewed);
      if (shutdown.isStopping) return interruptedExitCode;
      if (!("ready" in jobs)) {
        print(refusalText(jobs.refused));
        return 3;
      }
      return applyWaves(jobs.ready, asked);
    });
  },
};

function refusalText(refused: ReadonlyMap<string, readonly Objection[]>): string {
  const each = [...refused].flatMap(([stackName, objections]) =>
    objections.map(({ what, fix }) => `${stackName}: ${what}\n  ${fix}\n`),
  );
  return [...each, `Refused: nothing was applied.`].join("\n");
}
