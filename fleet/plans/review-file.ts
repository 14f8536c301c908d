/** `review.json`: for each reviewed stack, digests of the changes in its plan. The file contains no value of any resource. */
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { outlineSchema } from "../review/change-outline";
import type { PlanningResult } from "./planning";

/** Version of the file. Files of other versions are rejected. */
const reviewFormat = 2;

const reviewSchema = z.strictObject({
  format: z.literal(reviewFormat),
  stacks: z.record(
    z.string(),
    z.discriminatedUnion("outcome", [
      z.strictObject({
        outcome: z.literal("planned"),
        synthesized: z.string(),
        /** Digest of all changes. */
        changes: z.string(),
        /** Each change, to recognize the rest of a deployment that failed halfway. */
        outline: outlineSchema,
      }),
      z.strictObject({ outcome: z.literal("unchanged") }),
      z.strictObject({ outcome: z.literal("refused") }),
      z.strictObject({ outcome: z.literal("failed") }),
    ]),
  ),
});

export type ReviewFile = z.output<typeof reviewSchema>;

/** Writes the outcome of each stack. */
export function writeReviewFile(file: string, results: readonly PlanningResult[]): void {
  const stacks = Object.fromEntries(results.map((result) => [result.instance.stackName, entryOf(result)]));
  writeFileSync(file, `${JSON.stringify({ format: reviewFormat, stacks } satisfies ReviewFile, null, 2)}\n`);
}

function entryOf({ unchanged, saved, outline, guard }: PlanningResult): ReviewFile["stacks"][string] {
  if (unchanged === true) return { outcome: "unchanged" };
  if (saved === undefined || outline === undefined || guard === undefined) return { outcome: "failed" };
  if (guard.violations.length > 0) return { outcome: "refused" };
  return { outcome: "planned", synthesized: saved.synthesized, changes: saved.changes, outline };
}

/** @throws CommandError if the file is missing, or `plan` did not write it */
export function readReviewFile(file: string): ReviewFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CommandError(
      `--reviewed ${file} cannot be read. ${errorMessage(error)}\n` +
        "  Give the review.json that plan writes into the plans directory.",
    );
  }
  const result = reviewSchema.safeParse(json);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `  ${path.join(".") || "the file"}: ${message}`);
  throw new CommandError(
    `--reviewed ${file} is not a review.json of this version of plan.\n${issues.join("\n")}\n  Plan again.`,
  );
}
