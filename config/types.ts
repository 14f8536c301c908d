/** The resolved configuration of one Connect instance. Code outside `config/` reads this type, not YAML. */
import type { ResolvedInstance } from "./schema";

/** Supported version constraints of the AWS provider. 6.0 to 6.43 have index bugs (hashicorp/terraform-provider-aws#44692, #46322). */
export type AwsProviderConstraint = ResolvedInstance["awsProvider"];

type ResolvedState = ResolvedInstance["state"];

/** Where Terraform keeps the state of one stack: an S3 bucket with native locking (`use_lockfile`, Terraform 1.11). */
export interface StateConfig extends Omit<ResolvedState, "bucket" | "region"> {
  readonly bucket: string;
  readonly region: string;
  /** `connectpath-call-blocking/<environment>/<region>/<instance>/terraform.tfstate` */
  readonly key: string;
}

/** An exception from one guard rule, for one resource of one stack, until a date. */
export type Allowance = Complete<ResolvedInstance["allowances"][number]>;

type Complete<T> = { readonly [K in keyof T]-?: NonNullable<T[K]> };

export interface RoleConfig {
  readonly arn: string;
  readonly externalId?: string;
}

/** The VPC in which the function runs. */
export interface VpcConfig {
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
}

/**
 * How an instance is released. `remove-index`: all resources of the stack and the index are deleted, and the table stays adopted.
 * `forget`: after that, Terraform removes the table from its state. `keep-index`, in one step: all resources except the index
 * are deleted, and Terraform removes the table from its state.
 */
export type Release = Exclude<ResolvedInstance["release"], false>;

/** Existing resources that are adopted instead of created. */
export interface AdoptedByHand extends Omit<NonNullable<ResolvedInstance["adoptExisting"]>, "module"> {
  /** Bare id (UUID) of the module `blockedStatus`. */
  readonly moduleId?: string;
}

/** What happens to a blocked caller. A queue or flow is an id or ARN. A message is spoken before the call is disconnected. */
export type WhenBlocked =
  | { readonly action: "disconnect" }
  | { readonly action: "message"; readonly message: { readonly Text: string } | { readonly SSML: string } }
  | { readonly action: "queue"; readonly queueId: string }
  | { readonly action: "flow"; readonly flowId: string };

/** An inbound flow that is deployed with the module, for instances whose team has no inbound flow. */
export interface InboundFlowConfig {
  /** Name of the flow in Connect, at most 127 characters. */
  readonly name: string;
  /** Id or ARN of the queue for callers who are not blocked. */
  readonly queueId: string;
  readonly whenBlocked: WhenBlocked;
}

/** Keys whose resolved form differs from the form in the file. A key that is not listed here is passed on as it is. */
type TransformedKeys =
  | "account"
  | "region"
  | "name"
  | "id"
  | "tableName"
  | "wave"
  | "release"
  | "adoptExisting"
  | "deployRole"
  | "planRole"
  | "state"
  | "allowances"
  | "tags"
  | "ignoreTags"
  | "blockedDispositions"
  | "inboundFlow"
  | "flows"
  | "table"
  | "alarms"
  | "function";

/** One Connect instance, complete and valid: levels merged, defaults added, names and ARNs derived. Keys: see config/schema.ts. */
export interface InstanceConfig extends Omit<ResolvedInstance, TransformedKeys> {
  /** Name of the environment: the file name without `.yaml`. */
  readonly environment: string;
  /** Alias of the Connect instance, as ConnectPath uses it in `dextr-<InstanceName>`. */
  readonly name: string;
  /** `<environment>-<instance>-<region>` */
  readonly stackName: string;
  /** Stage of the environment in a rollout, counted from 1. The stage is not part of the stack. */
  readonly stage: number;
  /** Wave of the rollout. `index` counts the waves of the environment from 0. The wave is not part of the stack. */
  readonly wave: { readonly name: string; readonly index: number };
  /** Absent unless the instance is released. */
  readonly release?: Release;
  /** Absent if every resource is created. */
  readonly adoptExisting?: AdoptedByHand;
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
  /** `aws`, `aws-us-gov` or `aws-cn`, by region. */
  readonly partition: string;
  /** `amazonaws.com`, or `amazonaws.com.cn` in China. */
  readonly dnsSuffix: string;
  /** Bare instance id (UUID), never the ARN (provider issue hashicorp/terraform-provider-aws#41656). */
  readonly instanceId: string;
  readonly instanceArn: string;
  /** Absent if Terraform uses its own credentials. */
  readonly deployRole?: RoleConfig;
  /** Role of commands that only read. Absent if they use the deploy role or their own credentials. */
  readonly planRole?: RoleConfig;
  readonly state: StateConfig;
  readonly allowances: readonly Allowance[];
  readonly tags: Readonly<Record<string, string>>;
  /** Tags that others add, by their keys and by prefixes of their keys. Absent if Terraform manages all tags. */
  readonly ignoreTags?: { readonly keys: readonly string[]; readonly keyPrefixes: readonly string[] };
  /** At least one. The first one is in the module. */
  readonly blockedDispositions: readonly [string, ...string[]];
  /** Absent if the team invokes the module from its own flow. */
  readonly inboundFlow?: InboundFlowConfig;
  readonly flows: {
    /** What happens to a blocked caller in the flows of the team. Absent if it is as in the inbound flow of the stack. */
    readonly whenBlocked?: WhenBlocked;
    /** E.164. */
    readonly unprotectedNumbers: readonly string[];
  };
  readonly table: ResolvedInstance["table"] & {
    readonly name: string;
    readonly arn: string;
    /** ARN of `Disposition-CustomerEndpoint-index`. */
    readonly indexArn: string;
  };
  /** Thresholds by alarm. `false`: the stack does not have the alarm. */
  readonly alarms: Omit<ResolvedInstance["alarms"], "canaryName" | "canaryRoleName">;
  /** Names of the canary. The stack has no canary if `alarms.canaryMinutes` is false. */
  readonly canary: {
    readonly name: string;
    readonly roleName: string;
    readonly functionArn: string;
    readonly logGroupName: string;
    readonly logGroupArn: string;
  };
  /** Dashboard of the environment in this account. Only one instance of the environment in the account has a dashboard. */
  readonly dashboard?: {
    readonly name: string;
    /** Regions of the instances on the dashboard. */
    readonly regions: readonly string[];
  };
  readonly function: Omit<ResolvedInstance["function"], "runtime" | "vpc"> & {
    readonly name: string;
    readonly roleName: string;
    /** ARN of the alias `live`. The association, the permission and the module all use this ARN. */
    readonly aliasArn: string;
    readonly logGroupName: string;
    readonly logGroupArn: string;
    readonly runtime: string;
    /** Absent if the function runs in no VPC of the account. */
    readonly vpc?: VpcConfig;
  };
}
