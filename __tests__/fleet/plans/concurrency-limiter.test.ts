/** The limiter bounds concurrent work in total and for each group; the stack runner starts nothing after a stop. */
import fc from "fast-check";
import { ConcurrencyLimiter, waitForAll } from "../../../fleet/plans/concurrency-limiter";
import { StackRunner } from "../../../fleet/plans/for-each-stack";

interface ControlledWork {
  readonly started: string[];
  /** Ends the work with this name. */
  readonly end: (name: string) => Promise<void>;
  readonly results: Promise<(string | undefined)[]>;
}

/** Work that ends on request. Names are `<group>:<anything>`. */
function startWork(limiter: ConcurrencyLimiter, names: readonly string[]): ControlledWork {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const results = names.map((name) =>
    limiter.run(name.split(":")[0] ?? "", async () => {
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

test("work that waits for its own group does not delay another group", async () => {
  const work = startWork(new ConcurrencyLimiter({ parallel: 2, perGroup: 1 }), ["a:1", "a:2", "b:1"]);
  await work.end("");
  expect(work.started).toEqual(["a:1", "b:1"]);
  await work.end("a:1");
  expect(work.started).toEqual(["a:1", "b:1", "a:2"]);
});

test("after Ctrl-C no other stack starts, and running work continues to its end", async () => {
  const shutdown = { isStopping: false };
  const print = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  const runner = new StackRunner(3, { parallel: 1, kind: "apply", shutdown });
  const started: string[] = [];
  const results = ["one", "two", "three"].map((stackName) =>
    runner.run(
      { stackName, account: "111122223333", region: "eu-central-1" },
      {
        work: async () => {
          started.push(stackName);
          await new Promise(setImmediate);
          shutdown.isStopping = true;
          return stackName;
        },
        describe: () => "deployed",
      },
    ),
  );
  expect(await Promise.all(results)).toEqual(["one", undefined, undefined]);
  expect(started).toEqual(["one"]);
  expect(print.mock.calls.map(([text]) => text)).toContain("[2/3] two: not started: stopping\n");
});

test("failed work frees its slot", async () => {
  const limiter = new ConcurrencyLimiter({ parallel: 1, perGroup: 1 });
  await expect(limiter.run("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await limiter.run("a", () => Promise.resolve("yes"))).toBe("yes");
});

test("no limit is exceeded, all work is done, and no slot stays free while work could start", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.nat()),
      async (groups, parallel, perGroup, choices) => {
        const names = groups.map((group, n) => `${group}:${n}`);
        const work = startWork(new ConcurrencyLimiter({ parallel, perGroup }), names);
        const ended: string[] = [];
        await work.end("");
        while (ended.length < names.length) {
          const running = work.started.filter((name) => !ended.includes(name));
          const inGroup = (name: string): number =>
            running.filter((other) => other.startsWith(name.slice(0, 2))).length;
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

test("an error is thrown after all other work has ended", async () => {
  let end = (): void => undefined;
  const slow = new Promise<string>(
    (resolve) =>
      (end = () => {
        resolve("ended");
      }),
  );
  const error = new Error("no");
  const caught: unknown[] = [];
  const all = waitForAll([Promise.reject(error), slow]).catch((reason: unknown) => caught.push(reason));
  await new Promise(setImmediate);
  expect(caught).toEqual([]);
  end();
  await all;
  expect(caught).toEqual([error]);
});

test("results are in the order of the work", async () => {
  expect(await waitForAll([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
});
