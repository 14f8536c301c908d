/** The guard allows the first deployment of every stack that this project synthesizes. */
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../../config/load";
import type { InstanceConfig } from "../../../config/types";
import { content } from "../../../fleet/guard/content-rules";
import type { PlanJson, ResourceChange } from "../../../fleet/terraform/plan-json";
import { projectRoot } from "../../../lambda/packaging";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
import { recordedInstance } from "./recorded-plan";

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

/** Arguments of Terraform, not of the provider. */
const metaArguments: readonly string[] = ["count", "depends_on", "lifecycle", "provider", "//"];

/** A plan that creates the synthesized resources. A value that refers to another resource is unknown until the apply. */
function firstPlan(instance: InstanceConfig): PlanJson {
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  const { resource = {} } = JSON.parse(Testing.synth(stack)) as {
    resource?: Record<string, Record<string, Record<string, unknown>>>;
  };
  const resource_changes = Object.entries(resource).flatMap(([type, resources]) =>
    Object.entries(resources).map(([name, configuration]) => creation(type, name, configuration)),
  );
  return {
    format_version: "1.2",
    errored: false,
    complete: true,
    applyable: true,
    resource_changes,
    resource_drift: [],
    deferred_changes: [],
    output_changes: {},
    unknownKeys: [],
  };
}

function creation(type: string, name: string, configuration: Record<string, unknown>): ResourceChange {
  const after: Record<string, unknown> = {};
  const after_unknown: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(configuration)) {
    if (metaArguments.includes(key)) continue;
    const json = JSON.stringify(value);
    // `$${` is an escaped `${`.
    if (/(?<!\$)\$\{/.test(json)) after_unknown[key] = true;
    else after[key] = key === "environment" ? [value] : JSON.parse(json.replaceAll("$${", "${"));
  }
  return {
    address: `${type}.${name}`,
    mode: "managed",
    type,
    name,
    change: { actions: ["create"], before: null, after, after_unknown },
  };
}

const examples = loadEnvironments(path.join(projectRoot(), "examples")).instances;

test.each([...examples, recordedInstance()].map((instance) => [instance.stackName, instance] as const))(
  "%s",
  (_, instance) => {
    const plan = firstPlan(instance);
    expect(plan.resource_changes.length).toBeGreaterThan(0);
    expect(content(plan, instance)).toEqual([]);
  },
);
