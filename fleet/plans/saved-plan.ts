/** Saved plans: a plan file and a record with the inputs of the plan. A plan whose inputs changed is rejected. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { InstanceConfig } from "../../config/types";
import { canonicalJson } from "../terraform/json-values";
import type { PlanFileContent, StateVersion } from "../terraform/plan-file";
import { planFileName, readPlanFile, UnreadablePlanFile } from "../terraform/plan-file";
import { planOverrideName } from "../terraform/terraform-stack";
import { configurationText, digestOf } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";
import { onlyRepeatsUpdates } from "./unfinished-updates";

const recordName = "fleet-plan.json";

/** Version of the record. Records of other versions are rejected. */
const recordFormat = 2;

const savedPlanSchema = z.strictObject({
  format: z.literal(recordFormat),
  stackName: z.string(),
  /** ISO 8601. */
  madeAt: z.string(),
  /** Terraform version. */
  terraform: z.string(),
  /** Whether the plan was made with read-only roles and without a lock. A read-only plan is for reviews and is never applied. */
  readOnly: z.boolean(),
  /** Digest of the synthesized stack with its assets. */
  synthesized: z.string(),
  /** Digest of the instance in the environment files, with its wave and allowances. */
  instance: z.string(),
  /** SHA-256 of the committed provider lock file. */
  lock: z.string(),
  state: z.strictObject({ lineage: z.string(), serial: z.number() }),
  /** SHA-256 of the plan file. */
  planFile: z.string(),
  /** Digest of the changes. Plans with equal changes have equal digests. */
  changes: z.string(),
  /** The table before the plan, as readable fields; null if the plan does not change the table. */
  table: z.record(z.string(), z.string()).nullable(),
});

/** The record beside the plan file. */
export type SavedPlan = Readonly<z.output<typeof savedPlanSchema>>;

/** `checksum` is the SHA-256 of all other fields. It detects edits. */
const recordSchema = savedPlanSchema.extend({ checksum: z.string() });

export const sha256 = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** {@link SavedPlan.instance} */
const instanceDigest = (instance: InstanceConfig): string => sha256(canonicalJson(instance));

/** The inputs of a plan. */
export interface PlanInputs {
  readonly synthesized: SynthesizedStack;
  readonly instance: InstanceConfig;
  /** Text of the committed provider lock file. */
  readonly lock: string;
  /** Terraform version. */
  readonly terraform: string;
}

/** Writes the record for the plan file in the directory. */
export function savePlan(
  directory: string,
  { synthesized, instance, lock, terraform }: PlanInputs,
  result: Pick<SavedPlan, "readOnly" | "changes" | "table"> & { readonly at: Date },
): SavedPlan {
  const bytes = readFileSync(path.join(directory, planFileName));
  const saved: SavedPlan = {
    format: recordFormat,
    stackName: synthesized.stackName,
    madeAt: result.at.toISOString(),
    terraform,
    readOnly: result.readOnly,
    synthesized: synthesized.digest,
    instance: instanceDigest(instance),
    lock: sha256(lock),
    state: readPlanFile(bytes).state,
    planFile: sha256(bytes),
    changes: result.changes,
    table: result.table,
  };
  const file = path.join(directory, recordName);
  const record: z.output<typeof recordSchema> = { ...saved, checksum: checksumOf(saved) };
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  return saved;
}

const checksumOf = (saved: SavedPlan): string => sha256(canonicalJson(saved));

/** Why a plan is not applied, and what to do. */
export interface PlanRejection {
  readonly reason: string;
  readonly fix: string;
}

const planAgain = "Plan again, and have the new plan reviewed.";

/** Whether the directory has a saved plan, valid or not. */
export const hasSavedPlan = (directory: string): boolean =>
  existsSync(path.join(directory, recordName)) || existsSync(path.join(directory, planFileName));

/**
 * Checks a saved plan without any call to AWS: the plan and its inputs must be unchanged. Values that
 * the plan file and the record both contain, such as the configuration, are read from the plan file.
 */
export function checkSavedPlan(
  directory: string,
  current: PlanInputs,
): { readonly saved?: SavedPlan; readonly rejections: readonly PlanRejection[] } {
  const file = path.join(directory, recordName);
  const planFile = path.join(directory, planFileName);
  const missing = [file, planFile].filter((name) => !existsSync(name)).map((name) => path.basename(name));
  if (missing.length > 0) return rejected(`The saved plan is incomplete: ${missing.join(" and ")} missing.`);
  const record = readRecord(file);
  if ("reason" in record) return rejected(record.reason);
  const bytes = readFileSync(planFile);
  if (sha256(bytes) !== record.planFile) return rejected(changedPlanFile(planFileName));
  let content: PlanFileContent;
  try {
    content = readPlanFile(bytes);
  } catch (error) {
    if (!(error instanceof UnreadablePlanFile)) throw error;
    const fix = "Plan again with the Terraform version in .terraform-version.";
    return rejected(`The plan file cannot be read: ${error.message}.`, fix);
  }
  return { saved: record, rejections: [...staleInputs(record, content, directory, current)] };
}

const rejected = (reason: string, fix: string = planAgain) => ({ rejections: [{ reason, fix }] });

const changedPlanFile = (file: string): string => `The plan file ${file} was changed or replaced after it was saved.`;

function* staleInputs(
  saved: SavedPlan,
  content: PlanFileContent,
  directory: string,
  { synthesized, instance, lock, terraform }: PlanInputs,
): Iterable<PlanRejection> {
  if (saved.stackName !== synthesized.stackName) {
    yield { reason: `The plan belongs to the stack ${saved.stackName}.`, fix: planAgain };
    return;
  }
  const planned = content.configuration.get("cdk.tf.json");
  const override = content.configuration.get(planOverrideName);
  const overrides = [...content.configuration.keys()].filter(
    (name) => !["cdk.tf.json", planOverrideName].includes(name),
  );
  if (saved.readOnly || overrides.length > 0) {
    yield {
      reason: "The plan was made with --read-only: with read-only roles, and without locking the state.",
      fix: "Plan without --read-only. Or use deploy --reviewed with the review of this plan: deploy then plans again and compares the changes.",
    };
  }
  if (saved.synthesized !== synthesized.digest) {
    yield {
      reason: "The plan is older than its stack: source code or environment files changed since the plan.",
      fix: planAgain,
    };
  } else if (saved.instance !== instanceDigest(instance)) {
    yield {
      reason:
        "The environment files changed for this instance since the plan, in a part that is not in the synthesized stack (for example " +
        "its wave, an allowance or a role).",
      fix: planAgain,
    };
  }
  const isOwn =
    planned !== undefined &&
    configurationText(planned) === configurationText(synthesizedText(synthesized)) &&
    (override === undefined || onlyRepeatsUpdates(override, planned));
  if (saved.synthesized === synthesized.digest && (!isOwn || digestOf(directory) !== saved.synthesized)) {
    yield {
      reason:
        "The configuration in the plan differs from the configuration of the stack, or the assets of the stack were changed.",
      fix: planAgain,
    };
  }
  if (saved.lock !== sha256(lock)) {
    yield {
      reason:
        "The lock file of the AWS provider changed since the plan: another build of the provider would apply the plan.",
      fix: planAgain,
    };
  }
  if (saved.terraform !== terraform) {
    yield {
      reason:
        `The plan was made by Terraform ${saved.terraform}, but ${terraform} is installed. ` +
        "Terraform applies only plans of its own version.",
      fix: `Use Terraform ${saved.terraform}, or plan again with ${terraform}.`,
    };
  }
}

const synthesizedText = ({ directory }: SynthesizedStack): string =>
  readFileSync(path.join(directory, "cdk.tf.json"), "utf8");

/** Rejects a plan if the state has changed since the plan. */
export function staleState(saved: SavedPlan, current: StateVersion): PlanRejection | undefined {
  // A state that does not exist yet has no lineage. Its first plan has a lineage that Terraform chose.
  const isSame =
    saved.state.serial === current.serial && (current.lineage === saved.state.lineage || current.serial === 0);
  if (isSame) return undefined;
  const lineage = saved.state.lineage === current.lineage ? "" : ", and another lineage";
  return {
    reason:
      `The state changed since the plan: serial ${saved.state.serial} → ${current.serial}${lineage}. ` +
      "Another apply or a state command wrote it.",
    fix: planAgain,
  };
}

/** The record, or the reason why it cannot be used. */
function readRecord(file: string): SavedPlan | { readonly reason: string } {
  const edited = { reason: `${path.basename(file)} was changed after the plan was saved.` };
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return edited;
    throw error;
  }
  const { data } = recordSchema.safeParse(value);
  if (data !== undefined) {
    const { checksum, ...saved } = data;
    return checksum === checksumOf(saved) ? saved : edited;
  }
  const format = z.object({ format: z.number() }).safeParse(value).data?.format;
  if (format === undefined || format === recordFormat) return edited;
  return {
    reason: `Another version of this program saved the plan (format ${format}; this version reads ${recordFormat}).`,
  };
}
