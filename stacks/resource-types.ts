/** The catalogue of Terraform resource types that a stack can contain: everything that other code knows about a type. */
import { aliasName } from "../config/aws-names";
import type { InstanceConfig } from "../config/types";

export const TABLE = "aws_dynamodb_table";
export const MODULE = "aws_connect_contact_flow_module";
export const FLOW = "aws_connect_contact_flow";
export const FUNCTION = "aws_lambda_function";
export const ALIAS = "aws_lambda_alias";
export const ASSOCIATION = "aws_connect_lambda_function_association";
export const PERMISSION = "aws_lambda_permission";
export const ROLE = "aws_iam_role";
export const ROLE_POLICY = "aws_iam_role_policy";
export const LOG_GROUP = "aws_cloudwatch_log_group";
export const ALARM = "aws_cloudwatch_metric_alarm";
export const DASHBOARD = "aws_cloudwatch_dashboard";
export const EVENT_RULE = "aws_cloudwatch_event_rule";
export const TOPIC = "aws_sns_topic";

/** Attributes of one resource, as a plan has them. */
export type AttributeValues = Readonly<Partial<Record<string, unknown>>>;

/**
 * What a resource does:
 *
 * - `table`: the vendor's table.
 * - `call path`: a resource that every call needs. If it is replaced, the new resource must exist before the old one is deleted.
 * - `access`: roles and their permissions.
 * - `logs`: log groups.
 * - `monitoring`: reports when blocking stops working. No call needs it.
 */
export type ResourceRole = "table" | "call path" | "access" | "logs" | "monitoring";

/** A setting of a resource that protects it. */
export interface SecuritySetting {
  /** Noun with its article, for sentences: `the permissions boundary`. */
  readonly label: string;
  /** Key of the environment file that sets it. Absent: no key sets it. */
  readonly key?: "permissionsBoundary" | "function.logKmsKeyArn" | "function.reservedConcurrency" | "function.vpc";
  /** The key also sets it on the canary's resource. @default false */
  readonly isForCanary?: boolean;
  /** IAM actions of the provider to set it, besides those of the type. */
  readonly setActions?: readonly string[];
  /** IAM actions of the provider to remove it, besides those of the type. */
  readonly removeActions?: readonly string[];
}

/** A value of another resource. */
export interface Reference {
  readonly type: string;
  /** Logical id. @default the logical id of the resource that refers */
  readonly name?: string;
  readonly attribute: string;
}

export interface ResourceType {
  /** Noun with its article, for sentences: `the flow module`. */
  readonly label: string;
  readonly role: ResourceRole;
  /** Arguments that together name one resource in AWS. Two addresses with the same values are one resource. */
  readonly identity: readonly string[];
  /**
   * Import id, from the planned values. Absent: AWS assigns the id, so it must be looked up.
   * https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs (section "Import" of each type)
   */
  readonly importId?: (planned: AttributeValues, instance: InstanceConfig) => string;
  /** Position in a review, from 1. Absent: after all types with a position, sorted by address. */
  readonly reviewPosition?: number;
  /** The canary has a resource of this type. @default false */
  readonly isUsedByCanary?: boolean;
  /** A stack reads a data source of this type. Data sources of other types, such as `external`, can have side effects. @default false */
  readonly isDataSource?: boolean;
  /** The resource holds no data, so a replacement that is created first leaves no gap. @default false */
  readonly isStateless?: boolean;
  /** The resource exists in the Terraform state only: deleting it changes nothing in AWS. @default false */
  readonly isStateOnly?: boolean;
  /** Terraform's id of the resource, from its other attributes. @default the last attribute of {@link identity} */
  readonly id?: (values: AttributeValues) => string | undefined;
  /** The function or role that the resource belongs to: an attribute contains its name. Absent: the resource stands alone. */
  readonly belongsTo?: {
    readonly type: typeof FUNCTION | typeof ROLE;
    readonly attribute: string;
    /** The value of the attribute. @default the name */
    readonly value?: (name: string, instance: InstanceConfig) => string;
  };
  /** The description names the stack, the instance or the function, so it shows which stack created the resource. @default false */
  readonly hasOwnerInDescription?: boolean;
  /** An existing resource that the environment file may name; the stack imports it. Absent: none. */
  readonly adoption?: {
    /** Address of the resource in the stack. */
    readonly address: string;
    /** Import id; undefined if the environment file does not name an existing resource. */
    readonly id: (instance: InstanceConfig) => string | undefined;
  };
  readonly drift: {
    /** Who may change the resource. Plans follow changes to the vendor's resources and revert changes to ours. */
    readonly owner: "vendor" | "stack";
    /** Name of the resource as the subject of a sentence: `The flow module`. Absent: the address of the resource. */
    readonly subject?: string;
    /** Effect on calls if the resource is missing, as a sentence. Absent: no effect on calls. */
    readonly effectIfMissing?: string;
  };
  readonly diff?: {
    /** Attributes that AWS or the provider derives from others. Reviews and drift leave them out. */
    readonly derived?: readonly string[];
    /** Derived attributes that only drift leaves out. A review needs them: they show that a new version is published. */
    readonly derivedInDrift?: readonly string[];
    /** Noun for one item of a list in a diff, by the attribute that contains the list. */
    readonly itemLabels?: Readonly<Record<string, string>>;
    /**
     * The attribute that lists all inline policies, or all attached policies, of a role: the apply removes every policy that is not in the
     * list.
     */
    readonly exclusiveList?: { readonly attribute: string; readonly label: string };
  };
  /** Attributes, besides the derived ones, that AWS sets. A plan may leave them unknown for a new resource. */
  readonly knownAfterApply?: readonly string[];
  /** Attributes with a value of another resource. A plan may leave them unknown only while the value of the other resource is unknown. */
  readonly references?: Readonly<Record<string, Reference>>;
  /** Attributes that a security team or an organization may set in AWS. A plan must not remove their values. */
  readonly securitySettings?: Readonly<Record<string, SecuritySetting>>;
  /** Values that the provider sets for attributes that the configuration omits. */
  readonly providerDefaults?: AttributeValues;
  /** IAM actions of the provider on the resource. */
  readonly iamActions?: { readonly read: readonly string[]; readonly write: readonly string[] };
  /** Arguments that only the provider knows. No AWS API returns them, so an import leaves them empty. */
  readonly providerOnly?: readonly string[];
}

const noLookup = "No call is blocked: the module's Lambda block fails.";
const notMonitored = "Calls are still blocked, but no alarm reports a failure.";

const text = (value: unknown): string => String(value);

/** The parts with separators between them; undefined if a plan omits one. */
const joined = (separator: string, ...parts: readonly unknown[]): string | undefined =>
  parts.every((part) => typeof part === "string") ? parts.join(separator) : undefined;

const topicArn: Reference = { type: TOPIC, name: "alarms", attribute: "arn" };

/** Every type that `CallBlockingStack` can contain. A test compares the catalogue with synthesized stacks. */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  [TABLE]: {
    label: "the contact table",
    isDataSource: true,
    role: "table",
    identity: ["name"],
    reviewPosition: 1,
    adoption: { address: "aws_dynamodb_table.contacts", id: ({ table }) => (table.adopt ? table.name : undefined) },
    drift: { owner: "vendor" },
    diff: {
      derivedInDrift: ["stream_arn", "stream_label"],
      itemLabels: { global_secondary_index: "index", local_secondary_index: "local index" },
    },
    providerOnly: ["timeouts"],
    iamActions: {
      read: [
        "dynamodb:DescribeContinuousBackups",
        "dynamodb:DescribeTable",
        "dynamodb:DescribeTimeToLive",
        "dynamodb:ListTagsOfResource",
      ],
      write: ["dynamodb:UpdateTable"],
    },
  },
  [MODULE]: {
    label: "the flow module",
    role: "call path",
    identity: ["instance_id", "name"],
    id: ({ instance_id, contact_flow_module_id }) => joined(":", instance_id, contact_flow_module_id),
    reviewPosition: 2,
    hasOwnerInDescription: true,
    adoption: {
      address: "aws_connect_contact_flow_module.blocked_status",
      id: ({ adoptExisting, instanceId }) =>
        adoptExisting?.moduleId === undefined ? undefined : `${instanceId}:${adoptExisting.moduleId}`,
    },
    drift: {
      owner: "stack",
      subject: "The flow module",
      effectIfMissing: "Flows that invoke the module take their error branch.",
    },
    diff: { derived: ["content_hash"] },
    knownAfterApply: ["contact_flow_module_id"],
    providerOnly: ["filename"],
    iamActions: {
      read: ["connect:DescribeContactFlowModule"],
      write: [
        "connect:CreateContactFlowModule",
        "connect:DeleteContactFlowModule",
        "connect:TagResource",
        "connect:UntagResource",
        "connect:UpdateContactFlowModuleContent",
        "connect:UpdateContactFlowModuleMetadata",
      ],
    },
  },
  [FLOW]: {
    label: "the inbound flow",
    role: "call path",
    identity: ["instance_id", "name"],
    id: ({ instance_id, contact_flow_id }) => joined(":", instance_id, contact_flow_id),
    reviewPosition: 3,
    hasOwnerInDescription: true,
    drift: {
      owner: "stack",
      subject: "The inbound flow",
      effectIfMissing: "Calls to the phone numbers of this flow fail.",
    },
    diff: { derived: ["content_hash"] },
    knownAfterApply: ["contact_flow_id"],
    references: { content: { type: MODULE, name: "blocked_status", attribute: "contact_flow_module_id" } },
    providerOnly: ["filename"],
    iamActions: {
      read: ["connect:DescribeContactFlow"],
      write: [
        "connect:CreateContactFlow",
        "connect:DeleteContactFlow",
        "connect:TagResource",
        "connect:UntagResource",
        "connect:UpdateContactFlowContent",
        "connect:UpdateContactFlowName",
      ],
    },
  },
  [FUNCTION]: {
    label: "the Lambda function",
    isDataSource: true,
    role: "call path",
    identity: ["function_name"],
    importId: ({ function_name }) => text(function_name),
    reviewPosition: 4,
    isUsedByCanary: true,
    isStateless: true,
    hasOwnerInDescription: true,
    adoption: {
      address: "aws_lambda_function.blocked_calls",
      id: ({ adoptExisting, function: own }) => (adoptExisting?.function === true ? own.name : undefined),
    },
    drift: { owner: "stack", subject: "The function", effectIfMissing: noLookup },
    diff: {
      derived: [
        "invoke_arn",
        "qualified_arn",
        "qualified_invoke_arn",
        "last_modified",
        "source_code_size",
        "code_sha256",
        "filename",
      ],
      derivedInDrift: ["version"],
    },
    knownAfterApply: [
      "ephemeral_storage",
      "signing_job_arn",
      "signing_profile_version_arn",
      "tracing_config",
      "version",
    ],
    references: { role: { type: ROLE, attribute: "arn" } },
    securitySettings: {
      code_signing_config_arn: {
        label: "the code signing configuration",
        removeActions: ["lambda:DeleteFunctionCodeSigningConfig"],
      },
      kms_key_arn: { label: "the KMS key for the environment variables" },
      reserved_concurrent_executions: {
        label: "the reserved concurrency",
        key: "function.reservedConcurrency",
        setActions: ["lambda:PutFunctionConcurrency"],
        removeActions: ["lambda:DeleteFunctionConcurrency"],
      },
      vpc_config: { label: "the VPC settings", key: "function.vpc" },
    },
    providerDefaults: {
      package_type: "Zip",
      reserved_concurrent_executions: -1,
      publish: false,
      ephemeral_storage: [{ size: 512 }],
      tracing_config: [{ mode: "PassThrough" }],
    },
    providerOnly: ["timeouts", "publish", "filename"],
    iamActions: {
      read: ["lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig", "lambda:ListVersionsByFunction"],
      write: [
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
      ],
    },
  },
  [ALIAS]: {
    label: "the function's alias",
    role: "call path",
    identity: ["function_name", "name"],
    id: ({ arn }) => joined("", arn),
    belongsTo: { type: FUNCTION, attribute: "function_name" },
    importId: ({ name }, { function: own }) => `${own.name}/${text(name)}`,
    reviewPosition: 5,
    isStateless: true,
    adoption: {
      address: "aws_lambda_alias.live",
      id: ({ adoptExisting, function: own }) =>
        adoptExisting?.alias === true ? `${own.name}/${aliasName}` : undefined,
    },
    drift: { owner: "stack", subject: "The alias that the module calls", effectIfMissing: noLookup },
    diff: { derived: ["invoke_arn"] },
    references: { function_version: { type: FUNCTION, name: "blocked_calls", attribute: "version" } },
    iamActions: {
      read: ["lambda:GetAlias"],
      write: ["lambda:CreateAlias", "lambda:DeleteAlias", "lambda:UpdateAlias"],
    },
  },
  [ASSOCIATION]: {
    label: "the function's association with Connect",
    role: "call path",
    identity: ["instance_id", "function_arn"],
    id: ({ instance_id, function_arn }) => joined(",", instance_id, function_arn),
    belongsTo: {
      type: FUNCTION,
      attribute: "function_arn",
      value: (name, { partition, region, account }) =>
        `arn:${partition}:lambda:${region}:${account}:function:${name}:${aliasName}`,
    },
    importId: (_, { instanceId, function: own }) => `${instanceId},${own.aliasArn}`,
    reviewPosition: 6,
    isStateless: true,
    adoption: {
      address: "aws_connect_lambda_function_association.blocked_calls",
      id: ({ adoptExisting, instanceId, function: own }) =>
        adoptExisting?.association === true ? `${instanceId},${own.aliasArn}` : undefined,
    },
    drift: {
      owner: "stack",
      subject: "The function's association with the Connect instance",
      effectIfMissing: noLookup,
    },
    iamActions: {
      read: ["connect:ListLambdaFunctions"],
      write: ["connect:AssociateLambdaFunction", "connect:DisassociateLambdaFunction"],
    },
  },
  [PERMISSION]: {
    label: "a permission to invoke the function",
    role: "call path",
    identity: ["function_name", "qualifier", "statement_id"],
    belongsTo: { type: FUNCTION, attribute: "function_name" },
    importId: ({ function_name, qualifier, statement_id }) =>
      `${[function_name, qualifier].filter((part) => typeof part === "string").join(":")}/${text(statement_id)}`,
    reviewPosition: 7,
    isUsedByCanary: true,
    isStateless: true,
    drift: { owner: "stack", subject: "Connect's permission to invoke the function", effectIfMissing: noLookup },
    knownAfterApply: ["statement_id_prefix"],
    references: { source_arn: { type: EVENT_RULE, attribute: "arn" } },
    iamActions: { read: ["lambda:GetPolicy"], write: ["lambda:RemovePermission"] },
  },
  [ROLE]: {
    label: "a role",
    isDataSource: true,
    role: "access",
    identity: ["name"],
    importId: ({ name }) => text(name),
    reviewPosition: 8,
    isUsedByCanary: true,
    isStateless: true,
    hasOwnerInDescription: true,
    adoption: {
      address: "aws_iam_role.blocked_calls",
      id: ({ adoptExisting, function: own }) => (adoptExisting?.role === true ? own.roleName : undefined),
    },
    drift: {
      owner: "stack",
      subject: "The function's role",
      effectIfMissing: "No call is blocked: the function cannot run.",
    },
    diff: { derived: ["unique_id", "create_date"], derivedInDrift: ["inline_policy"] },
    knownAfterApply: ["inline_policy", "managed_policy_arns"],
    providerDefaults: { path: "/", max_session_duration: 3600 },
    securitySettings: {
      permissions_boundary: {
        label: "the permissions boundary",
        key: "permissionsBoundary",
        isForCanary: true,
        setActions: ["iam:PutRolePermissionsBoundary"],
        removeActions: ["iam:DeleteRolePermissionsBoundary"],
      },
    },
    iamActions: {
      read: ["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
      write: [
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:ListInstanceProfilesForRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateRoleDescription",
      ],
    },
  },
  [ROLE_POLICY]: {
    label: "a permission of a role",
    role: "access",
    identity: ["role", "name"],
    id: ({ role, name }) => joined(":", role, name),
    belongsTo: { type: ROLE, attribute: "role" },
    importId: ({ role, name }) => `${text(role)}:${text(name)}`,
    reviewPosition: 9,
    isUsedByCanary: true,
    isStateless: true,
    drift: {
      owner: "stack",
      subject: "The policy of the function's role",
      effectIfMissing: "No call is blocked: the function may not query the table.",
    },
    iamActions: { read: ["iam:GetRolePolicy"], write: ["iam:DeleteRolePolicy", "iam:PutRolePolicy"] },
  },
  aws_iam_role_policies_exclusive: {
    label: "the list of a role's inline policies",
    role: "access",
    identity: ["role_name"],
    belongsTo: { type: ROLE, attribute: "role_name" },
    importId: ({ role_name }) => text(role_name),
    isStateOnly: true,
    drift: { owner: "stack" },
    diff: { exclusiveList: { attribute: "policy_names", label: "inline policies" } },
  },
  aws_iam_role_policy_attachments_exclusive: {
    label: "the list of a role's attached policies",
    role: "access",
    identity: ["role_name"],
    belongsTo: { type: ROLE, attribute: "role_name" },
    importId: ({ role_name }) => text(role_name),
    isStateOnly: true,
    drift: { owner: "stack" },
    diff: { exclusiveList: { attribute: "policy_arns", label: "attached policies" } },
  },
  [LOG_GROUP]: {
    label: "a log group",
    role: "logs",
    identity: ["name"],
    belongsTo: { type: FUNCTION, attribute: "name", value: (name) => `/aws/lambda/${name}` },
    importId: ({ name }) => text(name),
    isUsedByCanary: true,
    adoption: {
      address: "aws_cloudwatch_log_group.blocked_calls",
      id: ({ adoptExisting, function: own }) => (adoptExisting?.logGroup === true ? own.logGroupName : undefined),
    },
    drift: {
      owner: "stack",
      subject: "The function's log group",
      effectIfMissing: "Calls are still blocked, but not logged or counted.",
    },
    knownAfterApply: ["log_group_class"],
    providerDefaults: { log_group_class: "STANDARD" },
    securitySettings: {
      deletion_protection_enabled: {
        label: "the deletion protection",
        removeActions: ["logs:PutLogGroupDeletionProtection"],
      },
      kms_key_id: {
        label: "the KMS key",
        key: "function.logKmsKeyArn",
        isForCanary: true,
        setActions: ["logs:AssociateKmsKey"],
        removeActions: ["logs:DisassociateKmsKey"],
      },
    },
    iamActions: {
      read: ["logs:ListTagsForResource"],
      write: [
        "logs:CreateLogGroup",
        "logs:DeleteLogGroup",
        "logs:PutRetentionPolicy",
        "logs:TagResource",
        "logs:UntagResource",
      ],
    },
  },
  [ALARM]: {
    label: "an alarm",
    role: "monitoring",
    identity: ["alarm_name"],
    importId: ({ alarm_name }) => text(alarm_name),
    drift: { owner: "stack", effectIfMissing: notMonitored },
    knownAfterApply: ["evaluate_low_sample_count_percentiles"],
    references: {
      alarm_actions: topicArn,
      insufficient_data_actions: topicArn,
      ok_actions: topicArn,
    },
    providerDefaults: { actions_enabled: true },
    iamActions: {
      read: ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
      write: [
        "cloudwatch:DeleteAlarms",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
      ],
    },
  },
  [DASHBOARD]: {
    label: "a dashboard",
    role: "monitoring",
    identity: ["dashboard_name"],
    importId: ({ dashboard_name }) => text(dashboard_name),
    drift: { owner: "stack", effectIfMissing: notMonitored },
    knownAfterApply: ["dashboard_arn"],
    iamActions: {
      read: ["cloudwatch:GetDashboard"],
      write: ["cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
    },
  },
  [EVENT_RULE]: {
    label: "a schedule",
    role: "monitoring",
    identity: ["event_bus_name", "name"],
    belongsTo: { type: FUNCTION, attribute: "name" },
    importId: ({ name }) => `default/${text(name)}`,
    isUsedByCanary: true,
    drift: { owner: "stack", effectIfMissing: notMonitored },
    providerDefaults: { event_bus_name: "default", is_enabled: true, state: "ENABLED" },
    iamActions: {
      read: ["events:DescribeRule", "events:ListTagsForResource"],
      write: ["events:DeleteRule", "events:PutRule", "events:TagResource", "events:UntagResource"],
    },
  },
  aws_cloudwatch_event_target: {
    label: "the target of a schedule",
    role: "monitoring",
    identity: ["rule", "target_id"],
    id: ({ rule, target_id }) => joined("-", rule, target_id),
    belongsTo: { type: FUNCTION, attribute: "rule" },
    importId: ({ rule, target_id }) => `default/${text(rule)}/${text(target_id)}`,
    isUsedByCanary: true,
    drift: { owner: "stack", effectIfMissing: notMonitored },
    references: { arn: { type: FUNCTION, attribute: "arn" } },
    providerDefaults: { event_bus_name: "default" },
    iamActions: { read: ["events:ListTargetsByRule"], write: ["events:PutTargets", "events:RemoveTargets"] },
  },
  [TOPIC]: {
    label: "a topic for alarms",
    role: "monitoring",
    identity: ["name"],
    id: ({ arn }) => joined("", arn),
    importId: ({ name }, { partition, region, account }) => `arn:${partition}:sns:${region}:${account}:${text(name)}`,
    drift: { owner: "stack", effectIfMissing: notMonitored },
    knownAfterApply: [
      "beginning_archive_time",
      "fifo_throughput_scope",
      "owner",
      "signature_version",
      "tracing_config",
    ],
    securitySettings: { kms_master_key_id: { label: "the KMS key" } },
    iamActions: {
      read: ["sns:GetTopicAttributes", "sns:ListTagsForResource"],
      write: ["sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:TagResource", "sns:UntagResource"],
    },
  },
};

/** A resource by its type and its logical id. */
export interface TypeAndName {
  readonly type: string;
  readonly name: string;
}

/** The catalogue's entry; undefined for a type that no stack contains. */
export const resourceType = (type: string): ResourceType | undefined =>
  Object.hasOwn(resourceTypes, type) ? resourceTypes[type] : undefined;

/** Attributes of every type that AWS, the provider or Terraform derives from others. */
const derivedInEveryType: readonly string[] = ["id", "arn", "timeouts"];

/** Attributes that AWS or the provider derives from others. Reviews, drift and guard leave them out. */
export const derivedAttributes = (type: string): readonly string[] => {
  const entry = resourceType(type);
  return entry === undefined ? [] : [...derivedInEveryType, ...(entry.diff?.derived ?? [])];
};

/** Whether a plan may leave the attribute of a new resource unknown, possibly because of another new resource. */
export const isKnownAfterApply = (type: string, attribute: string): boolean =>
  [
    ...derivedAttributes(type),
    "name_prefix",
    ...(resourceType(type)?.knownAfterApply ?? []),
    ...Object.keys(resourceType(type)?.references ?? {}),
  ].includes(attribute);

/** Terraform's id of a resource with these values; undefined if the type has no id, or if the values omit a part of it. */
export function terraformId(type: string, values: AttributeValues): string | undefined {
  const entry = resourceType(type);
  if (entry === undefined || !Object.hasOwn(values, "id")) return undefined;
  return entry.id === undefined ? joined("", values[entry.identity.at(-1) ?? "id"]) : entry.id(values);
}

/** Whether guard and review ignore a change of the attribute, because neither a person nor the configuration sets the attribute. */
export const isHarmless = (type: string, attribute: string): boolean => derivedAttributes(type).includes(attribute);

/** Whether a stack can contain resources of this type. */
export const isManagedType = (type: string): boolean => resourceType(type) !== undefined;

/** Whether the resource belongs to the canary. The logical id decides, because it never changes; the environment file can change names. */
export function isCanaryResource({ type, name }: TypeAndName): boolean {
  return resourceType(type)?.isUsedByCanary === true && /^canary(_|$)/.test(name);
}

/** Whether a call needs the resource. No call needs the function and the permission of the canary. */
export function isOnCallPath(resource: TypeAndName): boolean {
  return resourceType(resource.type)?.role === "call path" && !isCanaryResource(resource);
}

/** Subject of the sentence, and effect on calls, for a drift finding. A missing resource of the canary affects monitoring, not calls. */
export function driftText(resource: TypeAndName): Pick<ResourceType["drift"], "subject" | "effectIfMissing"> {
  return isCanaryResource(resource) ? { effectIfMissing: notMonitored } : (resourceType(resource.type)?.drift ?? {});
}

/**
 * Names one AWS resource, as text to compare.
 *
 * @param values `before` or `after` of a change
 * @returns undefined if a part of the name is not known yet
 */
export function identityOf(type: string, values: AttributeValues): string | undefined {
  const parts = (resourceType(type)?.identity ?? ["id"]).map((key) =>
    Object.hasOwn(values, key) ? values[key] : undefined,
  );
  return parts.every((part) => typeof part === "string") ? JSON.stringify([type, ...parts]) : undefined;
}

/** Whether the resource has the id and the address of the table, or of an existing resource that the environment file names. */
export function isAdopted({ type, name }: TypeAndName, id: string | undefined, instance: InstanceConfig): boolean {
  const adoption = resourceType(type)?.adoption;
  return id !== undefined && adoption?.address === `${type}.${name}` && adoption.id(instance) === id;
}

/** Existing resources that the environment file names, without the table. */
export function existingResources(instance: InstanceConfig): readonly { readonly to: string; readonly id: string }[] {
  return Object.entries(resourceTypes)
    .reverse()
    .flatMap(([type, { adoption }]) => {
      const id = type === TABLE ? undefined : adoption?.id(instance);
      return adoption === undefined || id === undefined ? [] : [{ to: adoption.address, id }];
    });
}
