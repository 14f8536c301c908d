/** The last coverage of each instance on this machine, without phone numbers. */
import { z } from "zod";
import { type ResultOwner, SavedResults } from "../saved-result";
import type { CoveredNumber } from "./coverage";
import { outcomeOf } from "./coverage";

const count = z.int().min(0);

/** Numbers of phone numbers by verdict. */
export const savedCoverage = new SavedResults(
  "coverage",
  z.strictObject({ protected: count, notProtected: count, unknown: count }),
);

export function saveCoverage(instance: ResultOwner, numbers: readonly CoveredNumber[]): void {
  const outcomes = numbers.map(({ coverage }) => outcomeOf(coverage));
  savedCoverage.save(instance, {
    protected: outcomes.filter((outcome) => outcome === "ok").length,
    notProtected: outcomes.filter((outcome) => outcome === "failed").length,
    unknown: outcomes.filter((outcome) => outcome === "unproven").length,
  });
}
