/** `plan`: a saved plan for each stack that changed, the guard's word on it, and one review of them all. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readEnvironments, selectFrom } from "../environments/model/project";
import { selectionSyntax } from "../environments/model/selection";
import type { InstanceConfig } from "../environments/model/types";
import type { Command } from "./command-line";
import { CommandError } from "./command-line";
import { reason } from "./reason";
import { countsOf } from "./review/differences";
import { reviewHtml } from "./review/html";
import { reviewMarkdown } from "./review/markdown";
import { verdictOf } from "./review/review";
import { synthesizeBase } from "./terraform/base";
import { Interruption } from "./terraform/interruption";
import { interruptedIn, journalName } from "./terraform/journal";
import { outcomeOf, planAll, Workshop } from "./terraform/planning";
import type { Planned } from "./terraform/planning";
import { Progress } from "./terraform/progress";
import { writeReviewed } from "./terraform/reviewed";
import { parallelFrom } from "./terraform/slots";
import { selectionOf, synthesize } from "./terraform/synthesis";
import type { SynthesizedStack } from "./terraform/synthesis";
import { textTable } from "./text-table";

export const defaultPlans = path.join("build", "plans");

/** Exit code after Ctrl-C, as shells count. */
export const interruptedExitCode = 130;

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
    refuseToForget(out);

    const say = (text: string): void => {
      process.stderr.write(`${text}\n`);
    };
    const interruption = new Interruption(say);
    const planned = await interruption.during(async () => {
      const ref = values.get("changed-since");
      const stacks = await synthesizeInto(out, instances);
      const changed = ref === undefined ? instances : await changedSince(ref, instances, stacks, say);
      return planInstances({ instances, changed, stacks, interruption, parallel, readOnly: switches.has("read-only") });
    });

    writeReviewed(path.join(out, "review.json"), planned);
    writeReview(values.get("review-md"), () => reviewMarkdown(planned));
    writeReview(values.get("review-html"), () => reviewHtml(planned));
    print(summary(planned));
    return interruption.isStopping ? interruptedExitCode : verdictOf(planned).exitCode;
  },
};

/** @throws CommandError where the plans are of a deployment that was killed: what it was doing is known from there alone */
export function refuseToForget(out: string): void {
  const interrupted = interruptedIn(path.join(out, journalName));
  if (interrupted.length === 0) return;
  throw new CommandError(
    `${path.relative(".", out)} holds a deployment that was interrupted in the middle of ${interrupted.join(", ")}.\n` +
      "  Go on with it: npm run fleet -- deploy --resume; or plan into another directory with --out.",
  );
}

/** Synthesizes exactly these instances into `<out>/cdktf.out`, emptied first, the former plans with it. */
export async function synthesizeInto(
  out: string,
  instances: readonly InstanceConfig[],
): Promise<ReadonlyMap<string, SynthesizedStack>> {
  // Plans hold values in clear.
  mkdirSync(out, { recursive: true, mode: 0o700 });
  // It tells of the former plans.
  rmSync(path.join(out, journalName), { force: true });
  const select = selectionOf(instances.map(({ stackName }) => stackName));
  const { stacks } = await synthesize({ select, outdir: path.join(out, "cdktf.out") });
  return stacks;
}

async function changedSince(
  ref: string,
  instances: readonly InstanceConfig[],
  stacks: ReadonlyMap<string, SynthesizedStack>,
  say: (text: string) => void,
): Promise<readonly InstanceConfig[]> {
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

interface Planning {
  readonly instances: readonly InstanceConfig[];
  /** Those to plan; the others are told of as unchanged. */
  readonly changed: readonly InstanceConfig[];
  readonly stacks: ReadonlyMap<string, SynthesizedStack>;
  readonly interruption: Interruption;
  readonly parallel: number;
  readonly readOnly: boolean;
}

/** Plans what changed; results for all instances, in their order. */
export async function planInstances(planning: Planning): Promise<readonly Planned[]> {
  const { instances, changed, stacks, interruption, parallel, readOnly } = planning;
  const places = changed.map((instance) => ({ instance, stack: stackOf(stacks, instance) }));
  if (places.length === 0) return instances.map((instance) => ({ instance, unchanged: true }));
  const workshop = await Workshop.open(
    changed.map(({ awsProvider }) => awsProvider),
    interruption,
  );
  const progress = new Progress(process.stderr, places.length);
  try {
    const results = await planAll(places, { workshop, parallel, progress, readOnly, today: today() });
    const byInstance = new Map(results.map((result) => [result.instance, result]));
    return instances.map((instance) => byInstance.get(instance) ?? { instance, unchanged: true });
  } finally {
    progress.end();
  }
}

export function stackOf(
  stacks: ReadonlyMap<string, SynthesizedStack>,
  { stackName }: InstanceConfig,
): SynthesizedStack {
  const stack = stacks.get(stackName);
  if (stack === undefined) throw new Error(`the app wrote no stack ${stackName}`);
  return stack;
}

/** `YYYY-MM-DD`, in UTC: an allowance ends everywhere at the same moment. */
export const today = (): string => new Date().toISOString().slice(0, 10);

function writeReview(file: string | undefined, text: () => string): void {
  if (file === undefined) return;
  try {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    writeFileSync(file, text());
  } catch (error) {
    throw new CommandError(`The review cannot be written. ${reason(error)}`);
  }
}

/** A table with a row for each instance, everything that is wrong, and the verdict. */
export function summary(planned: readonly Planned[]): string {
  const rows = planned.map((one) => {
    const { instance, unchanged, plan: json } = one;
    const counts =
      json === undefined ? ["", "", "", "", ""] : Object.values(countsOf(json)).map((n) => (n === 0 ? "-" : `${n}`));
    return [instance.stackName, ...counts, unchanged === true ? "unchanged" : wordOf(one)];
  });
  const header = ["stack", "import", "add", "change", "destroy", "forget", "guard"];
  const troubles = planned.flatMap(({ instance, failure, guard }) => [
    ...(failure === undefined ? [] : [`${instance.stackName}: ${failure}`]),
    ...(guard?.violations ?? []).map(
      ({ rule, address, what, fix }) =>
        `${instance.stackName}: refused by "${rule}"${address === "" ? "" : `, ${address}`}\n  ${what}\n  ${fix}`,
    ),
    ...(guard?.allowed ?? []).map(
      ({ violation, allowance }) =>
        `${instance.stackName}: "${violation.rule}" is allowed until ${allowance.until} for ${violation.address}: ${allowance.reason}`,
    ),
  ]);
  return [textTable(header, rows), ...troubles.map((text) => `\n${text}`), `\n${verdictOf(planned).sentence}`].join(
    "\n",
  );
}

function wordOf(one: Planned): string {
  if (one.failure !== undefined) return "failed";
  const outcome = outcomeOf(one);
  return outcome.startsWith("refused") || outcome === "nothing to do" ? outcome : "allowed";
}
