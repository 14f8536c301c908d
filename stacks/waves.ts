/** The order in which `cdktf deploy` takes the stacks of an environment: wave by wave. */
import type { TerraformStack } from "cdktf";
import type { InstanceConfig } from "../config/types";

export interface PlacedStack {
  readonly instance: Pick<InstanceConfig, "environment" | "wave">;
  readonly stack: TerraformStack;
}

/**
 * Makes each stack depend on every stack of the wave before its own, in its environment, among those given. A wave's order
 * is data beside the construct tree, so moving an instance to another wave renames nothing.
 */
export function dependOnPreviousWave(placed: readonly PlacedStack[]): void {
  const environments = new Map<string, Map<number, TerraformStack[]>>();
  for (const { instance, stack } of placed) {
    const waves = environments.get(instance.environment) ?? new Map<number, TerraformStack[]>();
    const wave = waves.get(instance.wave.index) ?? [];
    wave.push(stack);
    environments.set(instance.environment, waves.set(instance.wave.index, wave));
  }
  for (const waves of environments.values()) {
    let previous: TerraformStack[] = [];
    for (const [, wave] of [...waves].sort(([one], [other]) => one - other)) {
      // Not `addDependency`: it looks for circles, which waves cannot have, along every path back to the first wave.
      for (const stack of wave) stack.dependencies = previous;
      previous = wave;
    }
  }
}
