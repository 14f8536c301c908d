/** Dispositions of contacts that are probably misspellings of a configured Disposition. */
import { nearMisses } from "../../../../fleet/checks/preflight/near-misses";

test.each([
  ["Blocked", "blocked", "upper and lower case"],
  ["Blocked", "Blocked ", "spaces"],
  ["Nuisance:Confirmed", "Nuisance : Confirmed", "spaces"],
  ["Café", "Cafe\u0301", "Unicode form"],
  ["Nuisance:Confirmed", "Confirmed", "one level is missing"],
  ["Nuisance:Confirmed", "nuisance", "one level is missing"],
  ["Blocked", "Nuisance:Blocked", "it has one more level"],
  ["Blocked", "Blokced", "spelling"],
])("for %j, %j is a near miss: %s", (configured, value, how) => {
  const seen = [
    ["Resolved", 9],
    [value, 3],
  ] as const;
  expect(nearMisses(configured, seen)).toEqual([{ value, contacts: 3, how }]);
});

test("the same value and unrelated values are not near misses", () => {
  const seen = [
    ["Blocked", 4],
    ["Resolved", 9],
    ["Sales:Cancel", 1],
    [":", 1],
    ["a:b:c:d:Blocked", 1],
  ] as const;
  expect(nearMisses("Blocked", seen)).toEqual([]);
});
