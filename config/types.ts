/** The resolved configuration of one Connect instance: what every other part of the project reads instead of YAML. */
import type { GuardRuleId } from "./guard-rules";

/** What happens to a caller whose number is withheld; decided without a table lookup. */
export type AnonymousCallers = "allow" | "block";

/** AWS provider version constraints that are supported; 6.0 to 6.43 have index bugs (hashicorp/terraform-provider-aws#44692, #46322). */
export type AwsProviderConstraint = "~> 5.100.0" | ">= 6.44, < 7";

/** Where Terraform keeps the state of one stack: an S3 bucket, locked natively (`use_lockfile`, Terraform 1.11). */
export interface StateConfig {
  readonly bucket: string;
  readonly region: string;
  /** `connectpath-call-blocking/<environment>/<region>/<instance>/terraform.tfstate` */
  readonly key: string;
  readonly kmsKeyArn?: string;
  /** Role assumed for the state alone, when the bucket is in another account. */
  readonly roleArn?: string;
  /** Role that takes its place where the state is only read. */
  readonly planRoleArn?: string;
  /** URL of an S3-compatible store; absent means AWS. */
  readonly endpoint?: string;
  /** Path-style addressing (`https://host/bucket/key`), which most S3-compatible stores need. */
  readonly usePathStyle?: boolean;
}

/** One thing that the guard may let pass: a rule, for one resource of one stack, until a day. */
export interface Allowance {
  /** Address of the resource in Terraform: `aws_cloudwatch_log_group.blocked_calls`. */
  readonly resource: string;
  readonly rule: GuardRuleId;
  /** For the people who review the plan. */
  readonly reason: string;
  /** The last day on which it counts, `YYYY-MM-DD`. */
  readonly until: string;
}

export interface RoleConfig {
  readonly arn: string;
  readonly externalId?: string;
}

/**
 * How far an instance is let go of: everything of ours is deleted, the index too, and the table stays adopted (`remove-index`);
 * after that Terraform forgets the table (`forget`); or both at once, and the index stays on it (`keep-index`).
 */
export type Release = "remove-index" | "forget" | "keep-index";

/** What was made by hand and is taken over instead of made anew. */
export interface AdoptedByHand {
  /** Bare id (UUID) of the module `blockedStatus`. */
  readonly moduleId?: string;
  /** Whether the function exists under its configured name; changed in place. */
  readonly function: boolean;
  /** Whether the role exists under its configured name; in the end it has our permissions and no others. */
  readonly role: boolean;
  readonly logGroup: boolean;
}

/** What a blocked caller meets. A queue or flow is its id or ARN; a message is spoken before the call ends. */
export type WhenBlocked =
  | { readonly action: "disconnect" }
  | { readonly action: "message"; readonly message: { readonly Text: string } | { readonly SSML: string } }
  | { readonly action: "queue"; readonly queueId: string }
  | { readonly action: "flow"; readonly flowId: string };

/** An inbound flow that is deployed with the module, for instances whose team has none of its own. */
export interface InboundFlowConfig {
  /** Name of the flow in Connect, at most 127 characters. */
  readonly name: string;
  /** Id or ARN of the queue for callers who are not blocked. */
  readonly queueId: string;
  readonly whenBlocked: WhenBlocked;
}

/** One Connect instance, complete and valid: defaults, environment and instance merged, names and ARNs derived. */
export interface InstanceConfig {
  /** Name of the environment: the file name without `.yaml`. */
  readonly environment: string;
  /** The Connect instance's alias, as ConnectPath uses it in `dextr-<InstanceName>`. */
  readonly name: string;
  /** `<environment>-<instance>-<region>` */
  readonly stackName: string;
  /** When it is rolled out; `index` counts the environment's waves from 0. No part of the stack: another wave changes nothing in it. */
  readonly wave: { readonly name: string; readonly index: number };
  /** Whether it is kept in the file and left out of rollouts; what is deployed of it stays as it is. */
  readonly suspended: boolean;
  /** Absent for an instance that is there to stay. */
  readonly release?: Release;
  /** Absent where everything is made anew. */
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
  readonly awsProvider: AwsProviderConstraint;
  readonly deployRole?: RoleConfig;
  /** Role of commands that only read; absent where the credentials they are run with, or the deploy role, do. */
  readonly planRole?: RoleConfig;
  readonly state: StateConfig;
  /** What the guard lets pass in this stack although a rule is against it. */
  readonly allowances: readonly Allowance[];
  readonly tags: Readonly<Record<string, string>>;

  /** Blocked Dispositions, at least one; two-level ones joined with `:`. The first is the one baked into the module. */
  readonly blockedDispositions: readonly [string, ...string[]];
  readonly anonymousCallers: AnonymousCallers;
  /** E.164 numbers (`+15550100`) and prefixes (`+1800*`) that never match. */
  readonly exemptNumbers: readonly string[];

  readonly lookup: {
    /** Time the function may take for the whole lookup, in milliseconds. */
    readonly budgetMs: number;
    /** Time limit of the flow's Lambda block, in seconds (1 to 8); the caller hears silence meanwhile. */
    readonly flowTimeLimitSeconds: number;
  };

  /** Absent where the team calls the module from a flow of its own. */
  readonly inboundFlow?: InboundFlowConfig;

  readonly table: {
    readonly name: string;
    readonly arn: string;
    /** ARN of `Disposition-CustomerEndpoint-index`. */
    readonly indexArn: string;
    /** How long Terraform waits for the index to be built, in minutes. */
    readonly indexTimeoutMinutes: number;
    /** Whether a table with replicas in other regions may be adopted: the index appears in each of them. */
    readonly acceptReplicas: boolean;
  };

  /** Thresholds by alarm; false where there is to be no such alarm. */
  readonly alarms: {
    /** Existing topic; absent where the stack has one of its own. */
    readonly topicArn?: string;
    /** Where people find the runbook: a URL or a path, without an anchor. */
    readonly runbookUrl: string;
    /** Whether this instance may hold the dashboard of its environment. */
    readonly dashboard: boolean;
    /** Minutes from one run of the canary to the next. */
    readonly canaryMinutes: number | false;
    /** Within five minutes. */
    readonly lookupErrors: number | false;
    /** Within five minutes. */
    readonly functionErrors: number | false;
    /** Within five minutes. */
    readonly throttles: number | false;
    /** Percent of `lookup.budgetMs` that one answer in a hundred takes. */
    readonly slowAnswersPercent: number | false;
    /** Calls within an hour. */
    readonly silentCalls: number | false;
    readonly neverMatchesDays: number | false;
    /** Contacts that must be listed for a day to count. */
    readonly neverMatchesContacts: number;
    /** Percent of an hour's calls. */
    readonly matchesPercent: number | false;
    /** Calls within that hour that it needs. */
    readonly matchesOfCalls: number;
    /** Within five minutes. */
    readonly indexThrottles: number | false;
  };

  /** Names of the function that asks `function` what it must know; not there where `alarms.canaryMinutes` is false. */
  readonly canary: {
    readonly name: string;
    readonly roleName: string;
    readonly functionArn: string;
    readonly logGroupName: string;
    readonly logGroupArn: string;
  };

  /** The dashboard of the environment in this account; one of its instances there has it. */
  readonly dashboard?: {
    readonly name: string;
    /** Regions of the instances that it shows. */
    readonly regions: readonly string[];
  };

  readonly function: {
    readonly name: string;
    readonly roleName: string;
    /** ARN of the alias `live`: the one ARN in association, permission and module. */
    readonly aliasArn: string;
    readonly logGroupName: string;
    readonly logGroupArn: string;
    readonly runtime: string;
    readonly memoryMb: number;
    readonly logRetentionDays: number;
  };
}
