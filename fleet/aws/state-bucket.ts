/** Makes an S3 bucket fit to hold Terraform's state: step by step, only where something is missing, and never less than it is. */
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
import { absent } from "./errors";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";

/** The bucket as it is to be. */
export interface StateBucket {
  readonly name: string;
  readonly region: string;
  /** `aws`, `aws-us-gov` or `aws-cn`. */
  readonly partition: string;
  /** Account that must own it, 12 digits; undefined for a store that is not AWS. */
  readonly owner: string | undefined;
  /** Key for the default encryption; undefined is S3's own (AES256). */
  readonly kmsKeyArn: string | undefined;
  /** Added where the bucket has no tag of that key. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface Options {
  /** Only look, and report what would be done. */
  readonly dryRun: boolean;
  /** Take a bucket that holds objects and does not carry our tag. */
  readonly adopt: boolean;
}

/** One step: what it is about, and what came of it. */
export interface Step {
  readonly what: string;
  /** `skipped`: a store that is not AWS does not know this setting. */
  readonly outcome: "done" | "already" | "would do" | "skipped";
}

/** Marks the bucket as made or adopted by this command. */
export const markerTag = { Key: "connectpath-call-blocking", Value: "terraform-state" } as const;

/** Keys of all states begin with it (`stateKey` of config/aws-names.ts). */
const statePrefix = "connectpath-call-blocking/";

/**
 * Every run of Terraform leaves two old versions of the state's lock: the lock, and the mark of its deletion. A lifecycle rule
 * chooses objects by prefix and not by suffix, so one rule has to be right for `terraform.tfstate` and `.tflock` alike: what has
 * been replaced for 30 days goes, but never the last 20 of an object. So locks do not pile up (20 of them are 10 kB), and a state
 * keeps all that a month may ask for, and its last 20 versions however old they are.
 *
 * Both conditions must hold before a version goes:
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

/** What a step finds: whether all is well, and how to make it so. */
interface Finding {
  readonly isSo: boolean;
  readonly change: () => Promise<unknown>;
}

/**
 * Creates the bucket, or takes the existing one, and brings each setting up to what is wanted. Run again after an interruption
 * it does what is left. It deletes nothing, and takes no statement, rule, tag or stronger encryption of others away.
 *
 * @param report is called after each step
 * @throws CommandError when the bucket is another's, when it holds objects and is not marked as ours, and when S3 refuses a step
 */
export async function makeStateBucket(
  s3: S3Client,
  wanted: StateBucket,
  options: Options,
  report: (step: Step) => void,
): Promise<void> {
  const bucket = {
    Bucket: wanted.name,
    // S3 refuses every call when the bucket is another account's, whatever it would allow us.
    ...(wanted.owner === undefined ? {} : { ExpectedBucketOwner: wanted.owner }),
  };

  const exists = await isThere();
  if (exists) await refuseStrangers();
  await step(`the bucket, in ${wanted.region}`, () =>
    Promise.resolve({ isSo: exists, change: () => s3.send(new CreateBucketCommand(creation(wanted))) }),
  );
  // First, so that a run that ends here is known again as ours.
  await step(`tags, with ${markerTag.Key} = ${markerTag.Value}`, async () => {
    const present = await tags();
    const missing = [markerTag, ...Object.entries(wanted.tags).map(([Key, Value]) => ({ Key, Value }))].filter(
      ({ Key }) => !present.some((tag) => tag.Key === Key),
    );
    return {
      isSo: missing.length === 0,
      change: () => s3.send(new PutBucketTaggingCommand({ ...bucket, Tagging: { TagSet: [...present, ...missing] } })),
    };
  });
  await step("versioning", async () => {
    const { Status } = await s3.send(new GetBucketVersioningCommand(bucket));
    const VersioningConfiguration = { Status: "Enabled" as const };
    return {
      isSo: Status === "Enabled",
      change: () => s3.send(new PutBucketVersioningCommand({ ...bucket, VersioningConfiguration })),
    };
  });
  await step(`encryption with ${wanted.kmsKeyArn ?? "S3's own key, or a stronger one"}`, async () => {
    const present = await absent(s3.send(new GetBucketEncryptionCommand(bucket)));
    const [rule] = present?.ServerSideEncryptionConfiguration?.Rules ?? [];
    const { SSEAlgorithm = "", KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
    const byKey = SSEAlgorithm.startsWith("aws:kms");
    const isSo =
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
    // A bucket key saves calls to KMS, and there are none to save without one.
    const key = wanted.kmsKeyArn === undefined ? {} : { BucketKeyEnabled: true };
    const Rules = [{ ...rule, ApplyServerSideEncryptionByDefault, ...key }];
    return {
      isSo,
      change: () =>
        s3.send(new PutBucketEncryptionCommand({ ...bucket, ServerSideEncryptionConfiguration: { Rules } })),
    };
  });
  await step("ownership of all objects by the bucket's account", async () => {
    const present = await absent(s3.send(new GetBucketOwnershipControlsCommand(bucket)));
    const OwnershipControls = { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" as const }] };
    return {
      isSo: isDeepStrictEqual(present?.OwnershipControls, OwnershipControls),
      change: () => s3.send(new PutBucketOwnershipControlsCommand({ ...bucket, OwnershipControls })),
    };
  });
  await step("a policy that refuses connections without TLS", async () => {
    const present = await absent(s3.send(new GetBucketPolicyCommand(bucket)));
    const { isSo, policy } = withTlsOnly(present?.Policy, `arn:${wanted.partition}:s3:::${wanted.name}`);
    return { isSo, change: () => s3.send(new PutBucketPolicyCommand({ ...bucket, Policy: policy })) };
  });
  await step("the block of all public access", async () => {
    const present = await absent(s3.send(new GetPublicAccessBlockCommand(bucket)));
    return {
      isSo: isDeepStrictEqual({ ...present?.PublicAccessBlockConfiguration }, publicAccessBlock),
      change: () =>
        s3.send(new PutPublicAccessBlockCommand({ ...bucket, PublicAccessBlockConfiguration: publicAccessBlock })),
    };
  });
  await step("expiry of old versions of states and locks", async () => {
    const present = await absent(s3.send(new GetBucketLifecycleConfigurationCommand(bucket)));
    const rules = present?.Rules ?? [];
    const Rules = [...rules.filter(({ ID }) => ID !== oldVersions.ID), oldVersions];
    const size = present?.TransitionDefaultMinimumObjectSize;
    return {
      isSo: rules.some((rule) => isDeepStrictEqual(withoutUndefined(rule), oldVersions)),
      change: () =>
        s3.send(
          new PutBucketLifecycleConfigurationCommand({
            ...bucket,
            LifecycleConfiguration: { Rules },
            // S3 puts it back to its default where the call leaves it out.
            ...(size === undefined ? {} : { TransitionDefaultMinimumObjectSize: size }),
          }),
        ),
    };
  });

  async function step(what: string, look: () => Promise<Finding>): Promise<void> {
    try {
      // Of a bucket that is not there yet nothing can be asked.
      const { isSo, change } =
        options.dryRun && !exists ? { isSo: false, change: () => Promise.resolve() } : await look();
      if (!isSo && !options.dryRun) await change();
      report({ what, outcome: isSo ? "already" : options.dryRun ? "would do" : "done" });
    } catch (error) {
      if (wanted.owner === undefined && isUnknownToStore(error)) report({ what, outcome: "skipped" });
      else throw failure(what, error);
    }
  }

  async function isThere(): Promise<boolean> {
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
              ? "these credentials may not see it.\n"
              : `it is not account ${wanted.owner}'s, or these credentials may not see it (s3:ListBucket).\n`) +
            "  Bucket names are unique in the whole world. If it is yours, use credentials that may see it; if it is not, choose\n" +
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

  /** A bucket with our mark is ours; so is one with nothing in it, in which an earlier run may have been interrupted. */
  async function refuseStrangers(): Promise<void> {
    try {
      const present = await tags();
      if (options.adopt || present.some(({ Key, Value }) => Key === markerTag.Key && Value === markerTag.Value)) return;
      const { Versions = [], DeleteMarkers = [] } = await s3.send(
        new ListObjectVersionsCommand({ ...bucket, MaxKeys: 3 }),
      );
      const keys = [...new Set([...Versions, ...DeleteMarkers].map(({ Key = "" }) => JSON.stringify(Key)))];
      if (keys.length === 0) return;
      throw new CommandError(
        `The bucket ${wanted.name} exists, holds objects (${keys.join(", ")}${keys.length === 3 ? ", ..." : ""}), and has no tag ` +
          `${markerTag.Key} = ${markerTag.Value}: it was not made by this command.\n` +
          "  If it is meant to hold the states, run the command again with --adopt: its objects, policy statements, lifecycle rules\n" +
          "  and tags all stay. If not, choose another name for state.bucket. Nothing was changed.",
      );
    } catch (error) {
      throw error instanceof CommandError ? error : failure("whose bucket it is", error);
    }
  }

  async function tags(): Promise<{ Key: string; Value: string }[]> {
    const present = await absent(s3.send(new GetBucketTaggingCommand(bucket)));
    return (present?.TagSet ?? []).map(({ Key = "", Value = "" }) => ({ Key, Value }));
  }

  function failure(what: string, error: unknown): CommandError {
    return new CommandError(
      `Bucket ${wanted.name}, ${what}: ${errorMessage(error)}\n  Once the cause is gone, run the command again: it goes on from here.`,
    );
  }
}

/** In us-east-1 a location is an error. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html */
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
 * The policy with the statement that denies whatever does not come over TLS, in front of the statements of others.
 *
 * @param policy the bucket's policy, JSON; undefined when it has none
 * @param arn the bucket's ARN
 */
export function withTlsOnly(
  policy: string | undefined,
  arn: string,
): { readonly isSo: boolean; readonly policy: string } {
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
  // One of ours that somebody has changed is replaced: it no longer does what its name says.
  const others = statements.filter(({ Sid }) => Sid !== tlsOnlySid);
  return {
    isSo: statements.some((statement) => deniesPlainHttp(statement, arn)),
    policy: JSON.stringify({ ...document, Statement: [tlsOnly, ...others] }),
  };
}

/** Whether a statement does what ours does, however it is written. */
function deniesPlainHttp(statement: Json, arn: string): boolean {
  const { Effect, Principal, Action, Resource, Condition, ...rest } = statement;
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
  const everybody =
    isDeepStrictEqual(Principal, "*") || isDeepStrictEqual(list((Principal as Json | null)?.["AWS"]), ["*"]);
  const conditions = (Condition ?? {}) as Json;
  const switches = Object.entries(conditions["Bool"] ?? {}).map(([key, value]) => [key.toLowerCase(), String(value)]);
  return (
    Effect === "Deny" &&
    everybody &&
    list(Action).some((action) => action === "s3:*" || action === "*") &&
    [arn, `${arn}/*`].every((resource) => list(Resource).includes(resource)) &&
    Object.keys(conditions).length === 1 &&
    isDeepStrictEqual(switches, [["aws:securetransport", "false"]]) &&
    Object.keys(rest).every((key) => key === "Sid")
  );
}

/** The SDK sets members that an answer leaves out to undefined. */
function withoutUndefined(value: object): object {
  return JSON.parse(JSON.stringify(value)) as object;
}
