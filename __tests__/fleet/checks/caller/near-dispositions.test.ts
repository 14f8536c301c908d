/** The variants of a Disposition that `check` also queries. */
import fc from "fast-check";
import { nearDispositions } from "../../../../fleet/checks/caller/near-dispositions";
import { unicodeString } from "../../../unicode-string";

test.each([
  ["Blocked", ["blocked", "BLOCKED", " Blocked", "Blocked "]],
  ["blocked", ["Blocked", "BLOCKED"]],
  ["Do not call", ["DO NOT CALL", "Do Not Call", "Do not call "]],
  [
    "Nuisance:Confirmed",
    ["nuisance:confirmed", "Nuisance: Confirmed", "Nuisance : Confirmed", "Nuisance", "Confirmed"],
  ],
  ["Sales:Nuisance:Confirmed", ["Nuisance:Confirmed", "Sales:Nuisance", "sales:nuisance:confirmed"]],
])("%s has the expected variants", (configured, near) => {
  expect(nearDispositions(configured)).toEqual(expect.arrayContaining(near));
});

test("variants are different from the Disposition, unique, not empty and few", () => {
  fc.assert(
    fc.property(unicodeString({ minLength: 1 }), (configured) => {
      const near = nearDispositions(configured);
      expect(near).not.toContain(configured);
      expect(near).not.toContain("");
      expect(new Set(near).size).toBe(near.length);
      const levels = configured.split(":").length;
      expect(near.length).toBeLessThanOrEqual(5 * (levels + 7) + 5);
    }),
  );
});
