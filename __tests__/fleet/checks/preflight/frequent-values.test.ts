/** Counting any number of distinct values in bounded memory: exact while they fit, and within its own bound beyond. */
import fc from "fast-check";
import { FrequentValues } from "../../../../fleet/checks/preflight/frequent-values";

test("counts are exact while the values fit, and too low by no more than is told beyond", () => {
  const values = fc.array(fc.constantFrom(...Array.from("abcdefghijklmnop")), { maxLength: 300 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 20 }), (added, capacity) => {
      const frequent = new FrequentValues(capacity);
      const exact = new Map<string, number>();
      for (const value of added) {
        frequent.add(value);
        exact.set(value, (exact.get(value) ?? 0) + 1);
      }
      const kept = new Map(frequent.top(Infinity));
      expect(kept.size).toBeLessThanOrEqual(capacity);
      expect(frequent.total).toBe(added.length);
      if (exact.size <= capacity) expect([kept, frequent.forgotten]).toEqual([exact, 0]);
      for (const [value, count] of exact) {
        const counted = kept.get(value) ?? 0;
        expect(counted).toBeLessThanOrEqual(count);
        expect(counted).toBeGreaterThanOrEqual(count - frequent.forgotten);
        if (count > added.length / (capacity + 1)) expect(kept.has(value)).toBe(true);
      }
    }),
  );
});

test("it goes on from what it was, written and read", () => {
  const whole = new FrequentValues(2);
  const first = new FrequentValues(2);
  for (const value of ["a", "b", "c", "a"])
    [whole, first].forEach((one) => {
      one.add(value);
    });
  const second = new FrequentValues(2, JSON.parse(JSON.stringify(first)) as ReturnType<typeof first.toJSON>);
  for (const value of ["a", "d"])
    [whole, second].forEach((one) => {
      one.add(value);
    });
  expect(second.toJSON()).toEqual(whole.toJSON());
});
