/** The directory of a run's plans: each is in its synthesized stack, and the journal of their deployment is beside them. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../environments/model/types";
import { CommandError } from "../command-line";
import { interruptedIn, journalName } from "./journal";
import { readSynthesis, selectionOf, synthesize } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";

export const defaultPlans = path.join("build", "plans");

const stacksOf = (out: string): string => path.join(out, "cdktf.out");

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
  const { stacks } = await synthesize({ select, outdir: stacksOf(out) });
  return stacks;
}

/** The stacks that were synthesized into it, by name. @throws CommandError where it holds none */
export function plannedStacks(out: string): ReadonlyMap<string, SynthesizedStack> {
  if (!existsSync(path.join(stacksOf(out), "manifest.json"))) {
    throw new CommandError(`There are no plans in ${path.relative(".", out)}. Run: npm run fleet -- plan`);
  }
  return readSynthesis(stacksOf(out)).stacks;
}
