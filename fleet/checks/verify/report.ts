/** The results of `verify` as text. */
import { stacksWithOutcome } from "../finding";
import type { VerifiedStack } from "./verify-instances";

const labels = { ok: "ok", failed: "FAILED", unproven: "unproven" } as const;
const labelWidth = Math.max(...Object.values(labels).map((label) => label.length));

/** One line per check, followed by the fix of a failed check. */
export function stackReport({ stack, checks }: VerifiedStack): string {
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, outcome, detail, fix }) => [
    `  ${labels[outcome].padEnd(labelWidth)}  ${name.padEnd(nameWidth)}  ${detail}`,
    ...(fix === undefined ? [] : [`${" ".repeat(labelWidth + nameWidth + 6)}${fix}`]),
  ]);
  return [stack, ...lines].join("\n");
}

/** The totals, and the names of failed and unproven stacks. */
export function verifySummary(stacks: readonly VerifiedStack[]): string {
  const proven = stacksWithOutcome("ok", stacks);
  const unproven = stacksWithOutcome("unproven", stacks);
  const failed = stacksWithOutcome("failed", stacks);
  return [
    `${stacks.length} ${stacks.length === 1 ? "instance" : "instances"}: ${proven.length} proven, ${unproven.length} unproven, ${failed.length} failed.`,
    ...(failed.length === 0 ? [] : [`Failed: ${failed.join(", ")}.`]),
    ...(unproven.length === 0 ? [] : [`Unproven: ${unproven.join(", ")}. No check failed.`]),
  ].join("\n");
}
