/** The command `deploy`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { withPlansDirectory } from "../plans/plans-directory";
import type { PlanRejection } from "../plans/saved-plan";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import type { Command } from "./command-line";
import { warnOfEndOfSupport } from "./end-of-support";
import { lockTimeout, lockTimeoutFrom, parallel, parallelFrom, plans, plansFrom } from "./options";

export const deploy: Command = {
  name: "deploy",
  summary: "Applies the saved plans wave by wave, and verifies each instance before the next wave starts.",
  selection: "optional",
  options: {
    plans,
    reviewed: {
      value: "FILE",
      description: "Plans again, and applies a plan only if its changes equal the changes in this review.json.",
    },
    resume: {
      description: "Continues a deployment that failed, was stopped or was killed.",
      excludes: "reviewed",
    },
    parallel,
    "lock-timeout": lockTimeout,
  },
  details: `Before the first apply, deploy checks every saved plan. It refuses:
  a plan file that was edited, or that was made with --read-only
  a stale plan: the stack, the state, the lock file or the contact table changed after the plan was made
  a plan that the guard refuses
If deploy refuses one plan, it applies none. Suspended instances are skipped.

If an instance fails, deploy finishes the other instances of the wave and starts no later wave of the environment and no later stage.

After Ctrl-C, Terraform finishes its current operations, writes its state and releases its lock. To continue after Ctrl-C, a failure
or a killed process, use --resume. deploy then skips finished stacks and plans an interrupted stack again. deploy applies the new plan only
if every change in the new plan was reviewed. Do not combine --resume with --reviewed: the stopped
deployment has already compared its plans with the review.

Exit codes: 0 everything is deployed and verified, 1 an error, 3 refused, 130 stopped by Ctrl-C, 143 by SIGTERM.

${selectionSyntax}`,
  async run(given, print) {
    const { selection, values, switches } = given;
    const { applyWaves } = await import("../rollout/apply-waves");
    const { replannedDeployments } = await import("../rollout/replan");
    const { savedDeployments } = await import("../rollout/saved-deployments");
    const instances = selectFrom(readEnvironments(), selection);
    warnOfEndOfSupport(instances);
    const reviewed = values.get("reviewed");
    const shutdown = new GracefulShutdown("locks the state");
    const directory = plansFrom(given);
    return shutdown.during(() =>
      withPlansDirectory(directory, "deploy", async () => {
        const request = {
          instances,
          plans: directory,
          parallel: parallelFrom(given),
          lockTimeout: lockTimeoutFrom(given),
          shutdown,
          print,
        };
        const deployments =
          reviewed === undefined
            ? await savedDeployments(request, switches.has("resume"))
            : await replannedDeployments(request, reviewed);
        if (shutdown.isStopping) return shutdown.exitCode;
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
