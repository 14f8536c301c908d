/** How many stacks are worked on at once. */
import fc from "fast-check";
import { CommandError } from "../../../fleet/output/command-error";
import { parallelFrom, settled, ConcurrencyLimiter } from "../../../fleet/plans/concurrency-limiter";

interface Watched {
  readonly started: string[];
  /** Ends the work of that name. */
  readonly end: (name: string) => Promise<void>;
  readonly results: Promise<(string | undefined)[]>;
}

/** Work that ends when it is told to; names are `<group>:<anything>`. */
function watch(limiter: ConcurrencyLimiter, names: readonly string[]): Watched {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const results = names.map((name) =>
    limiter.use(name.split(":")[0] ?? "", async () => {
      started.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    }),
  );
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { started, end, results: Promise.all(results) };
}

const never = (): boolean => false;

test("one that waits for its own account does not hold up another account", async () => {
  const work = watch(new ConcurrencyLimiter({ parallel: 2, perGroup: 1, isStopping: never }), ["a:1", "a:2", "b:1"]);
  await work.end("");
  expect(work.started).toEqual(["a:1", "b:1"]);
  await work.end("a:1");
  expect(work.started).toEqual(["a:1", "b:1", "a:2"]);
});

test("after a stop nothing starts, and what runs goes on to its end", async () => {
  let isStopping = false;
  const work = watch(new ConcurrencyLimiter({ parallel: 1, perGroup: 1, isStopping: () => isStopping }), [
    "a:1",
    "a:2",
    "a:3",
  ]);
  await work.end("");
  isStopping = true;
  await work.end("a:1");
  expect(await work.results).toEqual(["a:1", undefined, undefined]);
  expect(work.started).toEqual(["a:1"]);
});

test("work that fails gives its slot back", async () => {
  const limiter = new ConcurrencyLimiter({ parallel: 1, perGroup: 1, isStopping: never });
  await expect(limiter.use("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await limiter.use("a", () => Promise.resolve("yes"))).toBe("yes");
});

test("whatever the work, no limit is passed, all of it is done, and no slot is left unused while something could start", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.nat()),
      async (groups, parallel, perGroup, choices) => {
        const names = groups.map((group, n) => `${group}:${n}`);
        const work = watch(new ConcurrencyLimiter({ parallel, perGroup, isStopping: never }), names);
        const ended: string[] = [];
        await work.end("");
        while (ended.length < names.length) {
          const running = work.started.filter((name) => !ended.includes(name));
          const inGroup = (name: string): number => running.filter((one) => one.startsWith(name.slice(0, 2))).length;
          const waiting = names.filter((name) => !work.started.includes(name));
          expect(running.length).toBeLessThanOrEqual(parallel);
          for (const name of running) expect(inGroup(name)).toBeLessThanOrEqual(perGroup);
          const isIdle = running.length < parallel && waiting.some((name) => inGroup(name) < perGroup);
          expect(isIdle).toBe(false);
          const [choice = 0] = [...choices.take(1)];
          const next = running[choice % running.length] ?? "";
          ended.push(next);
          await work.end(next);
        }
        expect(await work.results).toEqual(names);
      },
    ),
    { numRuns: 50 },
  );
});

test.each(["0", "33", "-1", "1.5", "many", "1e1", ""])("--parallel %j is refused with what is allowed", (given) => {
  expect(() => parallelFrom(given)).toThrow(CommandError);
  expect(() => parallelFrom(given)).toThrow("from 1 to 32");
});

test("--parallel is a whole number, and has a default of at least two", () => {
  expect(parallelFrom("7")).toBe(7);
  expect(parallelFrom(undefined)).toBeGreaterThanOrEqual(2);
});

test("of what fails the others end before anybody hears of it", async () => {
  let end = (): void => undefined;
  const slow = new Promise<string>(
    (resolve) =>
      (end = () => {
        resolve("ended");
      }),
  );
  const error = new Error("no");
  const heard: unknown[] = [];
  const all = settled([Promise.reject(error), slow]).catch((reason: unknown) => heard.push(reason));
  await new Promise(setImmediate);
  expect(heard).toEqual([]);
  end();
  await all;
  expect(heard).toEqual([error]);
});

test("what all came to is told in order", async () => {
  expect(await settled([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
});
