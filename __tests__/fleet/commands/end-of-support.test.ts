/** Commands and reviews warn before the end of support of a version in use, and never fail because of it. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { reviewHtml } from "../../../fleet/review/html";
import { reviewMarkdown } from "../../../fleet/review/markdown";
import { summary } from "../../../fleet/review/summary";
import { sampleInstance } from "../../stacks/sample-instance";
import { recordedJson, recordedYaml } from "../guard/recorded-plan";
import { runFleet, scratch } from "../run-fleet";

const fixedDate = path.join(scratch, "fixed-date.cjs");
beforeAll(() => {
  writeFileSync(
    fixedDate,
    `const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) { super(...(given.length === 0 ? [process.env.FIXED_DATE] : given)); }
  static now() { return Real.parse(process.env.FIXED_DATE); }
};`,
  );
});

const yaml = recordedYaml();
/** Runs a command as if on this day, with warnings. */
const runOn = async (day: string, ...args: readonly string[]) =>
  runFleet(
    args,
    { "dev.yaml": yaml },
    { END_OF_SUPPORT_WARNINGS: "", NODE_OPTIONS: `--require ${fixedDate}`, FIXED_DATE: `${day}T12:00:00Z` },
  );
const aboutRuntime = (stderr: string): readonly string[] =>
  stderr.split("\n").filter((line) => line.includes("nodejs22.x"));

/** The output of `list --json` without warnings. */
let quiet: string;
beforeAll(async () => {
  ({ stdout: quiet } = await runFleet(["list", "--json"], { "dev.yaml": yaml }));
});

test.each([
  ["2026-10-31", 181, []],
  ["2026-11-01", 180, [/^Warning: Support for the Lambda runtime nodejs22\.x \(1 instance\) .*\(in 180 days\); /]],
  ["2027-04-30", 0, [/^Warning: Support for the Lambda runtime nodejs22\.x \(1 instance\) .*\(today\); /]],
])("list on %s, %d days before the end of nodejs22.x", async (day, _, wanted) => {
  const { exitCode, stdout, stderr } = await runOn(day, "list", "--json");
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: quiet });
  const lines = aboutRuntime(stderr);
  expect(lines).toHaveLength(wanted.length);
  wanted.forEach((pattern, n) => {
    expect(lines[n]).toMatch(pattern);
  });
});

test("preflight, verify, deploy and drift warn once and before their first request", async () => {
  const commands = ["preflight", "verify", "deploy", "drift"];
  const runs = await Promise.all(commands.map(async (command) => runOn("2027-04-30", command)));
  // Without an AWS account, an app and plans, each command fails for its own reason.
  expect(runs.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1, 1]);
  expect(runs.map(({ stderr }) => aboutRuntime(stderr).length)).toEqual([1, 1, 1, 1]);
});

test("the review of guard warns, and the exit code stays the same", async () => {
  const plan = path.join(scratch, "plan.json");
  writeFileSync(plan, recordedJson("adoption"));
  const { exitCode, stdout } = await runOn("2027-04-30", "guard", plan, "dev-recorded-us-east-1");
  expect(exitCode).toBe(2);
  expect(aboutRuntime(stdout)).toHaveLength(1);
});

test("every form of the review shows the warnings, and is the same as before without warnings", () => {
  const stacks = [{ instance: sampleInstance, unchanged: true }];
  const warning = "Support for Node.js 22 ends on 30 April 2027 (today). Use Node.js 24.";
  for (const review of [summary, reviewMarkdown, reviewHtml]) {
    expect(review(stacks, [], [warning])).toContain(warning);
    expect(review(stacks, [], [])).toBe(review(stacks));
    expect(review(stacks)).not.toContain("Support for");
  }
});
