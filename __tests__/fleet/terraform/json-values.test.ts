/** The comparison of JSON values agrees with their canonical texts. */
import fc from "fast-check";
import { canonicalJson, isEqual } from "../../../fleet/terraform/json-values";

/** The value with the keys of each object in the opposite order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]: [string, unknown]) => [key, reordered(item)]),
  );
}

/** Small values, so that two of them are often equal or nearly equal. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>(null, true, false, 0, 1, "", "a", "0", undefined),
    fc.array(tie("value"), { maxLength: 2 }),
    fc
      .array(fc.tuple(fc.constantFrom("a", "b", "0", "length", "__proto__"), tie("value")), { maxLength: 3 })
      .map((entries) => Object.fromEntries(entries) as unknown),
  ),
}));

test("two values are equal if their texts with sorted keys are equal", () => {
  let equal = 0;
  fc.assert(
    fc.property(value, value, (a, b) => {
      const isSameText = canonicalJson(a) === canonicalJson(b);
      if (isSameText) equal += 1;
      expect(isEqual(a, b)).toBe(isSameText);
    }),
    { numRuns: 5_000 },
  );
  expect(equal).toBeGreaterThan(100);
});

test("the order of keys does not matter", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (a) => {
      expect(isEqual(a, reordered(a))).toBe(true);
      expect(isEqual(a, [a])).toBe(false);
      expect(isEqual({ a }, { b: a })).toBe(false);
    }),
  );
});

test.each([
  [{}, { toString: null }],
  [{ constructor: undefined }, {}],
  [[], {}],
  [[undefined], [null]],
  [undefined, null],
  ["1", 1],
  [
    { a: undefined, b: 1 },
    { b: 1, c: undefined },
  ],
  [{ a: undefined }, { b: 1 }],
])("%j and %j are compared by their own keys with a value", (a, b) => {
  expect(isEqual(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
  expect(isEqual(b, a)).toBe(canonicalJson(a) === canonicalJson(b));
});
