/** Waves run in order, and a failure stops the later waves of its environment. */
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

test("a failure stops the next wave of its environment, not its own wave or another environment", async () => {
  const fleet = [member("a", 1, 0), member("a", 0, 0), member("a", 0, 1), member("b", 0, 0), member("b", 1, 0)];
  const started: string[] = [];
  const notStarted = await rollOut(wavesOf(fleet, self), (one) => {
    started.push(one.stackName);
    return Promise.resolve(one.stackName !== "a-0-0");
  });
  expect(started.sort()).toEqual(["a-0-0", "a-0-1", "b-0-0", "b-1-0"]);
  expect(notStarted.map(({ environment, name }) => [environment, name])).toEqual([["a", "wave 1"]]);
});

test("a member starts only after all earlier waves of its environment succeeded", async () => {
  const fleets = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom("a", "b"), fc.nat(3), fc.nat(2))
      .map(([environment, index, n]) => member(environment, index, n)),
    { selector: ({ stackName }) => stackName, maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(fleets, fc.func(fc.boolean()), async (fleet, succeeds) => {
      const started: Member[] = [];
      const ended = new Set<string>();
      const earlier = (one: Member): Member[] =>
        fleet.filter(({ environment, wave }) => environment === one.environment && wave.index < one.wave.index);
      await rollOut(wavesOf(fleet, self), async (one) => {
        started.push(one);
        for (const other of earlier(one)) expect(ended).toContain(other.stackName);
        await new Promise(setImmediate);
        ended.add(one.stackName);
        return succeeds(one.stackName);
      });
      for (const one of fleet) {
        const shouldStart = earlier(one).every(({ stackName }) => succeeds(stackName));
        expect(started.includes(one)).toBe(shouldStart);
      }
    }),
    { numRuns: 60 },
  );
});

test("an unexpected error is thrown after all running members have ended, and starts no later wave", async () => {
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
