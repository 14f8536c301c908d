/** Options that several commands share. */
import path from "node:path";
import { defaultParallel } from "../plans/for-each-stack";
import { defaultPlans } from "../plans/plans-directory";
import type { Arguments, Option } from "./command-line";

export const parallel: Option = {
  value: "N",
  description: "Runs Terraform for at most N stacks at the same time.",
  wholeNumber: { min: 1, max: 32, default: defaultParallel() },
};

export const parallelFrom = ({ numbers }: Arguments): number => numbers.get("parallel") ?? defaultParallel();

export const plans: Option = {
  value: "DIRECTORY",
  description: `The directory of the saved plans and of review.json. Default: ${defaultPlans}.`,
};

export const lockTimeout: Option = {
  value: "SECONDS",
  description: "Waits for a locked state.",
  wholeNumber: { min: 0, max: 86_400, default: 0 },
};

export const lockTimeoutFrom = ({ numbers }: Arguments): number => numbers.get("lock-timeout") ?? 0;

/** Absolute path of the plans directory. */
export const plansFrom = ({ values }: Arguments): string => path.resolve(values.get("plans") ?? defaultPlans);

export const rate: Option = {
  value: "N",
  description: "Consumes at most N read units of the index per second, on average.",
  wholeNumber: { min: 1, max: 10_000, default: 50 },
};

export const json: Option = { description: "Prints a JSON array instead of text." };

export const reviewFiles = {
  "review-md": { value: "FILE", description: "Writes the review as Markdown, at most 60,000 characters." },
  "review-html": { value: "FILE", description: "Writes the review as one HTML file." },
} satisfies Record<string, Option>;

/** For options whose value is an AWS account id. */
export const accountProblem = (value: string): string | undefined =>
  /^\d{12}$/.test(value)
    ? undefined
    : `${JSON.stringify(value)} is not an AWS account id. Give 12 digits, such as 111122223333.`;
