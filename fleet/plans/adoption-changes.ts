/**
 * What the adoption of an existing function, role, log group or module would change: live value → new value. The comparison is that of
 * the review, and the verdict is that of the guard, so that the plan says the same.
 */
import type { LogGroup } from "@aws-sdk/client-cloudwatch-logs";
import type { ContactFlowModule } from "@aws-sdk/client-connect";
import type { Role } from "@aws-sdk/client-iam";
import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import { answersInstance, managedBy, runsFunction } from "../../config/descriptions";
import type { InstanceConfig } from "../../config/types";
import { expectedResources, Pattern } from "../../stacks/expected-resources";
import { FUNCTION, isKnownAfterApply, LOG_GROUP, MODULE, resourceType, ROLE } from "../../stacks/resource-types";
import type { AttributeValues } from "../../stacks/resource-types";
import { lambdaBlocks } from "../aws/connect-instance";
import type { FunctionProtection } from "../aws/lambda-function";
import { trustPolicyOf } from "../aws/role-users";
import { guard, today } from "../guard/guard";
import type { Violation } from "../guard/rule";
import { redactNumbers } from "../output/redact";
import { diffOfPlan } from "../review/diff";
import { joinWords } from "../terraform/json-values";
import type { PlanJson } from "../terraform/plan-json";

export interface AdoptionChanges {
  /** All changes, in one or two sentences. */
  readonly text: string;
  /** Why the guard would refuse the plan; undefined if the guard would allow it. */
  readonly refusal: Violation | undefined;
}

export function functionChanges(
  instance: InstanceConfig,
  live: FunctionConfiguration,
  { reservedConcurrency, codeSigningConfigArn, tags }: FunctionProtection,
): AdoptionChanges {
  const { vpc } = instance.function;
  const expected = expectedOf(instance, FUNCTION);
  const [{ variables: planned = {} } = {}] = (expected["environment"] ?? []) as {
    variables?: Record<string, string>;
  }[];
  const variables = live.Environment?.Variables ?? {};
  // Values of variables may be secrets.
  const named = (those: Readonly<Record<string, string>>, others: Readonly<Record<string, string>>, mark: string) =>
    Object.entries(those)
      .map(([key, value]) => (Object.hasOwn(others, key) && others[key] !== value ? `${key} (${mark})` : key))
      .sort();
  return changesOf(instance, FUNCTION, {
    name: instance.function.name,
    live: {
      function_name: live.FunctionName,
      description: live.Description,
      role: live.Role,
      runtime: live.Runtime,
      handler: live.Handler,
      architectures: live.Architectures ?? ["x86_64"],
      memory_size: live.MemorySize,
      timeout: live.Timeout,
      package_type: live.PackageType ?? "Zip",
      publish: true,
      layers: (live.Layers ?? []).map(({ Arn }) => Arn),
      "environment variables": named(variables, planned, "another value"),
      kms_key_arn: live.KMSKeyArn,
      vpc_config: vpcBlock(live.VpcConfig?.SubnetIds, live.VpcConfig?.SecurityGroupIds),
      dead_letter_config: blockOf({ target_arn: live.DeadLetterConfig?.TargetArn }),
      file_system_config: (live.FileSystemConfigs ?? []).map(({ Arn, LocalMountPath }) => ({
        arn: Arn,
        local_mount_path: LocalMountPath,
      })),
      snap_start: live.SnapStart?.ApplyOn === "PublishedVersions" ? [{ apply_on: "PublishedVersions" }] : [],
      reserved_concurrent_executions: reservedConcurrency ?? -1,
      code_signing_config_arn: codeSigningConfigArn,
      source_code_hash: live.CodeSha256,
      tags_all: tags,
    },
    planned: {
      ...withoutKeys(expected, "environment", "filename"),
      description: `${answersInstance(instance.name)} …`,
      "environment variables": named(planned, variables, "new value"),
      vpc_config: vpcBlock(vpc?.subnetIds, vpc?.securityGroupIds),
      source_code_hash: "(the code of this project)",
    },
  });
}

export function roleChanges(
  instance: InstanceConfig,
  live: Role,
  { inline, attached }: { readonly inline: readonly string[]; readonly attached: readonly string[] },
): AdoptionChanges {
  const ours = ["lookup", "decrypt", ...(instance.function.vpc === undefined ? [] : ["vpc"])];
  return changesOf(instance, ROLE, {
    name: instance.function.roleName,
    live: {
      name: live.RoleName,
      description: live.Description,
      assume_role_policy: trustPolicyOf(live),
      max_session_duration: live.MaxSessionDuration ?? 3600,
      permissions_boundary: live.PermissionsBoundary?.PermissionsBoundaryArn,
      tags_all: tagsOf(live.Tags),
    },
    planned: { ...expectedOf(instance, ROLE), description: `${runsFunction(instance.function.name)} …` },
    more: [
      ...inline.map((policy) =>
        ours.includes(policy) ? `~ inline policy ${policy}: ours` : `- inline policy ${policy}`,
      ),
      ...attached.map((arn) => `- attached policy ${arn}`),
    ],
  });
}

export const logGroupChanges = (
  instance: InstanceConfig,
  live: LogGroup,
  tags: Readonly<Record<string, string>>,
): AdoptionChanges =>
  changesOf(instance, LOG_GROUP, {
    name: instance.function.logGroupName,
    live: {
      name: live.logGroupName,
      retention_in_days: live.retentionInDays ?? "never expire",
      kms_key_id: live.kmsKeyId,
      log_group_class: live.logGroupClass,
      tags_all: tags,
    },
    planned: expectedOf(instance, LOG_GROUP),
  });

export function moduleChanges(instance: InstanceConfig, live: ContactFlowModule): AdoptionChanges {
  const called = [...new Set(lambdaBlocks(live.Content ?? "").map(({ arn }) => arn))];
  return changesOf(instance, MODULE, {
    name: `The module ${live.Id ?? ""}`,
    live: {
      instance_id: instance.instanceId,
      name: live.Name,
      description: live.Description,
      content: called.length === 0 ? "a flow that calls no function" : `a flow that calls ${joinWords(called)}`,
      tags_all: live.Tags ?? {},
    },
    planned: {
      ...expectedOf(instance, MODULE),
      description: managedBy(instance.stackName),
      content: `the flow of this project, which calls ${instance.function.aliasArn}`,
    },
  });
}

interface Comparison {
  /** The resource, as the subject of a sentence. */
  readonly name: string;
  /** Attributes of the existing resource, as Terraform names them. */
  readonly live: AttributeValues;
  /** Attributes that the stack sets. */
  readonly planned: AttributeValues;
  /** Changes besides the attributes. */
  readonly more?: readonly string[];
}

/** Compares as the review does, and judges as the guard does. */
function changesOf(
  instance: InstanceConfig,
  type: string,
  { name, live, planned, more = [] }: Comparison,
): AdoptionChanges {
  const address = resourceType(type)?.adoption?.address ?? type;
  const before = { ...live, tags_all: managedTags(live["tags_all"] as Readonly<Record<string, string>>, instance) };
  const keys = [...new Set([...Object.keys(before), ...Object.keys(planned)])];
  const after = Object.fromEntries(keys.map((key) => [key, plannedValue(type, key, before, planned, instance)]));
  const plan: PlanJson = {
    ...emptyPlan,
    resource_changes: [
      {
        address,
        mode: "managed",
        type,
        name: address.split(".")[1] ?? "",
        change: { actions: ["update"], before, after, importing: { id: name } },
      },
    ],
  };
  const lines = diffOfPlan(plan)
    .flatMap((diff) => [...diff.lines, ...diff.iam])
    .map(({ sign, text }) => `${sign} ${text}`)
    .filter((line) => !line.startsWith("+ imported: "));
  const all = [...lines, ...more.map(redactNumbers)];
  const text =
    all.length === 0
      ? `${name} is adopted. The deployment changes nothing else on it.`
      : `${name} is adopted. The deployment changes: ${all.join("; ")}.`;
  return { text, refusal: guard(plan, instance, today()).violations.find(({ rule }) => rule === "security-settings") };
}

const emptyPlan: Omit<PlanJson, "resource_changes"> = {
  format_version: "1.2",
  errored: false,
  complete: true,
  applyable: true,
  resource_drift: [],
  deferred_changes: [],
  failedChecks: [],
  dataSources: {},
  output_changes: {},
  unknownKeys: [],
};

function plannedValue(
  type: string,
  key: string,
  before: AttributeValues,
  planned: AttributeValues,
  { tags }: InstanceConfig,
): unknown {
  if (key === "tags_all") return tags;
  if (Object.hasOwn(planned, key)) {
    const wanted = planned[key];
    if (!(wanted instanceof Pattern)) return wanted;
    return wanted.matches(before[key]) ? before[key] : wanted.description;
  }
  // AWS keeps these values if the configuration does not set them.
  if (isKnownAfterApply(type, key)) return before[key];
  return resourceType(type)?.providerDefaults?.[key] ?? null;
}

/** The attributes that the environment file sets on the adopted resource. */
function expectedOf(instance: InstanceConfig, type: string): AttributeValues {
  const expected = expectedResources(instance, {
    moduleId: undefined,
    functionVersion: undefined,
    tableKeyArn: undefined,
  });
  return expected[resourceType(type)?.adoption?.address ?? ""] ?? {};
}

/** The tags that Terraform sees: without the tags of AWS itself and without `ignoreTags`. */
function managedTags(tags: Readonly<Record<string, string>>, { ignoreTags }: InstanceConfig): Record<string, string> {
  const isIgnored = (key: string): boolean =>
    key.startsWith("aws:") ||
    ignoreTags?.keys.includes(key) === true ||
    ignoreTags?.keyPrefixes.some((prefix) => key.startsWith(prefix)) === true;
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !isIgnored(key)));
}

const tagsOf = (tags: Role["Tags"] = []): Record<string, string> =>
  Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));

/** A block of Terraform, which is a list of at most one map; no block without a value. */
const blockOf = (values: AttributeValues): readonly AttributeValues[] =>
  Object.values(values).every((value) => value === undefined) ? [] : [values];

const vpcBlock = (subnets: readonly string[] = [], groups: readonly string[] = []): readonly AttributeValues[] =>
  subnets.length === 0 ? [] : [{ subnet_ids: [...subnets].sort(), security_group_ids: [...groups].sort() }];

const withoutKeys = (values: AttributeValues, ...keys: readonly string[]): AttributeValues =>
  Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));
