/** Saved plans: Terraform's plan file of a stack, with a note of what it was made from, by which it is refused once that moved. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { canonicalJson } from "../terraform/json-values";
import type { PlanFileContent, StateVersion } from "../terraform/plan-file";
import { planFileName, readPlanFile, UnreadablePlanFile } from "../terraform/plan-file";
import { configurationText, digestOf } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";

const noteName = "fleet-plan.json";

/** Written beside the plan file. */
export interface SavedPlan {
  readonly format: 1;
  readonly stackName: string;
  /** ISO 8601. */
  readonly madeAt: string;
  /** Terraform's version. */
  readonly terraform: string;
  /** Made with the role that only reads, and without a lock: to be looked at, never to be applied. */
  readonly readOnly: boolean;
  /** Digest of the synthesized stack, assets included. */
  readonly synthesized: string;
  /** Digest of what the environment files say of the instance: its wave, its allowances and all the rest. */
  readonly instance: string;
  /** SHA-256 of the committed lock file of its provider line. */
  readonly lock: string;
  readonly state: StateVersion;
  /** SHA-256 of the plan file. */
  readonly planFile: string;
  /** Digest of what the plan would do; two plans that do the same have the same. */
  readonly changes: string;
}

/** The note, with a seal: the SHA-256 of all the rest, so that one that was edited is known as such. */
type ChecksummedNote = SavedPlan & { readonly seal: string };

export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** {@link SavedPlan.instance} */
export const instanceDigest = (instance: InstanceConfig): string => sha256(canonicalJson(instance));

/** What a saved plan is checked against. */
export interface Today {
  readonly stack: SynthesizedStack;
  readonly instance: InstanceConfig;
  /** Text of the committed lock file. */
  readonly lock: string;
  readonly terraform: string;
}

/** Writes the note of the plan file that is in the directory. */
export function savePlan(
  directory: string,
  { stack, instance, lock, terraform }: Today,
  made: { readonly readOnly: boolean; readonly changes: string; readonly at: Date },
): SavedPlan {
  const bytes = readFileSync(path.join(directory, planFileName));
  const saved: SavedPlan = {
    format: 1,
    stackName: stack.stackName,
    madeAt: made.at.toISOString(),
    terraform,
    readOnly: made.readOnly,
    synthesized: stack.digest,
    instance: instanceDigest(instance),
    lock: sha256(lock),
    state: readPlanFile(bytes).state,
    planFile: sha256(bytes),
    changes: made.changes,
  };
  const file = path.join(directory, noteName);
  const note: ChecksummedNote = { ...saved, seal: checksumOf(saved) };
  writeFileSync(`${file}.new`, `${JSON.stringify(note, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  return saved;
}

const checksumOf = (saved: SavedPlan): string => sha256(canonicalJson(saved));

/** Why a plan may not be applied, and what to do. */
export interface Objection {
  readonly what: string;
  readonly fix: string;
}

const planAgain = "Plan again, and have the new plan reviewed.";

/** Whether there is a saved plan in the directory, good or bad. */
export const hasSavedPlan = (directory: string): boolean =>
  existsSync(path.join(directory, noteName)) || existsSync(path.join(directory, planFileName));

/**
 * The saved plan of a stack, with every objection that can be had without asking anybody: it is of another time, or not what was
 * saved. Nothing in the note is believed that the plan file says itself.
 */
export function checkSavedPlan(
  directory: string,
  today: Today,
): { readonly saved?: SavedPlan; readonly objections: readonly Objection[] } {
  const file = path.join(directory, noteName);
  const planFile = path.join(directory, planFileName);
  const absent = [file, planFile].filter((one) => !existsSync(one));
  if (absent.length > 0) {
    const what = `${absent.map((one) => path.basename(one)).join(" and ")} of the saved plan is gone.`;
    return { objections: [{ what, fix: planAgain }] };
  }
  const saved = readNote(file);
  if (saved === undefined) {
    const what = `${path.basename(file)} was changed after the plan was saved.`;
    return { objections: [{ what, fix: planAgain }] };
  }
  const bytes = readFileSync(planFile);
  if (sha256(bytes) !== saved.planFile) {
    const what = `The plan file ${planFileName} is not the one that was saved: it was changed or replaced.`;
    return { objections: [{ what, fix: planAgain }] };
  }
  let content: PlanFileContent;
  try {
    content = readPlanFile(bytes);
  } catch (error) {
    if (!(error instanceof UnreadablePlanFile)) throw error;
    const what = `The plan file cannot be read: ${error.message}.`;
    return { objections: [{ what, fix: "Plan again with the Terraform version in .terraform-version." }] };
  }
  return { saved, objections: [...objectionsTo(saved, content, directory, today)] };
}

function* objectionsTo(
  saved: SavedPlan,
  content: PlanFileContent,
  directory: string,
  { stack, instance, lock, terraform }: Today,
): Iterable<Objection> {
  if (saved.stackName !== stack.stackName) {
    yield { what: `It is the plan of ${saved.stackName}.`, fix: planAgain };
    return;
  }
  const overrides = [...content.configuration.keys()].filter((name) => name !== "cdk.tf.json");
  if (saved.readOnly || overrides.length > 0) {
    yield {
      what: `It was made with --read-only: with the role that only reads, and without locking the state.`,
      fix: "Plan without --read-only; or give the review of this plan to deploy --reviewed, which plans again and compares.",
    };
  }
  if (saved.synthesized !== stack.digest) {
    yield {
      what: "The plan is older than its stack: sources or environment files changed since, so that Terraform would do something else now.",
      fix: planAgain,
    };
  } else if (saved.instance !== instanceDigest(instance)) {
    yield {
      what: "What the environment files say of this instance changed since the plan (its wave, an allowance or a role), though not its stack.",
      fix: planAgain,
    };
  }
  const planned = content.configuration.get("cdk.tf.json");
  const isOwn = planned !== undefined && configurationText(planned) === configurationText(synthesizedText(stack));
  if (saved.synthesized === stack.digest && (!isOwn || digestOf(directory) !== saved.synthesized)) {
    yield {
      what: "The plan was made from another configuration than its stack's, or its assets were changed.",
      fix: planAgain,
    };
  }
  if (saved.lock !== sha256(lock)) {
    yield {
      what: "The lock file of the AWS provider changed since: another build of the provider would apply this plan than made it.",
      fix: planAgain,
    };
  }
  if (saved.terraform !== terraform) {
    yield {
      what: `It was made by Terraform ${saved.terraform}, and this is ${terraform}: Terraform applies only its own version's plans.`,
      fix: `Use Terraform ${saved.terraform}, or plan again with ${terraform}.`,
    };
  }
}

const synthesizedText = ({ directory }: SynthesizedStack): string =>
  readFileSync(path.join(directory, "cdk.tf.json"), "utf8");

/** The objection to a plan whose state is another one by now. */
export function stateObjection(saved: SavedPlan, now: StateVersion): Objection | undefined {
  // A state that does not exist yet has no lineage; the plan has one of Terraform's choosing.
  const isSame = saved.state.serial === now.serial && (now.lineage === saved.state.lineage || now.serial === 0);
  if (isSame) return undefined;
  return {
    what:
      `The state moved since the plan: serial ${saved.state.serial} then, ${now.serial} now` +
      `${saved.state.lineage === now.lineage ? "" : ", and of another lineage"}. Somebody applied something in between.`,
    fix: planAgain,
  };
}

/** Undefined where it was edited, or is of a version of this program that wrote other notes. */
function readNote(file: string): SavedPlan | undefined {
  try {
    // An edit may leave anything, `null` too.
    const { seal, ...saved } = { ...(JSON.parse(readFileSync(file, "utf8")) as ChecksummedNote) };
    const isOurs = (saved.format as number) === 1 && seal === checksumOf(saved);
    return isOurs ? saved : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
