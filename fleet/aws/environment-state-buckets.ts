/** Creates and hardens the buckets that hold the Terraform states of one environment. */
import { S3Client } from "@aws-sdk/client-s3";
import { didYouMean } from "../../config/did-you-mean";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { assumeRole, callerIdentity } from "./security-token-service";
import { makeStateBucket } from "./state-bucket";
import type { BootstrapOptions, Step } from "./state-bucket";

/** A bucket, and the instances whose states are in the bucket; at least one instance. */
export interface EnvironmentBucket {
  /** The first of `instances`. All instances have the same bucket settings. */
  readonly instance: InstanceConfig;
  readonly instances: readonly InstanceConfig[];
}

/**
 * The state buckets of an environment; usually one.
 *
 * @throws CommandError if the environment does not exist, or if two instances configure one bucket differently
 */
export function environmentBuckets(
  allInstances: readonly InstanceConfig[],
  environment: string,
): readonly EnvironmentBucket[] {
  const instances = allInstances.filter((instance) => instance.environment === environment);
  if (instances.length === 0) {
    const known = [...new Set(allInstances.map((instance) => instance.environment))];
    const near = didYouMean(environment, known);
    throw new CommandError(
      `There is no environment ${JSON.stringify(environment)}. ` +
        (near === undefined ? `Environments: ${known.join(", ")}.` : `Did you mean "${near}"?`),
    );
  }
  const buckets = new Map<string, EnvironmentBucket>();
  const mistakes: string[] = [];
  for (const instance of instances) {
    const id = JSON.stringify([instance.state.bucket, instance.state.endpoint]);
    const first = buckets.get(id)?.instance ?? instance;
    const [expected, actual] = [bucketSettings(first), bucketSettings(instance)];
    for (const [key, value] of Object.entries(expected)) {
      if (actual[key] === value) continue;
      mistakes.push(
        `The bucket ${instance.state.bucket} has two values of ${key}: ${value ?? "none"} (${first.stackName}) and ` +
          `${actual[key] ?? "none"} (${instance.stackName}).\n  Give both instances the same value, or give each instance its own bucket.`,
      );
    }
    buckets.set(id, { instance: first, instances: [...(buckets.get(id)?.instances ?? []), instance] });
  }
  if (mistakes.length > 0) throw new CommandError(mistakes.join("\n"));
  return [...buckets.values()];
}

/** Settings of the bucket. They must be equal for all instances of the bucket. */
function bucketSettings({ account, state }: InstanceConfig): Readonly<Record<string, string | undefined>> {
  return {
    "state.region": state.region,
    "state.kmsKeyArn": state.kmsKeyArn,
    "state.roleArn": state.roleArn,
    // Without state.roleArn, the environment's account owns the bucket.
    account: state.roleArn === undefined ? account : undefined,
  };
}

/**
 * Creates or completes one bucket, and prints each step.
 *
 * @param ownerOption account id that the user gave as the bucket's owner
 * @throws CommandError if the credentials belong to another account, or S3 refuses a step
 */
export async function bootstrapBucket(
  { instance, instances }: EnvironmentBucket,
  ownerOption: string | undefined,
  options: BootstrapOptions,
  print: (text: string) => void,
): Promise<void> {
  const { state, account, partition } = instance;
  const owner = ownerOption ?? state.roleArn?.split(":")[4] ?? account;
  const s3 = await ownersClient(instance, owner);
  try {
    print(`Bucket ${state.bucket} (${state.endpoint ?? `${state.region}, account ${owner}`})`);
    const steps: Step[] = [];
    await makeStateBucket(
      s3,
      {
        name: state.bucket,
        region: state.region,
        partition,
        // S3-compatible stores have no AWS accounts.
        owner: state.endpoint === undefined ? owner : undefined,
        kmsKeyArn: state.kmsKeyArn,
        tags: sharedTags(instances),
      },
      options,
      (step) => {
        steps.push(step);
        print(`  ${step.outcome.padEnd("would do".length)}  ${step.what}`);
      },
    );
    const changed = steps.filter(({ outcome }) => outcome === "done" || outcome === "would do").length;
    if (changed === 0) print("  Nothing to do.");
    else print(`  ${changed} of ${steps.length} steps ${options.dryRun ? "would be " : ""}done.`);
  } finally {
    s3.destroy();
  }
}

async function ownersClient(
  { state: { bucket, region, endpoint, usePathStyle, roleArn } }: InstanceConfig,
  owner: string,
): Promise<S3Client> {
  const settings = {
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(usePathStyle === undefined ? {} : { forcePathStyle: usePathStyle }),
  };
  if (roleArn !== undefined) {
    return new S3Client({ ...settings, credentials: await assumeRole(region, roleArn) });
  }
  if (endpoint === undefined) {
    // Bucket names are global: a bucket in the wrong account would take the name from the right account.
    const caller = await callerIdentity(region);
    if (caller.account !== owner) {
      throw new CommandError(
        `The credentials belong to account ${caller.account} (${caller.arn}), but the bucket ${bucket} belongs to account ` +
          `${owner}.\n  Use credentials of account ${owner}. If account ${caller.account} holds the states, ` +
          `add --owner ${caller.account}.\n  Nothing was changed.`,
      );
    }
  }
  return new S3Client(settings);
}

/** The tags that all instances of the bucket have. */
function sharedTags([first, ...others]: readonly InstanceConfig[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(first?.tags ?? {}).filter(([key, value]) => others.every(({ tags }) => tags[key] === value)),
  );
}
