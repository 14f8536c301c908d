/** Tests the dependencies between stacks: each stack depends on all stacks of the previous wave of its environment. */
import { Testing, TerraformStack } from "cdktf";
import fc from "fast-check";
import { dependOnPreviousWave } from "../../stacks/waves";
import type { PlacedStack } from "../../stacks/waves";

const instance = fc.record({
  environment: fc.constantFrom("dev", "prod", "staging"),
  wave: fc.nat({ max: 5 }).map((index) => ({ name: `wave ${index}`, index })),
});

function place(instances: readonly PlacedStack["instance"][]): readonly PlacedStack[] {
  const app = Testing.app();
  const placed = instances.map((each, n) => ({ instance: each, stack: new TerraformStack(app, `stack-${n}`) }));
  dependOnPreviousWave(placed);
  return placed;
}

test("a stack depends on exactly the stacks of the previous wave in its environment", () => {
  fc.assert(
    fc.property(fc.array(instance, { maxLength: 30 }), (instances) => {
      const placed = place(instances);
      for (const { instance: own, stack } of placed) {
        const earlier = placed.filter(
          ({ instance: { environment, wave } }) => environment === own.environment && wave.index < own.wave.index,
        );
        const nearest = Math.max(...earlier.map(({ instance: { wave } }) => wave.index));
        expect(stack.dependencies).toEqual(
          earlier.filter(({ instance: { wave } }) => wave.index === nearest).map((other) => other.stack),
        );
      }
    }),
    { numRuns: 50 },
  );
});

test("CDKTF derives the order of all waves from the dependencies", () => {
  const [canary, second, last] = [0, 1, 2].map((index) => ({ environment: "prod", wave: { name: "", index } }));
  const [a, b, c] = place([last, canary, second].filter((each) => each !== undefined)).map(({ stack }) => stack);
  expect(a?.dependsOn(b ?? a)).toBe(true);
  expect(c?.dependencies).toEqual([b]);
});
