/** The command `recover`. */
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import { writeReview } from "../review/write";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import { plannedStacksOf, recoveryReport } from "../rollout/recovery-report";
import type { Command } from "./command-line";
import { parallel, parallelFrom, plans, plansFrom, reviewFiles } from "./options";

export const recover: Command = {
  name: "recover",
  summary:
    "Rebuilds the lost Terraform state of the selected stacks by importing existing resources; changes nothing in AWS.",
  selection: "required",
  options: {
    yes: { description: "Writes the states. Without --yes, the command only shows the states that it would write." },
    plans,
    ...reviewFiles,
    parallel,
  },
  details: `Use recover if the state of a stack is lost and the bucket has no older version of the state. The command searches AWS for each
resource of the stack, with planRole, and imports the existing resources into a local state. Then a plan shows how these resources
differ from the configuration. With --yes, the command uploads the state in one step. If the command is stopped before the upload,
nothing is written, and you can run the command again. The command needs the IAM policies plan and preflight, and permission to write
the state.

If a deployment failed after the state was lost, the state contains some resources of the stack. The command then adds the missing
resources to this state. If an interrupted deployment left errored.tfstate in the plans directory, use deploy --resume. If that is not
possible, use recover: the written state then replaces errored.tfstate.

The command refuses a stack in these cases:
  the state already contains every existing resource of the stack
  the state contains resources that do not belong to the stack
  the state changes during the recovery
  the key release is set for the instance
  a resource with a name of this stack exists, but this stack did not create it (a log group counts as the resource of its function)

Exit codes: 0 every state is written or can be written, 1 an error, 3 refused, 130 stopped by Ctrl-C, 143 by SIGTERM.

${selectionSyntax}`,
  async run(given, print) {
    const { selection, values, switches } = given;
    const { reviewHtml } = await import("../review/html");
    const { reviewMarkdown } = await import("../review/markdown");
    const { recoverStacks } = await import("../rollout/recover-stacks");
    const instances = selectFrom(readEnvironments(), selection);
    const shutdown = new GracefulShutdown("locks the state");
    const results = await recoverStacks(instances, {
      write: switches.has("yes"),
      plans: plansFrom(given),
      parallel: parallelFrom(given),
      shutdown,
    });
    print(recoveryReport(results));
    writeReview(values.get("review-md"), () => reviewMarkdown(plannedStacksOf(results)));
    writeReview(values.get("review-html"), () => reviewHtml(plannedStacksOf(results)));
    if (shutdown.isStopping) return shutdown.exitCode;
    if (results.some(({ status }) => status === "failed")) return 1;
    return results.some(({ status }) => status === "refused") ? 3 : 0;
  },
};
