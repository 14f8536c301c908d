/** Synthesizes stacks for AWS provider 6.x that together set every argument that the project can set. */
import path from "node:path";
import { Testing } from "cdktf";
import { loadEnvironments } from "../../config/load";
import type { InstanceConfig } from "../../config/types";
import { projectRoot } from "../../lambda/packaging";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import type { StackConfiguration } from "./check-arguments";

/** The content of the package does not matter here. */
const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

/** The synthesized stack of an instance, on the line of provider 6.x. */
export function synthesizeOnProvider6(instance: InstanceConfig): StackConfiguration {
  const stack = new CallBlockingStack(Testing.app(), {
    instance: { ...instance, awsProvider: ">= 6.44, < 7" },
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  return JSON.parse(Testing.synth(stack)) as StackConfiguration;
}

/** Keys that add arguments or resources to a stack, with made-up values. */
const everyKey = (instance: InstanceConfig): InstanceConfig => ({
  ...instance,
  deployRole: { arn: `arn:aws:iam::${instance.account}:role/deploy`, externalId: "abc" },
  ignoreTags: { keys: ["costs"], keyPrefixes: ["org:"] },
  permissionsBoundary: `arn:aws:iam::${instance.account}:policy/boundary`,
  inboundFlow: { name: "Front door", queueId: uuid, whenBlocked: { action: "disconnect" } },
  dashboard: { name: "call-blocking", regions: [instance.region] },
  function: {
    ...instance.function,
    runtime: "nodejs24.x",
    logKmsKeyArn: `arn:aws:kms:${instance.region}:${instance.account}:key/${uuid}`,
    reservedConcurrency: 20,
    vpc: { subnetIds: ["subnet-0123456789abcdef0"], securityGroupIds: ["sg-0123456789abcdef0"] },
  },
});

const uuid = "3f0e0d0c-1b1a-4918-8716-151413121110";

/** Variants of an instance: the table adopted or only read, resources that were created by hand, and each step of a release. */
export function variantsOf(instance: InstanceConfig): readonly InstanceConfig[] {
  const adopting = { moduleId: uuid, function: true, role: true, logGroup: true, alias: true, association: true };
  return [true, false].flatMap((adopt) => {
    const base: InstanceConfig = { ...instance, table: { ...instance.table, adopt } };
    // A table that is only read is released in one step.
    const releases = adopt ? (["remove-index", "forget", "keep-index"] as const) : (["keep-index"] as const);
    return [base, { ...base, adoptExisting: adopting }, ...releases.map((release) => ({ ...base, release }))];
  });
}

/** The stacks of all example instances, and all variants of an instance with every key. */
export function sampleStacks(): readonly StackConfiguration[] {
  const { instances } = loadEnvironments(path.join(projectRoot(), "examples"));
  return [...instances, ...instances.slice(0, 1).map(everyKey).flatMap(variantsOf)].map(synthesizeOnProvider6);
}
