/** The plans directory: the synthesized stacks with one saved plan each, and the journal of their deployment. */
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { readSynthesis, selectionOf, synthesize } from "./synthesis";
import type { SynthesizedStack } from "./synthesis";

export const defaultPlans = path.join("build", "plans");

const synthesisIn = (plans: string): string => path.join(plans, "cdktf.out");

/** Synthesizes exactly these instances into `<plans>/cdktf.out`. Deletes the earlier stacks and plans first. */
export async function synthesizeInto(
  plans: string,
  instances: readonly InstanceConfig[],
): Promise<ReadonlyMap<string, SynthesizedStack>> {
  // Plans contain plaintext values.
  mkdirSync(plans, { recursive: true, mode: 0o700 });
  const select = selectionOf(instances.map(({ stackName }) => stackName));
  const { stacks } = await synthesize({ select, outdir: synthesisIn(plans) });
  return stacks;
}

/** The stacks in a plans directory, by name. @throws CommandError if it has none */
export function plannedStacks(plans: string): ReadonlyMap<string, SynthesizedStack> {
  if (!existsSync(path.join(synthesisIn(plans), "manifest.json"))) {
    throw new CommandError(`There are no plans in ${path.relative(".", plans)}. Run: npm run fleet -- plan`);
  }
  return readSynthesis(synthesisIn(plans)).stacks;
}
