/** The directory of a run's plans: each is in its synthesized stack, and the journal of their deployment is beside them. */
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { readSynthesis, selectionOf, synthesize } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";

export const defaultPlans = path.join("build", "plans");

const stacksOf = (out: string): string => path.join(out, "cdktf.out");

/** Synthesizes exactly these instances into `<out>/cdktf.out`, emptied first, the former plans with it. */
export async function synthesizeInto(
  out: string,
  instances: readonly InstanceConfig[],
): Promise<ReadonlyMap<string, SynthesizedStack>> {
  // Plans hold values in clear.
  mkdirSync(out, { recursive: true, mode: 0o700 });
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
