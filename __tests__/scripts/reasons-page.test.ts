/** The page of reasons that people read is the one that the code has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REASONS } from "../../lambda/blocked-calls/reasons";
import { projectRoot } from "../../lambda/packaging";
import { reasonsPage } from "../../scripts/reasons-page";

test("docs/reasons.md is current; if not: npm run compile && node build/scripts/reasons-page.js", () => {
  expect(readFileSync(join(projectRoot(), "docs/reasons.md"), "utf8")).toBe(reasonsPage());
});

test("every reason has one row, with what it answers", () => {
  const rows = [...reasonsPage().matchAll(/^\| `(\w+)` \| `(\w+)` \| (\w+) \|/gm)];
  const table = rows.map(([, reason, response, outcome]) => [reason, { response, outcome }]);
  expect(Object.fromEntries(table)).toEqual(REASONS);
});
