/** First deployments of many instances with the same settings are one part of the review, whatever the instances are named. */
import type { InstanceConfig } from "../../../config/types";
import { guard } from "../../../fleet/guard/guard";
import { reviewHtml } from "../../../fleet/review/html";
import { reviewMarkdown } from "../../../fleet/review/markdown";
import { type PlannedStack, reviewOf } from "../../../fleet/review/review";
import { load } from "../../config/environment-files";
import { firstPlan } from "../guard/synthesized-plan";
import { today } from "./planned-stacks";

const regions = ["us-east-1", "us-west-2", "eu-central-1"];

/** Names that no pattern derives from the instance. */
const ownNames = (n: number): string => `    function: { name: lookup${n}, roleName: reader${n} }
    alarms: { canaryName: probe${n}, canaryRoleName: prober${n} }
`;

/** An environment with instances of these names, in several regions. */
const environmentFile = (account: string, names: readonly string[]): string => `account: "${account}"
region: us-east-1
state: { bucket: acme-terraform-state, region: us-east-1 }
blockedDispositions: [Blocked, "Nuisance:Confirmed"]
instances:
${names
  .map(
    (name, n) => `  - name: ${name}
    id: 00000000-0000-4000-8000-${account.slice(0, 4)}${String(n).padStart(8, "0")}
    region: ${regions[n % regions.length] ?? ""}
    inboundFlow: { queue: 11111111-2222-4333-8444-${String(n).padStart(12, "0")} }
${name.startsWith("own-names-") ? ownNames(n) : ""}`,
  )
  .join("")}`;

const planned = (instance: InstanceConfig): PlannedStack => {
  const plan = firstPlan(instance);
  return { instance, plan, guard: guard(plan, instance, today) };
};

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${String(n + 1).padStart(2, "0")}`);

test("equal first deployments of 50 instances are one change in every format", () => {
  const stacks = load({
    "dev.yaml": environmentFile("111122223333", names("site-", 20)),
    "prod.yaml": environmentFile("444455556666", [...names("a", 28), ...names("own-names-", 2)]),
  }).map(planned);
  const { changes } = reviewOf(stacks);
  // The first instance of an environment has the dashboard of the environment.
  expect(changes.map(({ stacks: equal }) => equal.length)).toEqual([48, 2]);
  const markdown = reviewMarkdown(stacks);
  expect(markdown).toContain("### 48 instances with the same change");
  expect(markdown.match(/aws_lambda_function\.blocked_calls/g)?.length).toBeLessThan(5);
  expect(markdown.length).toBeLessThan(40_000);
  expect(reviewHtml(stacks).match(/48 instances with the same change/g)).toHaveLength(1);
});
