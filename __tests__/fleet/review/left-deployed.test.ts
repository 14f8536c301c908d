/** The review shows instances that a change leaves deployed without a plan. */
import { leftDeployedTexts } from "../../../fleet/review/left-deployed";
import type { LeftDeployed } from "../../../fleet/review/left-deployed";
import { reviewHtml } from "../../../fleet/review/html";
import { reviewMarkdown } from "../../../fleet/review/markdown";
import { summary } from "../../../fleet/review/summary";
import { sampleInstance } from "../../stacks/sample-instance";

const left: readonly LeftDeployed[] = [
  { stackName: "prod-acme-us-east-1", reason: "removed" },
  { stackName: "prod-other-us-east-1", reason: "suspended" },
];
const unchanged = [{ instance: sampleInstance, unchanged: true }];

test("every form of the review names each instance, what stays deployed, and the next step", () => {
  for (const review of [summary(unchanged, left), reviewMarkdown(unchanged, left), reviewHtml(unchanged, left)]) {
    expect(review).toMatch(/Removed from the environment files: prod-acme-us-east-1\. All resources stay deployed/);
    expect(review).toMatch(/add the instance again with release: remove-index/);
    expect(review).toMatch(/Suspended: prod-other-us-east-1\. All resources stay deployed as they are/);
  }
});

test("without such instances there is no text", () => {
  expect(leftDeployedTexts([])).toEqual([]);
  expect(reviewMarkdown(unchanged)).toBe(reviewMarkdown(unchanged, []));
});

test("hundreds of removed instances are one short text", () => {
  const many = Array.from({ length: 500 }, (_, n) => ({ stackName: `prod-acme-${n}`, reason: "removed" as const }));
  const [text = "", ...others] = leftDeployedTexts(many);
  expect(others).toEqual([]);
  expect(text).toContain("and 495 more.");
  expect(text.length).toBeLessThan(600);
});
