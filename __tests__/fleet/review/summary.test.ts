/** The review in the terminal shows every change: the table first, then permissions, then other resources, and new alarms in one line. */
import { diffOfPlan } from "../../../fleet/review/diff";
import { summary } from "../../../fleet/review/summary";
import type { PlanJson } from "../../../fleet/terraform/plan-json";
import { recordedPlan } from "../guard/recorded-plan";
import { planned as plannedStack } from "./planned-stacks";

const lines = (...stacks: Parameters<typeof summary>[0]): readonly string[] => summary(stacks).split("\n");

test("a first deployment shows the table, permissions, new resources, and one line for all alarms", () => {
  const shown = lines(plannedStack("adoption"));
  const place = (text: string): number => shown.findIndex((line) => line.includes(text));
  const places = [
    "import and change aws_dynamodb_table.contacts",
    "+ index Disposition-CustomerEndpoint-index: keys Disposition, CustomerEndpoint; KEYS_ONLY",
    "+ aws_lambda_permission.connect: may: connect.amazonaws.com lambda:InvokeFunction",
    "create aws_connect_contact_flow_module.blocked_status",
    "create 11 new alarms",
    "1 of 1 instance would change.",
  ].map(place);
  expect(places).not.toContain(-1);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(shown.filter((line) => line.includes("aws_cloudwatch_metric_alarm."))).toEqual([]);
});

test("every changed resource has its attributes, and stacks with the same change share them", () => {
  const shown = lines(plannedStack("lambda-edit", "a"), plannedStack("lambda-edit", "b"));
  expect(shown).toContain("dev-a-us-east-1 and dev-b-us-east-1:");
  expect(shown.filter((line) => line.includes("change aws_lambda_function.blocked_calls"))).toHaveLength(1);
  expect(shown).toContain("    ~ version: 1 → (known after the apply)");
});

test("a source that is not known yet is not called any source", () => {
  const shown = lines(plannedStack("adoption")).filter((line) => line.includes("aws_lambda_permission.canary:"));
  expect(shown).toEqual([expect.stringContaining("from (source_arn known after the apply)")]);
});

test("a long change is cut", () => {
  const stack = plannedStack("lambda-edit");
  const [first] = (stack.plan?.resource_changes ?? []).filter(({ change }) => change.actions.join() === "update");
  if (stack.plan === undefined || first === undefined) throw new Error("the recorded plan has no update");
  const many = Array.from({ length: 200 }, (_, n) => ({ ...first, address: `${first.address}${n}` }));
  const shown = lines({ ...stack, plan: { ...stack.plan, resource_changes: many } });
  expect(shown.length).toBeLessThan(120);
  expect(shown.join("\n")).toMatch(/… \d+ more lines: use --review-md or --review-html/);
});

describe("a changed output has a line", () => {
  const output = (change: Partial<PlanJson["output_changes"][string]>): readonly string[] =>
    diffOfPlan({
      ...recordedPlan("no-change"),
      output_changes: { x: { actions: ["update"], before: "a", after: "b", ...change } },
    }).flatMap((diff) => diff.lines.map(({ sign, text }) => `${diff.address}: ${sign} ${text}`));

  test.each([
    [{}, "outputs: ~ x: a → b"],
    [{ actions: ["create"] as const, before: null }, "outputs: + x: b"],
    [{ actions: ["delete"] as const, after: null }, "outputs: - x: a"],
    [{ after: null, after_unknown: true }, "outputs: ~ x: (known after the apply)"],
    [{ after_sensitive: true }, "outputs: ~ x: (sensitive)"],
    [{ before: null, after: "" }, "outputs: ~ x: null → "],
  ])("%j", (change, line) => {
    expect(output(change)).toEqual([line]);
  });

  test("an unchanged output has none", () => {
    expect(output({ actions: ["no-op"], after: "a" })).toEqual([]);
  });
});
