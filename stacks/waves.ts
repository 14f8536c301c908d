/** Makes `cdktf deploy` deploy the stacks of an environment wave by wave. */
import type { TerraformStack } from "cdktf";
import type { InstanceConfig } from "../config/types";

export interface PlacedStack {
  readonly instance: Pick<InstanceConfig, "environment" | "wave">;
  readonly stack: TerraformStack;
}

/**
 * Makes each stack depend on all stacks of the previous wave in the same environment. Stacks that are not in `placed` are ignored.
 *
 * Waves are data beside the construct tree. If an instance moves to another wave, no logical id changes.
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
    for (const [, wave] of [...waves].sort(([first], [second]) => first - second)) {
      // Not `addDependency`, because it searches for cycles along every path to the first wave. Waves cannot have cycles.
      for (const stack of wave) stack.dependencies = previous;
      previous = wave;
    }
  }
}
