/** Strings of any Unicode characters, for property tests. */
import fc from "fast-check";

/** Every code point except surrogates, which are no characters. One in ten is in Latin-1. */
const character = fc
  .oneof(
    { arbitrary: fc.integer({ min: 0, max: 0xff }), weight: 1 },
    { arbitrary: fc.integer({ min: 0, max: 0x10f7ff }), weight: 9 },
  )
  .map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800));

/** Like `fc.string({ unit: "binary" })`, which takes seconds to create. */
export const unicodeString = (constraints: Omit<fc.StringConstraints, "unit"> = {}): fc.Arbitrary<string> =>
  fc.string({ ...constraints, unit: character });
