/** Tests that docs/runbook.md is current and that every alarm links its entry. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "../../lambda/packaging";
import { ALARMS, alarmResources } from "../../stacks/alarms";
import { runbookPage } from "../../scripts/runbook-page";
import { sampleInstance } from "../stacks/sample-instance";

const file = join(projectRoot(), "docs/runbook.md");
const committed = readFileSync(file, "utf8");
/** The anchors that GitHub derives from the headings. */
const anchors = [...committed.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-"),
);

test("docs/runbook.md is current; if not, run: npm run runbook", () => {
  // The formatter aligned the columns of the tables.
  const text = (page: string): string => page.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---").trim();
  expect(text(committed)).toBe(text(runbookPage()));
});

test("every alarm links its entry, in the default runbook and in the team's runbook", () => {
  for (const runbookUrl of ["docs/runbook.md", "https://wiki.example.com/runbook"]) {
    const resources = alarmResources({ ...sampleInstance, alarms: { ...sampleInstance.alarms, runbookUrl } });
    const alarms = Object.values(resources["aws_cloudwatch_metric_alarm"] ?? {}) as { alarm_description: string }[];
    expect(alarms).toHaveLength(ALARMS.length);
    for (const { alarm_description } of alarms) {
      const [, url, anchor = ""] = /What to do: (\S+)#(\S+)$/.exec(alarm_description) ?? [];
      expect(url).toBe(runbookUrl);
      expect(anchors).toContain(anchor);
      // CloudWatch refuses a description with more than 1,024 characters.
      expect(alarm_description.length).toBeLessThanOrEqual(1024);
    }
  }
});

test("every link in the page has a target", () => {
  const links = [...committed.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(ALARMS.length);
  for (const link of links) {
    if (link.startsWith("#")) expect(anchors).toContain(link.slice(1));
    else expect(existsSync(join(dirname(file), link))).toBe(true);
  }
});

test("each entry has a cause, an impact, a diagnosis and a remediation", () => {
  for (const { id, cause, impact, diagnosis, remediation, keys } of ALARMS) {
    expect(id).toMatch(/^[a-z_]+$/);
    for (const sentence of [cause, impact, ...diagnosis, ...remediation]) expect(sentence).toMatch(/^[A-Z`].*[.?`]$/);
    expect(diagnosis.length).toBeGreaterThan(0);
    expect(remediation.length).toBeGreaterThan(0);
    expect(keys.length).toBeGreaterThan(0);
  }
});
