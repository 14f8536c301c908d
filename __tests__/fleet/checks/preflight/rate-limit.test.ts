/** The rate limit holds for pages of any cost, in every second and on average. */
import fc from "fast-check";
import { RateLimit } from "../../../../fleet/checks/preflight/rate-limit";

interface Page {
  readonly at: number;
  readonly units: number;
}

/**
 * Reads pages one after the other as a scan does, each as soon as the limit allows.
 *
 * @param unitsOf cost of a page with this number of items
 */
function read(rate: number, pages: number, unitsOf: (items: number, page: number) => number, latency: number): Page[] {
  let now = 0;
  const limit = new RateLimit(rate, now);
  return Array.from({ length: pages }, (_, page) => {
    for (let ms = limit.waitMs(now); ms > 0; ms = limit.waitMs(now)) now += ms;
    const at = now;
    const items = limit.pageLimit();
    const units = unitsOf(items, page);
    now += latency;
    limit.spent(now, units, items);
    return { at, units };
  });
}

/** Rounds as DynamoDB does: 4 kB cost half a unit, and a page has at most 1 MB. */
const cost = (bytes: number): number => Math.min(128, Math.max(1, Math.ceil(bytes / 4096)) / 2);

/** The largest consumption in any interval of `windowMs`. */
function peak(pages: readonly Page[], windowMs: number): number {
  return Math.max(
    ...pages.map(({ at }) =>
      pages.filter((page) => page.at >= at && page.at < at + windowMs).reduce((sum, { units }) => sum + units, 0),
    ),
  );
}

const rates = fc.integer({ min: 1, max: 5000 });
const latencies = fc.integer({ min: 1, max: 400 });

test("with items of one size, neither a second nor the average exceeds the rate", () => {
  // Half of the bucket has room for at least one item.
  const sizes = fc.integer({ min: 1, max: 100_000 });
  fc.assert(
    fc.property(rates, latencies, sizes, (rate, latency, size) => {
      fc.pre(cost(size) <= Math.max(rate / 20, 0.5));
      const pages = read(rate, 150, (items) => cost(items * size), latency);
      expect(peak(pages, 1000)).toBeLessThanOrEqual(rate + 1e-9);
      let sum = 0;
      for (const { at, units } of pages) {
        sum += units;
        expect(sum).toBeLessThanOrEqual((rate * at) / 1000 + Math.max(0.5, rate * 1e-9));
      }
    }),
  );
});

test("with items of any size, an interval exceeds the rate by at most one page", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 409_600 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(rates, latencies, sizes, (rate, latency, sizesOfItems) => {
      const pages = read(
        rate,
        150,
        (items, page) => cost(items * (sizesOfItems[page % sizesOfItems.length] ?? 1)),
        latency,
      );
      const mostExpensive = Math.max(...pages.map(({ units }) => units));
      for (const windowMs of [1000, 10_000, 100_000]) {
        expect(peak(pages, windowMs)).toBeLessThanOrEqual((rate * windowMs) / 1000 + mostExpensive + 1e-6);
      }
    }),
  );
});

test("at a rate of 128 units, the largest possible page does not exceed the rate in any second", () => {
  const pages = read(128, 300, () => 128, 10);
  expect(peak(pages, 1000)).toBe(128);
});

test("most of the rate is used, for small and for large items", () => {
  for (const [rate, size] of [
    [5, 200],
    [25, 1000],
    [100, 200],
    [1000, 4000],
  ] as const) {
    const pages = read(rate, 400, (items) => cost(items * size), 5);
    const units = pages.reduce((sum, page) => sum + page.units, 0);
    expect(units / ((pages.at(-1)?.at ?? 0) / 1000)).toBeGreaterThan(0.7 * rate);
  }
});
