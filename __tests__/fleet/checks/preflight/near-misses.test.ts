/** Which of the Dispositions that contacts carry were probably meant by a configured one. */
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
])("%j is meant by %j: %s", (configured, value, how) => {
  const seen = [
    ["Resolved", 9],
    [value, 3],
  ] as const;
  expect(nearMisses(configured, seen)).toEqual([{ value, contacts: 3, how }]);
});

test("the value itself and what has nothing to do with it are no near misses", () => {
  const seen = [
    ["Blocked", 4],
    ["Resolved", 9],
    ["Sales:Cancel", 1],
    [":", 1],
    ["a:b:c:d:Blocked", 1],
  ] as const;
  expect(nearMisses("Blocked", seen)).toEqual([]);
});
