/** The runbook that people read is the one that the alarms link. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "../../lambda/packaging";
import { ALARMS, alarmResources } from "../../stacks/alarms";
import { runbookPage } from "../../scripts/runbook-page";
import { sampleInstance } from "../stacks/sample-instance";

const file = join(projectRoot(), "docs/runbook.md");
const committed = readFileSync(file, "utf8");
/** Anchors as GitHub makes them of headings. */
const anchors = [...committed.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, "")
    .replaceAll(" ", "-"),
);

test("docs/runbook.md is current; if not: npm run runbook", () => {
  // The formatter has aligned its columns.
  const text = (page: string): string => page.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---").trim();
  expect(text(committed)).toBe(text(runbookPage()));
});

test("every alarm links its entry, by default and where the environment file says that the runbook is elsewhere", () => {
  for (const runbookUrl of ["docs/runbook.md", "https://wiki.example.com/runbook"]) {
    const resources = alarmResources({ ...sampleInstance, alarms: { ...sampleInstance.alarms, runbookUrl } });
    const alarms = Object.values(resources["aws_cloudwatch_metric_alarm"] ?? {}) as { alarm_description: string }[];
    expect(alarms).toHaveLength(ALARMS.length);
    for (const { alarm_description } of alarms) {
      const [, url, anchor = ""] = /What to do: (\S+)#(\S+)$/.exec(alarm_description) ?? [];
      expect(url).toBe(runbookUrl);
      expect(anchors).toContain(anchor);
      // CloudWatch takes 1,024 characters, and cuts nothing off.
      expect(alarm_description.length).toBeLessThanOrEqual(1024);
    }
  }
});

test("every link in the page leads somewhere", () => {
  const links = [...committed.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(ALARMS.length);
  for (const link of links) {
    if (link.startsWith("#")) expect(anchors).toContain(link.slice(1));
    else expect(existsSync(join(dirname(file), link))).toBe(true);
  }
});

test("each entry says what it means, what callers notice, how to find out and how to mend it", () => {
  for (const { id, means, callers, findOut, mend, keys } of ALARMS) {
    expect(id).toMatch(/^[a-z_]+$/);
    for (const sentence of [means, callers, ...findOut, ...mend]) expect(sentence).toMatch(/^[A-Z`].*[.?`]$/);
    expect(findOut.length).toBeGreaterThan(0);
    expect(mend.length).toBeGreaterThan(0);
    expect(keys.length).toBeGreaterThan(0);
  }
});
