/** Counts are printed with a comma between thousands, as Node.js formats them for English. */
import { thousands } from "../../../../fleet/checks/preflight/prices";

test.each([0, 7, 999, 1000, 12_345, 999_999.5, 1_234_567, 100_000_000_000, -1, -123, -1234])("%d", (count) => {
  expect(thousands(count)).toBe(Math.round(count).toLocaleString("en-US"));
});
