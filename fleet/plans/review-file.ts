/** `review.json`: what was reviewed of each stack, as a digest of what its plan would do. It holds no value of any resource. */
import { readFileSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import type { Planned } from "./planning";

const reviewedSchema = z.strictObject({
  format: z.literal(1),
  stacks: z.record(
    z.string(),
    z.discriminatedUnion("outcome", [
      z.strictObject({ outcome: z.literal("planned"), synthesized: z.string(), changes: z.string() }),
      z.strictObject({ outcome: z.literal("unchanged") }),
      z.strictObject({ outcome: z.literal("refused") }),
      z.strictObject({ outcome: z.literal("failed") }),
    ]),
  ),
});

export type Reviewed = z.output<typeof reviewedSchema>;

/** Writes what the review says of each stack. */
export function writeReviewFile(file: string, planned: readonly Planned[]): void {
  const stacks = Object.fromEntries(planned.map((one) => [one.instance.stackName, entryOf(one)]));
  writeFileSync(file, `${JSON.stringify({ format: 1, stacks } satisfies Reviewed, null, 2)}\n`);
}

function entryOf({ unchanged, saved, guard }: Planned): Reviewed["stacks"][string] {
  if (unchanged === true) return { outcome: "unchanged" };
  if (saved === undefined || guard === undefined) return { outcome: "failed" };
  if (guard.violations.length > 0) return { outcome: "refused" };
  return { outcome: "planned", synthesized: saved.synthesized, changes: saved.changes };
}

/** @throws CommandError where there is none, or it is not what `plan` writes */
export function readReviewFile(file: string): Reviewed {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CommandError(
      `--reviewed ${file} cannot be read. ${errorMessage(error)}\n  It is the review.json that plan writes beside the plans.`,
    );
  }
  const result = reviewedSchema.safeParse(json);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `  ${path.join(".") || "the file"}: ${message}`);
  throw new CommandError(
    `--reviewed ${file} is not a review.json that plan wrote, or one of another version.\n${issues.join("\n")}\n  Plan again.`,
  );
}
