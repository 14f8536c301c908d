/** Tests that docs/reasons.md is current and complete. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { REASONS } from "../../lambda/blocked-calls/reasons";
import { projectRoot } from "../../lambda/packaging";
import { reasonsPage } from "../../scripts/reasons-page";

test("docs/reasons.md is current; if not, run: npm run reasons", () => {
  expect(readFileSync(join(projectRoot(), "docs/reasons.md"), "utf8")).toBe(reasonsPage());
});

test("every reason has one row with its response and category", () => {
  const rows = [...reasonsPage().matchAll(/^\| `(\w+)` \| `(\w+)` \| (\w+) \|/gm)];
  const table = rows.map(([, reason, response, category]) => [reason, { response, category }]);
  expect(Object.fromEntries(table)).toEqual(REASONS);
});
