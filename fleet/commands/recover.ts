/** `recover`: makes the lost state of a stack anew from what exists; nothing in AWS is changed by it. */
import { rmSync } from "node:fs";
import path from "node:path";
import { readEnvironments, selectFrom } from "../../config/project";
import { selectionSyntax } from "../../config/selection";
import type { InstanceConfig } from "../../config/types";
import { isAboutCredentials } from "../aws/errors";
import type { Command } from "./command-line";
import { UnreadablePlan } from "../terraform/plan-json";
import { instanceClients } from "../aws/instance-clients";
import { errorMessage } from "../output/error-message";
import { diffOfPlan } from "../review/diff";
import { reviewHtml } from "../review/html";
import { reviewMarkdown } from "../review/markdown";
import type { PlannedStack } from "../review/review";
import { summary } from "../review/summary";
import { writeReview } from "../review/write";
import { lockIn, lockText } from "../terraform/diagnostics";
import type { StateLock } from "../terraform/diagnostics";
import { interruptedExitCode, GracefulShutdown } from "../rollout/graceful-shutdown";
import { synthesizeInto } from "../plans/plans-directory";
import { Progress } from "../output/progress";
import { NotRecoverable, recoverState } from "../rollout/recover-state";
import type { Recovery } from "../rollout/recover-state";
import { openRunDirectory } from "../plans/run-directory";
import {
  accountAndRegion,
  parallelFrom,
  perAccountAndRegion,
  settled,
  ConcurrencyLimiter,
} from "../plans/concurrency-limiter";
import { RunFailed } from "../terraform/terraform-stack";
import { stackOf } from "../plans/synthesis";
import type { SynthesizedStack } from "../plans/synthesis";
import { TerraformToolchain } from "../terraform/toolchain";
import { textTable } from "../output/text-table";

const directory = path.join("build", "recover");

/** What became of one instance. */
export interface Outcome {
  readonly instance: InstanceConfig;
  readonly word: "written" | "can be written" | "refused" | "failed" | "stopped";
  readonly recovery?: Recovery;
  readonly trouble?: string;
}

export const recover: Command = {
  name: "recover",
  summary: "Makes the lost state of the selected stacks anew from what exists; changes nothing in AWS.",
  selection: "required",
  options: {
    yes: { description: "Writes the states. Without it they are made, shown and thrown away." },
    "review-md": { value: "FILE", description: "Writes a review of what differs as Markdown." },
    "review-html": { value: "FILE", description: "Writes it as one HTML file." },
    parallel: { value: "N", description: "At most so many stacks at once. Default: one for each core, 2 to 8." },
  },
  details: `For a stack whose state is gone, with no older version of it in the bucket. What the stack would make, and what it takes over,
is looked for in AWS, with planRole, and imported by Terraform into a state beside the stack; a plan on that tells what differs from the
configuration. With --yes the state is then written where it belongs, in one piece: stopped before, nothing was, and the command begins
anew. It needs what plan and preflight need, and the right to write the state.

Refused is a stack whose state holds resources or was written by somebody meanwhile, one that lets go of its instance, and one where
something of a name that ours would have was made by somebody else; a log group is ours where the function that writes to it is.

Exit codes: 0 every state is written, or can be; 1 something failed; 3 refused; 130 stopped by Ctrl-C.

${selectionSyntax}`,
  async run({ selection, values, switches }, print) {
    const parallel = parallelFrom(values.get("parallel"));
    const instances = selectFrom(readEnvironments(), selection);
    const shutdown = new GracefulShutdown();
    const out = openRunDirectory(directory);
    const progress = new Progress(process.stderr, instances.length);
    try {
      const outcomes = await shutdown.during(async () => {
        const stacks = await synthesizeInto(out, instances);
        const toolchain = await TerraformToolchain.open(instances, shutdown);
        const isStopping = (): boolean => shutdown.isStopping;
        const limiter = new ConcurrencyLimiter({ parallel, perGroup: perAccountAndRegion.plan, isStopping });
        return settled(
          instances.map(async (instance): Promise<Outcome> => {
            const stack = stackOf(stacks, instance);
            const scratch = path.join(out, "made-anew", instance.stackName);
            const one = await limiter.use(accountAndRegion(instance), () =>
              recoverOne(instance, stack, { toolchain, scratch, progress, isWritten: switches.has("yes") }),
            );
            const outcome: Outcome = one ?? { instance, word: "stopped" };
            progress.done(instance.stackName, outcome.word);
            return outcome;
          }),
        );
      });
      progress.end();
      print(reportOf(outcomes));
      const planned = outcomes.flatMap(({ recovery }) => (recovery === undefined ? [] : [recovery.planned]));
      writeReview(values.get("review-md"), () => reviewMarkdown(planned));
      writeReview(values.get("review-html"), () => reviewHtml(planned));
      if (shutdown.isStopping) return interruptedExitCode;
      if (outcomes.some(({ word }) => word === "failed")) return 1;
      return outcomes.some(({ word }) => word === "refused") ? 3 : 0;
    } finally {
      progress.end();
      // States and plans hold values in clear.
      rmSync(out, { recursive: true, force: true });
    }
  },
};

interface RecoveringOne {
  readonly toolchain: TerraformToolchain;
  readonly scratch: string;
  readonly progress: Progress;
  readonly isWritten: boolean;
}

async function recoverOne(
  instance: InstanceConfig,
  stack: SynthesizedStack,
  { toolchain, scratch, progress, isWritten }: RecoveringOne,
): Promise<Outcome> {
  const clients = instanceClients(instance);
  const { shutdown } = toolchain;
  const step = (text: string): void => {
    progress.step(instance.stackName, text);
  };
  let isWriting = false;
  try {
    const recovery = await recoverState(instance, stack, { toolchain, clients, scratch, step });
    if (recovery === undefined) return { instance, word: "stopped" };
    if (!isWritten) return { instance, word: "can be written", recovery };
    if (shutdown.isStopping) return { instance, word: "stopped" };
    step("writing the state");
    isWriting = true;
    await recovery.write();
    return { instance, word: "written", recovery };
  } catch (error) {
    return { instance, ...troubleOf(error, instance, { isWriting, isStopping: shutdown.isStopping }) };
  } finally {
    clients.destroy();
  }
}

/**
 * What an error means for its stack; the others go on.
 *
 * @param now whether writing has begun, and whether everything is stopping
 * @throws the error, where it is none that a stack can have
 */
export function troubleOf(
  error: unknown,
  { stackName }: Pick<InstanceConfig, "stackName">,
  { isWriting, isStopping }: { readonly isWriting: boolean; readonly isStopping: boolean },
): Pick<Outcome, "word" | "trouble"> {
  if (error instanceof NotRecoverable) return { word: "refused", trouble: error.message };
  // Terraform ends with an error when it is interrupted, whatever it was doing.
  if (isStopping && !isWriting) return { word: "stopped" };
  if (error instanceof RunFailed) {
    const lock = lockIn(error.output);
    if (lock !== undefined) return { word: "failed", trouble: lockText(lock, releaseOf(lock, stackName)) };
    const look = isWriting
      ? `\n  Whether its state was written is not known. Look with: npm run fleet -- plan stack=${stackName}`
      : "";
    return { word: "failed", trouble: `${error.message}${look}` };
  }
  // What AWS answers to the question which flows there are, or that nobody can be asked.
  const isAnswer =
    error instanceof UnreadablePlan || isAboutCredentials(error) || (error instanceof Error && "$metadata" in error);
  if (!isAnswer) throw error;
  return { word: "failed", trouble: errorMessage(error) };
}

const releaseOf = ({ id }: StateLock, stackName: string): string =>
  "Nothing was written.\n" +
  "  If a command still works on the stack, wait until it has ended. If it was killed, release the lock in the stack's directory\n" +
  `  (npm run synth; cdktf.out/stacks/${stackName}): terraform init && terraform force-unlock ${id}`;

/** Of each stack what was found and what was not, and what differs; then what to do. */
export function reportOf(outcomes: readonly Outcome[]): string {
  const parts = outcomes.flatMap((outcome) => partsOf(outcome));
  const planned = outcomes.flatMap(({ recovery }) => (recovery === undefined ? [] : [recovery.planned]));
  const names = (wanted: Outcome["word"]): readonly string[] =>
    outcomes.filter(({ word }) => word === wanted).map(({ instance }) => instance.stackName);
  const [written, dry, stopped] = [names("written"), names("can be written"), names("stopped")];
  return [
    ...parts,
    ...(planned.length === 0 ? [] : ["What a plan would do on these states:", summary(planned), ""]),
    ...(dry.length === 0 ? [] : [`Nothing was written. The same with --yes writes the state of: ${dry.join(", ")}.`]),
    ...(written.length === 0
      ? []
      : [
          `Written, and nothing in AWS was changed: ${written.join(", ")}.\n  Go on with: npm run fleet -- plan stack=${written.join(",")}`,
        ]),
    ...(stopped.length === 0
      ? []
      : [`Stopped before its state was written: ${stopped.join(", ")}. The same command begins anew.`]),
  ].join("\n");
}

function partsOf({ instance, recovery, trouble }: Outcome): readonly string[] {
  const { stackName } = instance;
  if (trouble !== undefined) return [`${stackName}: ${trouble}\n`];
  if (recovery === undefined) return [];
  const rows = recovery.sought.map(({ address, id, isThere }) => [isThere ? "found" : "not there", address, id ?? ""]);
  const differences = differencesText(recovery.planned);
  return [
    `${stackName}: ${rows.filter(([word]) => word === "found").length} of ${rows.length} resources found\n`,
    textTable(["", "resource", "import id"], rows),
    "",
    ...(differences.length === 0 ? [] : ["What differs from the configuration:", ...differences, ""]),
  ];
}

function differencesText({ plan }: PlannedStack): readonly string[] {
  if (plan === undefined) return [];
  return diffOfPlan(plan).flatMap(({ address, verb, lines }) => [
    `  ${verb} ${address}`,
    ...(verb === "create" ? [] : lines.map(({ sign, text }) => `    ${sign} ${text}`)),
  ]);
}
