/** The rate limit against pages of any cost: in no second, and over no time, more than it allows. */
import fc from "fast-check";
import { RateLimit } from "../../../../fleet/checks/preflight/rate-limit";

interface Page {
  readonly at: number;
  readonly units: number;
}

/**
 * Reads pages one after the other as a scan does, each as soon as it may.
 *
 * @param unitsOf what a page of so many items costs
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

/** As DynamoDB rounds: 4 kB are half a unit, a page of 1 MB is the end of it. */
const cost = (bytes: number): number => Math.min(128, Math.max(1, Math.ceil(bytes / 4096)) / 2);

/** The most that is consumed within `windowMs`, wherever it is laid. */
function peak(pages: readonly Page[], windowMs: number): number {
  return Math.max(
    ...pages.map(({ at }) =>
      pages.filter((page) => page.at >= at && page.at < at + windowMs).reduce((sum, { units }) => sum + units, 0),
    ),
  );
}

const rates = fc.integer({ min: 1, max: 5000 });
const latencies = fc.integer({ min: 1, max: 400 });

test("items of one size: no second has more than the rate, nor has the time since the start", () => {
  // Half of the bucket, a twentieth of a second, has room for one of them.
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

test("items of any size: over any time there is no more than the rate, but for one page", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 409_600 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(rates, latencies, sizes, (rate, latency, sizesOfItems) => {
      const pages = read(
        rate,
        150,
        (items, page) => cost(items * (sizesOfItems[page % sizesOfItems.length] ?? 1)),
        latency,
      );
      const dearest = Math.max(...pages.map(({ units }) => units));
      for (const windowMs of [1000, 10_000, 100_000]) {
        expect(peak(pages, windowMs)).toBeLessThanOrEqual((rate * windowMs) / 1000 + dearest + 1e-6);
      }
    }),
  );
});

test("from a rate of 128 units a second on, no page is dearer than a second's worth, whatever is in it", () => {
  const pages = read(128, 300, () => 128, 10);
  expect(peak(pages, 1000)).toBe(128);
});

test("nearly all of the rate is used, be items small or large", () => {
  for (const [rate, size] of [
    [5, 200],
    [25, 1000],
    [100, 200],
    [1000, 4000],
  ] as const) {
    const pages = read(rate, 400, (items) => cost(items * size), 5);
    const units = pages.reduce((sum, page) => sum + page.units, 0);
    expect(units / ((pages.at(-1)?.at ?? 0) / 1000)).toBeGreaterThan(0.7 * rate);
    // And pages are not so small that the rounding of each is what is paid for.
    const items = pages.map(({ units: one }) => one);
    expect(Math.max(...items)).toBeGreaterThanOrEqual(0.5);
  }
});
