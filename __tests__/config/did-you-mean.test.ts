/** Suggestions for mistyped words. */
import fc from "fast-check";
import { didYouMean } from "../../config/did-you-mean";

const known = ["account", "region", "state", "name", "id"];
const word = fc.string({ minLength: 3, maxLength: 20, unit: "grapheme-ascii" });

test.each([
  ["acount", "account"],
  ["regoin", "region"],
  ["State", "state"],
  ["nmae", "name"],
  ["ids", "id"],
])("%s suggests %s", (given, meant) => {
  expect(didYouMean(given, known)).toBe(meant);
});

test.each(["colour", "", "x", "a".repeat(100)])("a word without a similar word has no suggestion", (given) => {
  expect(didYouMean(given, known)).toBeUndefined();
});

test("the suggestion for a known word is the word itself", () => {
  fc.assert(
    fc.property(word, (given) => {
      expect(didYouMean(given, [given])).toBe(given);
    }),
  );
});

test("a word with one added, removed or changed character is recognized", () => {
  fc.assert(
    fc.property(word, fc.nat(), fc.constantFrom("", "x", "#"), fc.nat({ max: 1 }), (given, place, added, removed) => {
      const at = place % given.length;
      expect(didYouMean(given.slice(0, at) + added + given.slice(at + removed), [given])).toBe(given);
    }),
  );
});

test("the nearest word is suggested", () => {
  expect(didYouMean("us-west1", ["us-east-1", "us-west-2", "us-west-1"])).toBe("us-west-1");
});
