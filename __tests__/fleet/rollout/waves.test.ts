/** Waves: their order, and what a failure keeps from beginning. */
import fc from "fast-check";
import { rollOut, wavesOf } from "../../../fleet/rollout/waves";

interface Member {
  readonly environment: string;
  readonly stackName: string;
  readonly wave: { readonly name: string; readonly index: number };
}

const member = (environment: string, index: number, n: number): Member => ({
  environment,
  stackName: `${environment}-${index}-${n}`,
  wave: { name: `wave ${index}`, index },
});

const self = (one: Member): Member => one;

test("a failure keeps the next wave of its environment from beginning, not its neighbour nor another environment", async () => {
  const fleet = [member("a", 1, 0), member("a", 0, 0), member("a", 0, 1), member("b", 0, 0), member("b", 1, 0)];
  const begun: string[] = [];
  const left = await rollOut(wavesOf(fleet, self), (one) => {
    begun.push(one.stackName);
    return Promise.resolve(one.stackName !== "a-0-0");
  });
  expect(begun.sort()).toEqual(["a-0-0", "a-0-1", "b-0-0", "b-1-0"]);
  expect(left.map(({ environment, name }) => [environment, name])).toEqual([["a", "wave 1"]]);
});

test("for any fleet and any failures, a member begins exactly if all of its environment's earlier waves ended well, and after them", async () => {
  const fleets = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom("a", "b"), fc.nat(3), fc.nat(2))
      .map(([environment, index, n]) => member(environment, index, n)),
    { selector: ({ stackName }) => stackName, maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(fleets, fc.func(fc.boolean()), async (fleet, isWell) => {
      const begun: Member[] = [];
      const ended = new Set<string>();
      const earlier = (one: Member): Member[] =>
        fleet.filter(({ environment, wave }) => environment === one.environment && wave.index < one.wave.index);
      await rollOut(wavesOf(fleet, self), async (one) => {
        begun.push(one);
        for (const other of earlier(one)) expect(ended).toContain(other.stackName);
        await new Promise(setImmediate);
        ended.add(one.stackName);
        return isWell(one.stackName);
      });
      for (const one of fleet) {
        const shouldBegin = earlier(one).every(({ stackName }) => isWell(stackName));
        expect(begun.includes(one)).toBe(shouldBegin);
      }
    }),
    { numRuns: 60 },
  );
});

test("an error that nobody foresaw is thrown once every member at work has ended, and begins no later wave", async () => {
  const [broken, slow, later] = [member("a", 0, 0), member("a", 0, 1), member("a", 1, 0)];
  const ended: string[] = [];
  const rolling = rollOut(wavesOf([broken, slow, later], self), async (one) => {
    if (one === broken) throw new Error("unforeseen");
    await new Promise(setImmediate);
    ended.push(one.stackName);
    return true;
  });
  await expect(rolling).rejects.toThrow("unforeseen");
  expect(ended).toEqual([slow.stackName]);
});
