/** What is to be done by plans made anew, each of which must do the same as the one that was reviewed. */
import type { InstanceConfig } from "../../config/types";
import { hasChanges } from "../review/review";
import { planInstances } from "../plans/planning";
import { synthesizeInto } from "../plans/plans-directory";
import { discardJournal } from "./journal";
import { readReviewFile } from "../plans/review-file";
import { planFileName } from "../terraform/plan-file";
import type { Objection } from "../plans/saved-plan";
import { stackOf } from "../plans/synthesis";
import { TerraformToolchain } from "../terraform/toolchain";
import { jobOf, jobsOf } from "./stack-deployment";
import type { Asked, Jobs } from "./stack-deployment";

/** The jobs of new plans, each of which does the same as the review says. */
export async function replannedDeployments(asked: Asked, file: string): Promise<Jobs> {
  const { instances, plans, shutdown, parallel, print } = asked;
  const { stacks: reviews } = readReviewFile(file);
  discardJournal(plans);
  const refused = new Map<string, readonly Objection[]>();
  const toPlan: InstanceConfig[] = [];
  for (const instance of instances) {
    const review = reviews[instance.stackName];
    if (review?.outcome === "planned") toPlan.push(instance);
    if (review === undefined) {
      const fix = "Plan it and have it reviewed, or select only what was.";
      refused.set(instance.stackName, [{ what: "It is not in the review.", fix }]);
    } else if (review.outcome === "refused" || review.outcome === "failed") {
      const what = review.outcome === "refused" ? "The guard refused its plan." : "It could not be planned.";
      refused.set(instance.stackName, [{ what, fix: "Put that right, plan again, and have the new plan reviewed." }]);
    }
  }
  if (refused.size > 0) return { refused };
  const unchanged = instances.filter((instance) => !toPlan.includes(instance)).map(({ stackName }) => stackName);
  if (unchanged.length > 0) print(`Unchanged by what was reviewed, and left as they are: ${unchanged.join(", ")}.`);
  if (toPlan.length === 0) return { ready: [] };

  const stacks = await synthesizeInto(plans, toPlan);
  const stale = toPlan.flatMap(({ stackName }) => {
    const review = reviews[stackName];
    if (review?.outcome !== "planned" || review.synthesized === stacks.get(stackName)?.digest) return [];
    const what = "Its stack is not the one that was reviewed: sources or environment files changed since.";
    return [[stackName, [{ what, fix: "Plan again, and have the new plan reviewed." }]] as const];
  });
  if (stale.length > 0) return { refused: new Map(stale) };

  const toolchain = await TerraformToolchain.open(toPlan, shutdown);
  const planned = await planInstances(toPlan, { toolchain, stacks, parallel, readOnly: false });
  return jobsOf(
    planned.map(({ instance, plan, guard: judged, saved, failure }) => {
      const review = reviews[instance.stackName];
      if (plan === undefined || judged === undefined || saved === undefined) {
        const what = failure ?? "It could not be planned.";
        return [instance.stackName, [{ what, fix: "Nothing was applied. Put that right and deploy again." }]];
      }
      const runs = toolchain.runs(instance, stackOf(stacks, instance).directory);
      // Deployed already, as by a run of this command that failed elsewhere: only the proof is left.
      if (!hasChanges(plan)) return [instance.stackName, { instance, runs, creates: [], isUnproven: true }];
      if (review?.outcome !== "planned" || review.changes !== saved.changes) {
        const what = "The plan does something else than the one that was reviewed: AWS or the state changed since.";
        const fix = `Look at what it would do now (npm run fleet -- plan), and have that reviewed.`;
        return [instance.stackName, [{ what, fix }]];
      }
      return [instance.stackName, jobOf(instance, runs, plan, judged, planFileName)];
    }),
  );
}
