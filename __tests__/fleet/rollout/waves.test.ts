/** Stages and waves run in order. A failure stops the later waves of its environment and all later stages. */
import fc from "fast-check";
import { rollOut, wavesOf } from "../../../fleet/rollout/waves";

interface Member {
  readonly environment: string;
  readonly stage: number;
  readonly stackName: string;
  readonly wave: { readonly name: string; readonly index: number };
}

const member = (environment: string, index: number, n: number, stage = 1): Member => ({
  environment,
  stage,
  stackName: `${environment}-${index}-${n}`,
  wave: { name: `wave ${index}`, index },
});

const self = (current: Member): Member => current;

test("a failure stops the next wave of its environment, not its own wave or another environment", async () => {
  const fleet = [member("a", 1, 0), member("a", 0, 0), member("a", 0, 1), member("b", 0, 0), member("b", 1, 0)];
  const started: string[] = [];
  const notStarted = await rollOut(wavesOf(fleet, self), (current) => {
    started.push(current.stackName);
    return Promise.resolve(current.stackName !== "a-0-0");
  });
  expect(started.sort()).toEqual(["a-0-0", "a-0-1", "b-0-0", "b-1-0"]);
  expect(notStarted.map(({ environment, name }) => [environment, name])).toEqual([["a", "wave 1"]]);
});

test("a failure stops all later stages, but not another environment of its stage", async () => {
  const fleet = [
    member("late", 0, 0, 4),
    member("a", 0, 0, 2),
    member("b", 0, 0, 2),
    member("b", 1, 0, 2),
    member("dev", 0, 0),
  ];
  const started: string[] = [];
  const notStarted = await rollOut(wavesOf(fleet, self), (current) => {
    started.push(current.stackName);
    return Promise.resolve(current.stackName !== "a-0-0");
  });
  expect(started).toEqual(["dev-0-0", "a-0-0", "b-0-0", "b-1-0"]);
  expect(notStarted.map(({ environment, name }) => [environment, name])).toEqual([["late", "wave 0"]]);
});

test("a member starts only after all earlier stages and all earlier waves of its environment succeeded", async () => {
  const fleets = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom("a", "b", "c"), fc.nat(3), fc.nat(2))
      .map(([environment, index, n]) => member(environment, index, n, environment === "c" ? 2 : 1)),
    { selector: ({ stackName }) => stackName, maxLength: 14 },
  );
  await fc.assert(
    fc.asyncProperty(fleets, fc.func(fc.boolean()), async (fleet, succeeds) => {
      const started: Member[] = [];
      const ended = new Set<string>();
      const earlier = (current: Member): Member[] =>
        fleet.filter(
          ({ environment, stage, wave }) =>
            stage < current.stage || (environment === current.environment && wave.index < current.wave.index),
        );
      await rollOut(wavesOf(fleet, self), async (current) => {
        started.push(current);
        for (const other of earlier(current)) expect(ended).toContain(other.stackName);
        await new Promise(setImmediate);
        ended.add(current.stackName);
        return succeeds(current.stackName);
      });
      for (const current of fleet) {
        const shouldStart = earlier(current).every(({ stackName }) => succeeds(stackName));
        expect(started.includes(current)).toBe(shouldStart);
      }
    }),
    { numRuns: 60 },
  );
});

test("an unexpected error is thrown after all running members have ended, and starts no later wave", async () => {
  const [broken, slow, later] = [member("a", 0, 0), member("a", 0, 1), member("a", 1, 0)];
  const ended: string[] = [];
  const rolling = rollOut(wavesOf([broken, slow, later], self), async (current) => {
    if (current === broken) throw new Error("unforeseen");
    await new Promise(setImmediate);
    ended.push(current.stackName);
    return true;
  });
  await expect(rolling).rejects.toThrow("unforeseen");
  expect(ended).toEqual([slow.stackName]);
});
