/** Plans of synthesized stacks, as Terraform would make them: a first deployment, and an update after an edit of the environment file. */
import { Testing } from "cdktf";
import type { InstanceConfig } from "../../../config/types";
import type { PlanJson, ResourceChange } from "../../../fleet/terraform/plan-json";
import { CallBlockingStack } from "../../../stacks/call-blocking-stack";
import { MODULE, resourceType, TABLE } from "../../../stacks/resource-types";

const functionPackage = {
  zipPath: __filename,
  sha256: "ab".repeat(32),
  sourceCodeHash: "q6s=",
  handler: "index.handler",
};

/** Attributes that AWS sets when it creates the resource. */
const setByAws = (type: string): readonly string[] => ["arn", "id", ...(resourceType(type)?.knownAfterApply ?? [])];

/** Id of the module of a deployed stack. */
export const moduleId = "33333333-1b1a-4918-8716-151413121110";

/** Arguments of Terraform, not of the provider. */
const metaArguments: readonly string[] = ["count", "depends_on", "lifecycle", "provider", "//"];

type Configuration = Readonly<Record<string, unknown>>;
type Configurations = Readonly<Record<string, Readonly<Record<string, Configuration>>>>;

const synthesizedResources = new WeakMap<InstanceConfig, Configurations>();

/** The resources of the instance's stack. A stack is synthesized once, because this takes most of the time of a test. */
function synthesized(instance: InstanceConfig): Configurations {
  const resources = synthesizedResources.get(instance) ?? synthesize(instance);
  synthesizedResources.set(instance, resources);
  return resources;
}

function synthesize(instance: InstanceConfig): Configurations {
  const stack = new CallBlockingStack(Testing.app(), {
    instance,
    functionPackages: { blockedCalls: functionPackage, canary: functionPackage },
  });
  return (JSON.parse(Testing.synth(stack)) as { resource?: Configurations }).resource ?? {};
}

/** A plan that creates the synthesized resources. */
export const firstPlan = (instance: InstanceConfig): PlanJson => plan(instance, synthesized(instance));

function plan(instance: InstanceConfig, all: Configurations): PlanJson {
  return planOf(
    instance,
    Object.entries(all).flatMap(([type, resources]) =>
      Object.entries(resources).map(([name, configuration]) => creation(type, name, configuration, all, instance)),
    ),
  );
}

/** The resources of a stack whose module is deployed, so that its id is known. */
function withModuleId(all: Configurations): Configurations {
  const { blocked_status: module } = all[MODULE] ?? {};
  return { ...all, [MODULE]: { blocked_status: { ...module, contact_flow_module_id: moduleId } } };
}

const deployedPlan = (instance: InstanceConfig): readonly ResourceChange[] =>
  plan(instance, withModuleId(synthesized(instance))).resource_changes;

/** A plan for a stack that is deployed with other settings: the table itself is left out. */
export function updatePlan(from: InstanceConfig, to: InstanceConfig): PlanJson {
  const old = deployedPlan(from);
  const planned = deployedPlan(to);
  const kept = planned.map((resource): ResourceChange => {
    const before = old.find(({ address }) => address === resource.address)?.change.after;
    if (before === undefined) return resource;
    const isEqual = JSON.stringify(before) === JSON.stringify(resource.change.after);
    const unknown = Object.entries(resource.change.after_unknown as object);
    const after_unknown = Object.fromEntries(unknown.filter(([key]) => !setByAws(resource.type).includes(key)));
    const actions = [isEqual ? ("no-op" as const) : ("update" as const)];
    return { ...resource, change: { ...resource.change, actions, before, after_unknown } };
  });
  const removed = old
    .filter(({ address }) => planned.every((resource) => resource.address !== address))
    .map((resource): ResourceChange => ({
      ...resource,
      action_reason: "delete_because_no_resource_config",
      change: { actions: ["delete"], before: resource.change.after, after: null },
    }));
  return planOf(to, [...kept, ...removed]);
}

const planOf = (instance: InstanceConfig, resource_changes: readonly ResourceChange[]): PlanJson => ({
  format_version: "1.2",
  errored: false,
  complete: true,
  applyable: true,
  resource_changes,
  resource_drift: [],
  deferred_changes: [],
  failedChecks: [],
  dataSources: { "data.aws_dynamodb_table.live": { server_side_encryption: encryption(instance) } },
  output_changes: {},
  unknownKeys: [],
});

/** Types without tags. */
const untagged =
  /dashboard|event_target|_alias|_permission|role_polic|_association|attachments_exclusive|policies_exclusive|dynamodb/;

/** A value that refers to a resource that does not exist yet is unknown until the apply. */
function creation(
  type: string,
  name: string,
  configuration: Configuration,
  all: Configurations,
  instance: InstanceConfig,
): ResourceChange {
  const after: Record<string, unknown> = {};
  const after_unknown: Record<string, unknown> = {};
  // Without tags, the provider (5.100.0) plans `tags_all` of a new resource as unknown.
  if (!untagged.test(type)) {
    if (Object.keys(instance.tags).length > 0) after["tags_all"] = instance.tags;
    else after_unknown["tags_all"] = true;
  }
  for (const key of setByAws(type)) {
    if (!Object.hasOwn(configuration, key)) after_unknown[key] = true;
  }
  for (const [key, value] of Object.entries(configuration)) {
    if (metaArguments.includes(key)) continue;
    const known = resolved(JSON.stringify(value), all, instance);
    // `$${` is an escaped `${`.
    if (key === "policy_names")
      after[key] = ["lookup", "decrypt", ...(known.includes("aws_iam_role_policy.vpc") ? ["vpc"] : [])];
    else if (/(?<!\$)\$\{/.test(known)) after_unknown[key] = true;
    else {
      const plain = JSON.parse(known.replaceAll("$${", "${")) as unknown;
      after[key] = ["environment", "logging_config", "vpc_config"].includes(key) ? [plain] : plain;
    }
  }
  if (type === TABLE) after["server_side_encryption"] = encryption(instance);
  return {
    address: `${type}.${name}${"count" in configuration ? "[0]" : ""}`,
    mode: "managed",
    type,
    name,
    change: { actions: ["create"], before: null, after, after_unknown },
  };
}

const encryption = (instance: InstanceConfig) => [{ enabled: true, kms_key_arn: tableKey(instance) }];

/** The key that encrypts the table. */
const tableKey = ({ region, account, partition }: InstanceConfig): string =>
  `arn:${partition}:kms:${region}:${account}:key/0f0e0d0c-1b1a-4918-8716-151413121110`;

/** The JSON with the values that Terraform knows before an apply: configured attributes, and the KMS key of the table. */
function resolved(json: string, all: Configurations, instance: InstanceConfig): string {
  return json
    .replace(/(?<!\$)\$\{(aws_\w+)\.(\w+)\.(\w+)\}/g, (reference, type: string, name: string, key: string) => {
      const value = all[type]?.[name]?.[key];
      return typeof value === "string" && !value.includes("${") ? value : reference;
    })
    .replace(/\$\{local\.table_key_arn\}/g, tableKey(instance));
}
