/** `plan`: a saved plan for each stack that changed, the guard's word on it, and one review of them all. */
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import type { Command } from "./command-line";
import { reviewHtml } from "../review/html";
import { reviewMarkdown } from "../review/markdown";
import { verdictOf } from "../review/review";
import { summary } from "../review/summary";
import { writeReview } from "../review/write";
import { synthesizeBase } from "../plans/base-ref";
import { interruptedExitCode, GracefulShutdown, sayOnStandardError } from "../rollout/graceful-shutdown";
import { planInstances } from "../plans/planning";
import type { Planned } from "../plans/planning";
import { defaultPlans, synthesizeInto } from "../plans/plans-directory";
import { writeReviewFile } from "../plans/review-file";
import { discardJournal } from "../rollout/journal";
import { parallelFrom } from "../plans/concurrency-limiter";
import type { SynthesizedStack } from "../plans/synthesis";
import { TerraformToolchain } from "../terraform/toolchain";

export const plan: Command = {
  name: "plan",
  summary: "Plans the selected instances, judges each plan, saves it, and writes one review of them all.",
  selection: "optional",
  options: {
    "changed-since": {
      value: "REF",
      description: "Plans only stacks that synthesize to something else than at this commit.",
    },
    out: { value: "DIRECTORY", description: `Keeps the plans here instead of in ${defaultPlans}.` },
    "read-only": { description: "Plans with planRole and without locks: to be reviewed, not to be applied." },
    "review-md": { value: "FILE", description: "Writes the review as Markdown, under 60,000 characters." },
    "review-html": { value: "FILE", description: "Writes the review as one HTML file." },
    parallel: { value: "N", description: "At most so many stacks at once. Default: one for each core, 2 to 8." },
  },
  details: `What it was made from is kept with each plan, and deploy refuses it once that moved. review.json, beside the plans,
holds a digest of what each plan would do: deploy --reviewed plans again and applies only what has the same.
The directory holds values in clear. Do not publish it; the reviews and review.json may be published.

Exit codes: 0 nothing to do, 2 changes and the guard allows them, 3 refused, 1 something failed, 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run({ selection, values, switches }, print) {
    const parallel = parallelFrom(values.get("parallel"));
    const out = path.resolve(values.get("out") ?? defaultPlans);
    const instances = selectFrom(readEnvironments(), selection);
    discardJournal(out);

    const shutdown = new GracefulShutdown();
    const planned = await shutdown.during(async () => {
      const ref = values.get("changed-since");
      const stacks = await synthesizeInto(out, instances);
      const changed = ref === undefined ? instances : await changedSince(ref, instances, stacks);
      // Where nothing changed there is no need of Terraform.
      if (changed.length === 0) return instances.map((instance) => ({ instance, unchanged: true }));
      const toolchain = await TerraformToolchain.open(changed, shutdown);
      const readOnly = switches.has("read-only");
      const results = await planInstances(changed, { toolchain, stacks, parallel, readOnly });
      const byInstance = new Map(results.map((result) => [result.instance, result]));
      return instances.map((instance): Planned => byInstance.get(instance) ?? { instance, unchanged: true });
    });

    writeReviewFile(path.join(out, "review.json"), planned);
    writeReview(values.get("review-md"), () => reviewMarkdown(planned));
    writeReview(values.get("review-html"), () => reviewHtml(planned));
    print(summary(planned));
    return shutdown.isStopping ? interruptedExitCode : verdictOf(planned).exitCode;
  },
};

async function changedSince(
  ref: string,
  instances: readonly InstanceConfig[],
  stacks: ReadonlyMap<string, SynthesizedStack>,
): Promise<readonly InstanceConfig[]> {
  const say = sayOnStandardError;
  const base = await synthesizeBase(ref, say);
  const changed = instances.filter(({ stackName }) => base.digests.get(stackName) !== stacks.get(stackName)?.digest);
  say(`${base.how} ${changed.length} of ${instances.length} stacks differ from it.`);
  const all = new Set(readEnvironments().instances.map(({ stackName }) => stackName));
  const gone = [...base.digests.keys()].filter((name) => !all.has(name));
  if (gone.length > 0) {
    say(
      `No longer in the environment files: ${gone.join(", ")}. What is deployed of them stays, and nobody manages it; ` +
        "to take it down, put the instance back with a release.",
    );
  }
  return changed;
}
