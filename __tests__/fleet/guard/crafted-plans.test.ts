/** The guard refuses plans that differ in meaning from the environment file, and each rule refuses a plan that no other rule refuses. */
import { guardRuleIds } from "../../../config/guard-rules";
import { guard, rules } from "../../../fleet/guard/guard";
import { parsePlan } from "../../../fleet/terraform/plan-json";
import { craftedJson, craftedPlans } from "./crafted-plans";
import { recordedInstance, recordedNames, recordedPlan, recordedSettings } from "./recorded-plan";

const today = "2026-06-30";

test.each(craftedPlans.map((crafted) => [`${crafted.plan}: ${crafted.what}`.slice(0, 100), crafted] as const))(
  "%s",
  (_, crafted) => {
    const { violations } = guard(parsePlan(craftedJson(crafted)), recordedInstance(crafted.settings), today);
    const found = violations.flatMap(({ rule, address }) => [rule, `${rule} ${address}`]);
    expect(found).toContain(crafted.rule);
    for (const { what, fix } of violations) {
      for (const text of [what, fix]) expect(text).toMatch(/^.{30,}[.]$/s);
      expect(what + fix).not.toMatch(/undefined|\[object|NaN/);
    }
  },
);

test("a crafted plan is refused because of its change", () => {
  for (const name of new Set(craftedPlans.map(({ plan }) => plan))) {
    const { violations } = guard(recordedPlan(name), recordedInstance(recordedSettings[name]), today);
    // The new name of the function needs an allowance for its old log group.
    expect(violations.map(({ rule }) => rule)).toEqual(name === "function-renamed" ? ["deletion"] : []);
  }
});

test("a function whose description was changed in AWS is changed back", () => {
  const plan = recordedPlan("lambda-edit");
  for (const { address, change } of plan.resource_changes) {
    if (address === "aws_lambda_function.blocked_calls") Object.assign(change.before ?? {}, { description: "by hand" });
  }
  expect(guard(plan, recordedInstance(recordedSettings["lambda-edit"]), today).violations).toEqual([]);
});

test("a flow that was renamed in AWS is changed back", () => {
  const plan = recordedPlan("no-change");
  const [flow, drift] = [plan.resource_changes, plan.resource_drift].map((changes) =>
    changes.find(({ address }) => address === "aws_connect_contact_flow.inbound"),
  );
  // The state has our description, so the flow is ours.
  expect(JSON.stringify(drift?.change.before)).toContain("Asks the module blockedStatus");
  const before = { ...(flow?.change.before as object), name: "Sales", description: "Sales" };
  Object.assign(flow?.change ?? {}, { actions: ["update"], before });
  const changed = guard({ ...plan, applyable: true }, recordedInstance(recordedSettings["no-change"]), today);
  expect(changed.violations).toEqual([]);
});

/** The rules that refuse each recorded or crafted plan. */
const refusedBy: readonly (readonly string[])[] = [
  ...recordedNames.map((name) => [recordedPlan(name), recordedInstance(recordedSettings[name])] as const),
  ...craftedPlans.map((crafted) => [parsePlan(craftedJson(crafted)), recordedInstance(crafted.settings)] as const),
].map(([plan, instance]) => guardRuleIds.filter((id) => rules[id](plan, instance).length > 0));

// The rule "rename" explains what other rules refuse too; guard.test.ts expects its message.
test.each(guardRuleIds.filter((id) => id !== "rename"))(
  "without the rule %s, a plan that must be refused would pass",
  (id) => {
    expect(refusedBy.filter((refusing) => refusing.join() === id)).not.toEqual([]);
  },
);
