/**
 * The texts that reviewers read in difficult cases: a renamed file, a moved instance, a removal, a suspension, a new provider, 50 equal
 * first deployments, and a review at the size limit. The snapshots show the texts without their diffs, beside assertions of intent.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { guard } from "../../../fleet/guard/guard";
import { findExistingResources } from "../../../fleet/plans/existing-resources";
import { reviewHtml } from "../../../fleet/review/html";
import { reviewMarkdown } from "../../../fleet/review/markdown";
import type { PlannedStack } from "../../../fleet/review/review";
import { summary } from "../../../fleet/review/summary";
import { leftDeployedSince } from "../../../fleet/rollout/plan-changes";
import { parsePlan } from "../../../fleet/terraform/plan-json";
import { load } from "../../config/environment-files";
import { type AwsStub, startAwsStub } from "../aws-answers";
import { recordedInstance, recordedJson, recordedYaml } from "../guard/recorded-plan";
import { deployed, empty } from "../rollout/account-answers";
import { createFakeProject } from "../rollout/fake-project";
import { planned, today, without } from "./planned-stacks";

let aws: AwsStub;
beforeAll(async () => {
  aws = await startAwsStub();
});
afterAll(() => aws.close());

/** The Markdown without the content of its code blocks. */
const prose = (markdown: string): string => markdown.replaceAll(/^(`{3,})\w*\n[^]*?^\1$/gm, "(diff)");

describe("a first deployment of resources that another stack manages", () => {
  /** The review of the recorded adoption, in an account in which this stack deployed the instance. */
  async function review(
    managing: string,
  ): Promise<{ readonly stacks: readonly PlannedStack[]; readonly text: string }> {
    aws.answers = deployed(managing);
    const stack = planned("adoption");
    if (stack.plan === undefined || stack.guard === undefined) throw new Error("the adoption is not planned");
    const { violations, warnings } = await findExistingResources(stack.plan, stack.instance, aws.clients);
    const found = { ...stack.guard, violations: [...violations, ...stack.guard.violations] };
    const stacks = [{ ...stack, guard: found, warnings }, planned("lambda-edit", "other")];
    return { stacks, text: reviewMarkdown(stacks) };
  }

  test.each([
    ["renamed: environments/former.yaml is now dev.yaml", "former-recorded-us-east-1", "environments/former.yaml"],
    ["moved from environments/prod.yaml to dev.yaml", "prod-recorded-us-east-1", "environments/prod.yaml"],
  ])("%s", async (_, managing, file) => {
    const { stacks, text } = await review(managing);
    expect(text).toMatch(/^## ⛔ Refused: the plan of 1 of 2 instances must not be applied\./);
    for (const shown of [text, reviewHtml(stacks), summary(stacks)]) {
      const words = shown
        .replaceAll(/<[^>]*>/g, "")
        .replaceAll(/\s+/g, " ")
        .replaceAll("\\", "");
      expect(words).toContain("The plan would create 29 resources, but 6 of them exist already");
      expect(words).toContain(`The stack ${managing} manages them.`);
      // The two remedies.
      expect(words).toContain(`use the old file name again (${file}, now environments/dev.yaml), or move the state`);
      expect(words).toContain("docs/disaster-recovery.md");
      expect(words).toContain("A moved or renamed stack");
    }
    expect(prose(text)).toMatchSnapshot();
  });
});

describe("an instance without a plan", () => {
  const instances = (...lines: readonly string[]): string =>
    recordedYaml().replace(
      /instances:[^]*/,
      `instances:\n${lines.map((line, n) => `  - { id: 00000000-0000-4000-8000-00000000000${n}, ${line} }\n`).join("")}`,
    );
  const before = instances("name: acme", "name: branch", "name: depot");
  const digests = new Map(load({ "dev.yaml": before }).map(({ stackName }) => [stackName, "digest"]));

  test.each([
    ["removed", instances("name: acme", "name: branch")],
    ["suspended", instances("name: acme", "name: branch", "name: depot, suspended: true")],
  ])("%s: the review says what stays deployed, and how to continue", (reason, after) => {
    const all = load({ "dev.yaml": after });
    const left = leftDeployedSince({ digests, suspended: new Set() }, all);
    expect(left).toEqual([{ stackName: "dev-depot-us-east-1", reason }]);
    const stacks = all.filter(({ suspended }) => !suspended).map((instance) => ({ instance, unchanged: true }));
    const text = reviewMarkdown(stacks, left);
    for (const shown of [text, reviewHtml(stacks, left), summary(stacks, left)]) {
      expect(shown).toContain("Nothing to do: none of 2 instances would change.");
      expect(shown).toMatch(/dev-depot-us-east-1\. All resources stay deployed/);
      expect(shown).toMatch(/blocked callers stay blocked/);
      expect(shown).toContain(reason === "removed" ? "release: remove-index" : "until suspended is removed");
    }
    expect(text).toMatchSnapshot();
  });
});

test("a changed provider lock plans every stack; the output names the file and the base commit", async () => {
  const project = createFakeProject({ AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "" });
  try {
    const git = (...args: readonly string[]): string =>
      spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
        cwd: project.directory,
        encoding: "utf8",
      }).stdout.trim();
    aws.answers = empty;
    project.write("plan.json", recordedJson("no-change"));
    project.write(".gitignore", "build/\ncalls.log\n");
    git("init", "--quiet");
    git("add", "--all");
    git("commit", "--quiet", "--message", "base");
    const run = () => project.runHere("plan", "--changed-since", "HEAD", "--review-md", "build/review.md");

    const unchanged = await run();
    expect(unchanged.output).toContain("0 of 1 stacks differ from the base.");
    expect(project.calls()).not.toContain("plan ");

    const lock = git("ls-files", "fleet/terraform/locks").split("\n")[0] ?? "";
    appendFileSync(path.join(project.directory, lock), "# a new version\n");
    const { output } = await run();
    expect(output).toContain(`Base: HEAD (${git("rev-parse", "HEAD").slice(0, 12)})`);
    expect(output).toContain(`${lock} changed and can change every plan, so all stacks are planned.`);
    expect(project.calls()).toContain("plan ");
    const review = readFileSync(path.join(project.directory, "build/review.md"), "utf8");
    expect(review).toContain("| dev-recorded-us-east-1 | 0 | 0 | 0 | 0 | ✅ passed |");
    expect(prose(review)).toMatchSnapshot();
  } finally {
    project.remove();
  }
});

test("50 equal first deployments are one change, and each instance is in the table", () => {
  const stacks = Array.from({ length: 50 }, (_, n) => planned("adoption", `site-${n + 10}`));
  const text = reviewMarkdown(stacks);
  expect(text).toMatch(/^## ⚠️ 50 of 50 instances would change\. The guard allows all changes\./);
  for (const { instance } of stacks) expect(text).toContain(`| ${instance.stackName} | 1 | 29 | 1 | 0 | ✅ passed |`);
  expect(text).toContain("### 50 instances with the same change");
  expect(text.match(/^### /gm)).toHaveLength(1);
  expect(prose(text)).toMatchSnapshot();
});

/** GitHub's limit for a comment, and the length of the title that the workflow adds. */
const [comment, title] = [65_536, 400];

test.each([
  ["few stacks", 1, 1, 1, 0],
  ["many different changes", 2, 10, 40, 55_000],
  ["hundreds of failures", 3, 400, 2, 55_000],
])("with %s, the review fits in a comment and has every verdict", (_, refused, failed, changed, atLeast) => {
  const each = <T>(count: number, of: (n: number) => T): readonly T[] => Array.from({ length: count }, (_, n) => of(n));
  const stacks = [
    ...each(changed, (n): PlannedStack => {
      const [name, disposition] = [`changed-site${n}`, `Nuisance:Kind ${n}`];
      const instance = recordedInstance(`blockedDispositions: ["${disposition}", Blocked]`, name);
      const json = recordedJson("module-edit")
        .replaceAll("recorded", name)
        .replaceAll("Nuisance:Confirmed", disposition);
      const plan = parsePlan(json);
      return { instance, plan, guard: guard(plan, instance, today) };
    }),
    ...each(failed, (n) =>
      without(`failed-site${n}`, { failure: `Error ${n}: ${"the request failed for a reason. ".repeat(20)}` }),
    ),
    ...each(refused, (n) => planned("foreign-index-deleted", `refused-site${n}`)),
  ];
  const text = reviewMarkdown(stacks);
  expect(text.length).toBeLessThanOrEqual(comment - title);
  expect(text.length).toBeGreaterThan(atLeast);
  expect(text).toMatch(
    /^## ⛔ Refused: the plans? of \d+ of \d+ instances must not be applied\. \d+ of \d+ instances could not be/,
  );
  const rows = [...text.matchAll(/^\| dev-(\w+)-(site\d+)-us-east-1 \|.*\| (.*) \|$/gm)];
  const omitted = Number(/^… and (\d+) more rows, omitted\./m.exec(text)?.[1] ?? "0");
  expect(rows.length + omitted).toBe(stacks.length);
  // No row is cut, and rows of lower urgency are omitted first.
  const verdicts = rows.map(([, kind, , verdict]) => `${kind ?? ""}: ${verdict ?? ""}`);
  expect(
    [...new Set(verdicts)].every((one) => /^(refused: ⛔ refused \(\d+\)|failed: ❌ failed|changed: .+)$/.test(one)),
  ).toBe(true);
  const order = ["refused", "failed", "changed"];
  const kinds = rows.map(([, kind = ""]) => order.indexOf(kind));
  expect(kinds).toEqual([...kinds].sort((a, b) => a - b));
  // Each block of code is complete: a fence is opened and closed.
  expect((text.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
  if (atLeast > 0) expect(text).toMatch(/^> \*\*Shortened[^]*which are in the HTML review/m);
});
