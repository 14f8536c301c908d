/** Creates and hardens the S3 bucket for Terraform's state. A second run is safe, and no run weakens a setting. */
import { isDeepStrictEqual } from "node:util";
import {
  CreateBucketCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { BucketLocationConstraint, LifecycleRule, S3Client } from "@aws-sdk/client-s3";
import { undefinedIfAbsent } from "./errors";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";

/** The desired bucket. */
export interface StateBucket {
  readonly name: string;
  readonly region: string;
  /** `aws`, `aws-us-gov` or `aws-cn`. */
  readonly partition: string;
  /** Account that must own the bucket, 12 digits; undefined for S3 compatible storage outside AWS. */
  readonly owner: string | undefined;
  /** KMS key of the default encryption; if undefined, S3's own key (AES256). */
  readonly kmsKeyArn: string | undefined;
  /** Tags to add if the bucket has no tag with the same key. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface BootstrapOptions {
  /** Report the changes without making them. */
  readonly dryRun: boolean;
  /** Accept a bucket that contains objects and does not have our tag. */
  readonly adopt: boolean;
}

/** One step and its outcome. */
export interface Step {
  /** The setting, such as `versioning`. */
  readonly what: string;
  /** `skipped`: the storage outside AWS does not support this setting. */
  readonly outcome: "done" | "already" | "would do" | "skipped";
}

/** Marks a bucket that this command created or adopted. */
const markerTag = { Key: "connectpath-call-blocking", Value: "terraform-state" } as const;

/** Prefix of the keys of all states (`stateKey` in config/aws-names.ts). */
const statePrefix = "connectpath-call-blocking/";

/**
 * Every Terraform run leaves two old versions of the state's lock: the lock and its delete marker. A lifecycle rule selects objects by
 * prefix, not by suffix, so one rule must fit `terraform.tfstate` and `.tflock`. The rule deletes noncurrent versions after 30 days, but
 * keeps the last 20 versions of each object. So locks do not accumulate (20 locks have 10 kB), and states of the last month can be
 * restored.
 *
 * A version is deleted only if both conditions hold:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html (NewerNoncurrentVersions)
 */
const oldVersions: LifecycleRule = {
  ID: "connectpath-call-blocking-old-versions",
  Status: "Enabled",
  Filter: { Prefix: statePrefix },
  NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 20 },
};

const publicAccessBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
};

/** Whether one setting is already applied, and a function that applies the setting. */
interface Setting {
  readonly isApplied: boolean;
  readonly change: () => Promise<unknown>;
}

/**
 * Creates the bucket if it does not exist, and applies each missing setting. After an interruption, a second run completes the work.
 * No run deletes anything: all existing policy statements, lifecycle rules, tags and stronger encryption are kept.
 *
 * @param report called after each step
 * @throws CommandError if another account owns the bucket, if the bucket contains objects but does not have our tag, or if S3 refuses a step
 */
export async function makeStateBucket(
  s3: S3Client,
  wanted: StateBucket,
  options: BootstrapOptions,
  report: (step: Step) => void,
): Promise<void> {
  const bucket = {
    Bucket: wanted.name,
    // With this header, S3 refuses every request if another account owns the bucket.
    ...(wanted.owner === undefined ? {} : { ExpectedBucketOwner: wanted.owner }),
  };

  const exists = await bucketExists();
  if (exists) await refuseUnknownBucket();
  await step(`the bucket, in ${wanted.region}`, () =>
    Promise.resolve({ isApplied: exists, change: () => s3.send(new CreateBucketCommand(creation(wanted))) }),
  );
  // Tags come first, so that a second run after an interruption recognizes the bucket.
  await step(`tags, with ${markerTag.Key} = ${markerTag.Value}`, async () => {
    const present = await tags();
    const missing = [markerTag, ...Object.entries(wanted.tags).map(([Key, Value]) => ({ Key, Value }))].filter(
      ({ Key }) => !present.some((tag) => tag.Key === Key),
    );
    return {
      isApplied: missing.length === 0,
      change: () => s3.send(new PutBucketTaggingCommand({ ...bucket, Tagging: { TagSet: [...present, ...missing] } })),
    };
  });
  await step("versioning", async () => {
    const { Status } = await s3.send(new GetBucketVersioningCommand(bucket));
    const VersioningConfiguration = { Status: "Enabled" as const };
    return {
      isApplied: Status === "Enabled",
      change: () => s3.send(new PutBucketVersioningCommand({ ...bucket, VersioningConfiguration })),
    };
  });
  await step(`encryption with ${wanted.kmsKeyArn ?? "S3's own key, or a stronger one"}`, async () => {
    const present = await undefinedIfAbsent(s3.send(new GetBucketEncryptionCommand(bucket)));
    const [rule] = present?.ServerSideEncryptionConfiguration?.Rules ?? [];
    const { SSEAlgorithm = "", KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
    const byKey = SSEAlgorithm.startsWith("aws:kms");
    const isApplied =
      wanted.kmsKeyArn === undefined
        ? SSEAlgorithm !== ""
        : byKey && KMSMasterKeyID === wanted.kmsKeyArn && rule?.BucketKeyEnabled === true;
    const ApplyServerSideEncryptionByDefault =
      wanted.kmsKeyArn === undefined
        ? { SSEAlgorithm: "AES256" as const }
        : {
            SSEAlgorithm: SSEAlgorithm === "aws:kms:dsse" ? SSEAlgorithm : ("aws:kms" as const),
            KMSMasterKeyID: wanted.kmsKeyArn,
          };
    // A bucket key reduces requests to KMS.
    const key = wanted.kmsKeyArn === undefined ? {} : { BucketKeyEnabled: true };
    const Rules = [{ ...rule, ApplyServerSideEncryptionByDefault, ...key }];
    return {
      isApplied,
      change: () =>
        s3.send(new PutBucketEncryptionCommand({ ...bucket, ServerSideEncryptionConfiguration: { Rules } })),
    };
  });
  await step("ownership of all objects by the bucket's account", async () => {
    const present = await undefinedIfAbsent(s3.send(new GetBucketOwnershipControlsCommand(bucket)));
    const OwnershipControls = { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" as const }] };
    return {
      isApplied: isDeepStrictEqual(present?.OwnershipControls, OwnershipControls),
      change: () => s3.send(new PutBucketOwnershipControlsCommand({ ...bucket, OwnershipControls })),
    };
  });
  await step("a policy that refuses connections without TLS", async () => {
    const present = await undefinedIfAbsent(s3.send(new GetBucketPolicyCommand(bucket)));
    const { isApplied, policy } = withTlsOnly(present?.Policy, `arn:${wanted.partition}:s3:::${wanted.name}`);
    return { isApplied, change: () => s3.send(new PutBucketPolicyCommand({ ...bucket, Policy: policy })) };
  });
  await step("the block of all public access", async () => {
    const present = await undefinedIfAbsent(s3.send(new GetPublicAccessBlockCommand(bucket)));
    return {
      isApplied: isDeepStrictEqual({ ...present?.PublicAccessBlockConfiguration }, publicAccessBlock),
      change: () =>
        s3.send(new PutPublicAccessBlockCommand({ ...bucket, PublicAccessBlockConfiguration: publicAccessBlock })),
    };
  });
  await step("expiry of old versions of states and locks", async () => {
    const present = await undefinedIfAbsent(s3.send(new GetBucketLifecycleConfigurationCommand(bucket)));
    const rules = present?.Rules ?? [];
    const Rules = [...rules.filter(({ ID }) => ID !== oldVersions.ID), oldVersions];
    const size = present?.TransitionDefaultMinimumObjectSize;
    return {
      isApplied: rules.some((rule) => isDeepStrictEqual(withoutUndefined(rule), oldVersions)),
      change: () =>
        s3.send(
          new PutBucketLifecycleConfigurationCommand({
            ...bucket,
            LifecycleConfiguration: { Rules },
            // S3 resets the value to its default if the request omits it.
            ...(size === undefined ? {} : { TransitionDefaultMinimumObjectSize: size }),
          }),
        ),
    };
  });

  async function step(what: string, read: () => Promise<Setting>): Promise<void> {
    try {
      // The settings of a missing bucket cannot be read.
      const { isApplied, change } =
        options.dryRun && !exists ? { isApplied: false, change: () => Promise.resolve() } : await read();
      if (!isApplied && !options.dryRun) await change();
      report({ what, outcome: isApplied ? "already" : options.dryRun ? "would do" : "done" });
    } catch (error) {
      if (wanted.owner === undefined && isUnknownToStore(error)) report({ what, outcome: "skipped" });
      else throw failure(what, error);
    }
  }

  async function bucketExists(): Promise<boolean> {
    try {
      const { BucketRegion } = await s3.send(new HeadBucketCommand(bucket));
      if (BucketRegion !== undefined && BucketRegion !== wanted.region) throw inRegion(BucketRegion);
      return true;
    } catch (error) {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      if (status === 404) return false;
      const region = regionOf(error) ?? wanted.region;
      if (region !== wanted.region) throw inRegion(region);
      if (status === 403) {
        throw new CommandError(
          `The bucket ${wanted.name} exists, and ` +
            (wanted.owner === undefined
              ? "these credentials may not read it.\n"
              : `account ${wanted.owner} does not own it, or these credentials may not read it (s3:ListBucket).\n`) +
            "  Bucket names are globally unique. If you own the bucket, use credentials that may read it. Otherwise choose\n" +
            "  another name for state.bucket. Nothing was changed.",
        );
      }
      throw error instanceof CommandError ? error : failure("the bucket", error);
    }
  }

  function inRegion(region: string): CommandError {
    return new CommandError(
      `The bucket ${wanted.name} is in ${region}, but state.region is ${wanted.region}.\n` +
        "  Correct state.region, or choose another name for state.bucket. Nothing was changed.",
    );
  }

  /**
   * Refuses a bucket that contains objects and does not have our tag, unless `adopt` is set. An empty bucket is accepted, because an
   * earlier run may have been interrupted before it added the tag.
   */
  async function refuseUnknownBucket(): Promise<void> {
    try {
      const present = await tags();
      if (options.adopt || present.some(({ Key, Value }) => Key === markerTag.Key && Value === markerTag.Value)) return;
      const { Versions = [], DeleteMarkers = [] } = await s3.send(
        new ListObjectVersionsCommand({ ...bucket, MaxKeys: 3 }),
      );
      const keys = [...new Set([...Versions, ...DeleteMarkers].map(({ Key = "" }) => JSON.stringify(Key)))];
      if (keys.length === 0) return;
      throw new CommandError(
        `The bucket ${wanted.name} exists, contains objects (${keys.join(", ")}${keys.length === 3 ? ", ..." : ""}), and has no tag ` +
          `${markerTag.Key} = ${markerTag.Value}. This command did not create it.\n` +
          "  To use it for the states, run the command again with --adopt. It keeps all objects, policy statements, lifecycle rules\n" +
          "  and tags. Otherwise choose another name for state.bucket. Nothing was changed.",
      );
    } catch (error) {
      throw error instanceof CommandError ? error : failure("tags and objects", error);
    }
  }

  async function tags(): Promise<{ Key: string; Value: string }[]> {
    const present = await undefinedIfAbsent(s3.send(new GetBucketTaggingCommand(bucket)));
    return (present?.TagSet ?? []).map(({ Key = "", Value = "" }) => ({ Key, Value }));
  }

  function failure(what: string, error: unknown): CommandError {
    return new CommandError(
      `Bucket ${wanted.name}, ${what}: ${errorMessage(error)}\n  Fix the cause, then run the command again. The command continues with this step.`,
    );
  }
}

/** S3 refuses a location constraint in us-east-1. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
function creation({ name, region }: StateBucket): CreateBucketCommand["input"] {
  const isFirst = region === "us-east-1";
  return {
    Bucket: name,
    ...(isFirst ? {} : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
  };
}

function isUnknownToStore(error: unknown): boolean {
  return error instanceof S3ServiceException && [405, 501].includes(error.$metadata.httpStatusCode ?? 0);
}

function regionOf(error: unknown): string | undefined {
  return error instanceof S3ServiceException ? error.$response?.headers["x-amz-bucket-region"] : undefined;
}

type Json = Readonly<Record<string, unknown>>;

const tlsOnlySid = "ConnectpathCallBlockingTlsOnly";

/**
 * The policy with a statement that denies requests without TLS, followed by all existing statements.
 *
 * @param policy the bucket's policy as JSON; undefined if it has none
 * @param arn the bucket's ARN
 */
export function withTlsOnly(
  policy: string | undefined,
  arn: string,
): { readonly isApplied: boolean; readonly policy: string } {
  const { Statement, ...document } = JSON.parse(policy ?? '{"Version":"2012-10-17"}') as Json;
  const statements = (Array.isArray(Statement) ? Statement : Statement === undefined ? [] : [Statement]) as Json[];
  const tlsOnly = {
    Sid: tlsOnlySid,
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  // A changed statement with our Sid is replaced.
  const others = statements.filter(({ Sid }) => Sid !== tlsOnlySid);
  return {
    isApplied: statements.some((statement) => deniesPlainHttp(statement, arn)),
    policy: JSON.stringify({ ...document, Statement: [tlsOnly, ...others] }),
  };
}

/** Whether a statement denies all requests without TLS, as our statement does. */
function deniesPlainHttp(statement: Json, arn: string): boolean {
  const { Effect, Principal, Action, Resource, Condition, ...rest } = statement;
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
  const isForEveryone =
    isDeepStrictEqual(Principal, "*") || isDeepStrictEqual(list((Principal as Json | null)?.["AWS"]), ["*"]);
  const conditions = (Condition ?? {}) as Json;
  const boolConditions = Object.entries(conditions["Bool"] ?? {}).map(([key, value]) => [
    key.toLowerCase(),
    String(value),
  ]);
  return (
    Effect === "Deny" &&
    isForEveryone &&
    list(Action).some((action) => action === "s3:*" || action === "*") &&
    [arn, `${arn}/*`].every((resource) => list(Resource).includes(resource)) &&
    Object.keys(conditions).length === 1 &&
    isDeepStrictEqual(boolConditions, [["aws:securetransport", "false"]]) &&
    Object.keys(rest).every((key) => key === "Sid")
  );
}

/** The SDK sets missing members of a response to undefined. */
function withoutUndefined(value: object): object {
  return JSON.parse(JSON.stringify(value)) as object;
}
