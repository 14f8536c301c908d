/** What is left to do on a stack in the middle of which a deployment ended. */
import type { InstanceConfig } from "../../config/types";
import { guard, today } from "../guard/guard";
import { isTouched, parsePlan } from "../terraform/plan-json";
import { outcomeOf } from "../review/summary";
import type { Standing } from "./journal";
import type { Progress } from "../output/progress";
import type { TerraformStack } from "../terraform/terraform-stack";
import { importOrphans } from "./import-orphans";
import { isRefusal, jobOf } from "./stack-deployment";
import type { Outcome } from "./stack-deployment";

/** Plan that was made anew after an interruption; the reviewed one stays beside it. */
const resumedPlan = "fleet-resume.tfplan";

/** A new plan, which may do nothing that the reviewed one would not have. */
export async function planRemaining(
  instance: InstanceConfig,
  standing: Standing,
  runs: TerraformStack,
  progress: Progress,
  print: (text: string) => void,
): Promise<Outcome> {
  const reviewed = parsePlan(await runs.show());
  if (standing.state === "applying") {
    progress.step(instance.stackName, "looking for what the interrupted apply made");
    const taken = await importOrphans(runs, instance, reviewed);
    if (taken.length > 0) {
      print(`${instance.stackName}: made by the interrupted apply and taken into the state now: ${taken.join(", ")}.`);
    }
  }
  progress.step(instance.stackName, "planning what is left");
  await runs.plan({ isLocked: true }, resumedPlan);
  const rest = parsePlan(await runs.show(resumedPlan));
  const wasReviewed = new Set(reviewed.resource_changes.filter(isTouched).map(({ address }) => address));
  const left = rest.resource_changes.filter(isTouched);
  const more = left.filter(({ address }) => !wasReviewed.has(address));
  if (more.length > 0) {
    const list = more.map(({ address, change }) => `${address} (${change.actions.join(" and ")})`).join(", ");
    return [
      {
        what: `What is left to do is more than was reviewed: ${list}. Something changed beside the deployment.`,
        fix: "Plan again, and have the new plan reviewed: npm run fleet -- plan --out <another directory>",
      },
    ];
  }
  const judged = guard(rest, instance, today());
  const list = left.map(({ address, change }) => `\n    ${change.actions.join(" and ")} ${address}`).join("");
  print(`${instance.stackName}: left to do: ${outcomeOf({ instance, plan: rest, guard: judged })}${list}`);
  const job = jobOf(instance, runs, rest, judged, resumedPlan);
  // Whatever was applied before the deployment ended is not proved yet.
  return isRefusal(job) ? job : { ...job, isUnproven: true };
}
