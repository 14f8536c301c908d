/** Which other spellings of a Disposition are asked for. */
import fc from "fast-check";
import { nearDispositions } from "../../../../fleet/checks/caller/near-dispositions";

test.each([
  ["Blocked", ["blocked", "BLOCKED", " Blocked", "Blocked "]],
  ["blocked", ["Blocked", "BLOCKED"]],
  ["Do not call", ["DO NOT CALL", "Do Not Call", "Do not call "]],
  [
    "Nuisance:Confirmed",
    ["nuisance:confirmed", "Nuisance: Confirmed", "Nuisance : Confirmed", "Nuisance", "Confirmed"],
  ],
  ["Sales:Nuisance:Confirmed", ["Nuisance:Confirmed", "Sales:Nuisance", "sales:nuisance:confirmed"]],
])("of %s others are asked for", (configured, near) => {
  expect(nearDispositions(configured)).toEqual(expect.arrayContaining(near));
});

test("never the configured one, none twice, none empty, and not many", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: "binary" }), (configured) => {
      const near = nearDispositions(configured);
      expect(near).not.toContain(configured);
      expect(near).not.toContain("");
      expect(new Set(near).size).toBe(near.length);
      const levels = configured.split(":").length;
      expect(near.length).toBeLessThanOrEqual(5 * (levels + 7) + 5);
    }),
  );
});
