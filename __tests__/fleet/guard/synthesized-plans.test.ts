/** The guard allows the first deployment and every documented edit of all stacks that this project synthesizes. */
import path from "node:path";
import fc from "fast-check";
import { loadEnvironments } from "../../../config/load";
import { EnvironmentErrors } from "../../../config/problems";
import type { InstanceConfig } from "../../../config/types";
import { callPath } from "../../../fleet/guard/call-path-rules";
import { content } from "../../../fleet/guard/content-rules";
import { deletions } from "../../../fleet/guard/resource-rules";
import { diffOfPlan } from "../../../fleet/review/diff";
import { textAt } from "../../../fleet/terraform/json-values";
import { projectRoot } from "../../../lambda/packaging";
import { load, loadOne } from "../../config/environment-files";
import { environment, mutated } from "../../config/mutated-yaml";
import { recordedInstance, recordedYaml } from "./recorded-plan";
import { firstPlan, moduleId, updatePlan } from "./synthesized-plan";

function refusals(instance: InstanceConfig): unknown[] {
  const plans = [firstPlan(instance), updatePlan(instance, instance)];
  if (instance.inboundFlow !== undefined) {
    const withoutFlow = { ...instance };
    Reflect.deleteProperty(withoutFlow, "inboundFlow");
    plans.push(updatePlan(withoutFlow, instance));
  }
  return plans.flatMap((judged) => [...content(judged, instance), ...deletions(judged, instance)]);
}

const examples = loadEnvironments(path.join(projectRoot(), "examples")).instances;

test.each([...examples, recordedInstance()].map((instance) => [instance.stackName, instance] as const))(
  "the first deployment of %s is allowed",
  (_, instance) => {
    expect(firstPlan(instance).resource_changes.length).toBeGreaterThan(0);
    expect(refusals(instance)).toEqual([]);
  },
);

function accepted(yaml: string): readonly InstanceConfig[] {
  try {
    return load({ "prod.yaml": yaml }).filter(({ release }) => release === undefined);
  } catch (error) {
    if (error instanceof EnvironmentErrors) return [];
    throw error;
  }
}

/** Number of different stacks from generated environment files. */
const runs = Number(process.env["RUNS"] ?? 20);

test("the stacks of generated environment files are allowed", () => {
  const stacks = new Map<string, InstanceConfig>();
  for (let seed = 1; stacks.size < runs && seed < 100 * runs; seed += 1) {
    for (const yaml of fc.sample(mutated(environment), { numRuns: 50, seed })) {
      if (stacks.size === runs) break;
      for (const instance of accepted(yaml)) {
        if (stacks.size < runs) stacks.set(JSON.stringify(instance), instance);
      }
    }
  }
  expect(stacks.size).toBe(runs);
  for (const instance of stacks.values()) expect(refusals(instance)).toEqual([]);
}, 600_000);

const edited = (alarms: string, more = ""): InstanceConfig => recordedInstance(`alarms: ${alarms}\n    ${more}`);
const topic = "arn:aws:sns:us-east-1:111122223333:alarms";

test.each([
  ["no canary", "{ canaryMinutes: false, silentCalls: false, neverMatchesDays: false }"],
  ["no alarm about silence", "{ silentCalls: false }"],
  ["the team's own topic", `{ topicArn: "${topic}" }`],
  ["no dashboard", "{ dashboard: false }"],
  ["several of these", `{ canaryMinutes: false, silentCalls: false, topicArn: "${topic}", dashboard: false }`],
])("the deletions that follow from the environment file are allowed: %s", (_, alarms) => {
  const plan = updatePlan(recordedInstance(), edited(alarms));
  const deleted = plan.resource_changes.filter(({ change }) => change.actions.join() === "delete");
  expect(deleted.length).toBeGreaterThan(0);
  expect(deletions(plan, edited(alarms))).toEqual([]);
  expect(callPath(plan, edited(alarms)).filter(({ address }) => address.includes("canary"))).toEqual([]);
  expect(content(plan, edited(alarms))).toEqual([]);
  const shown = diffOfPlan(plan).filter(({ verb }) => verb === "destroy");
  expect(shown.map(({ address }) => address).sort()).toEqual(deleted.map(({ address }) => address).sort());
});

test.each([
  ["a new inbound flow", recordedYaml().replace(/inboundFlow.*/, "")],
  [
    "another queue",
    recordedYaml().replace(/inboundFlow.*/, "inboundFlow: { queue: 99999999-2222-4333-8444-555555555555 }"),
  ],
])("the flow refers to the module that is deployed: %s", (_, yaml) => {
  const plan = updatePlan(loadOne(yaml), recordedInstance());
  const flow = plan.resource_changes.find(({ type }) => type === "aws_connect_contact_flow");
  expect(flow?.change.actions).not.toEqual(["no-op"]);
  expect(textAt(flow?.change.after, "content")).toContain(moduleId);
  expect(content(plan, recordedInstance())).toEqual([]);
});

test("a deletion that does not follow from the environment file is refused", () => {
  const plan = updatePlan(recordedInstance(), edited("{ canaryMinutes: false }"));
  const refused = deletions(plan, recordedInstance()).map(({ address }) => address);
  expect(refused).toContain("aws_cloudwatch_log_group.canary");
  expect(refused).toContain("aws_cloudwatch_metric_alarm.canary_silent");
});

test("the deletion of a foreign resource of a managed type is refused", () => {
  const plan = updatePlan(recordedInstance(), recordedInstance());
  const foreign = {
    address: "aws_cloudwatch_log_group.billing",
    mode: "managed" as const,
    type: "aws_cloudwatch_log_group",
    name: "billing",
    change: { actions: ["delete"] as const, before: { name: "/aws/lambda/billing" }, after: null },
  };
  const violations = content({ ...plan, resource_changes: [...plan.resource_changes, foreign] }, recordedInstance());
  expect(violations.map(({ address }) => address)).toEqual([foreign.address]);
});

test("the removal of the inbound flow stays a violation of the call path", () => {
  const without = loadOne(recordedYaml().replace(/inboundFlow.*/, ""));
  const plan = updatePlan(recordedInstance(), without);
  expect(callPath(plan, without).map(({ address }) => address)).toContain("aws_connect_contact_flow.inbound");
});
