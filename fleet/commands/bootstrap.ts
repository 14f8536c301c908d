/** `bootstrap`: makes the bucket in which Terraform keeps the states of an environment. */
import { S3Client } from "@aws-sdk/client-s3";
import { didYouMean } from "../../config/did-you-mean";
import type { InstanceConfig } from "../../config/types";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { readEnvironments } from "../../config/project";
import { assumeRole, callerIdentity } from "../aws/security-token-service";
import { makeStateBucket } from "../aws/state-bucket";
import type { Options, Step } from "../aws/state-bucket";

/** A bucket, and the instances whose states it holds: at least one. */
interface Use {
  readonly instance: InstanceConfig;
  readonly instances: readonly InstanceConfig[];
}

export const bootstrap: Command = {
  name: "bootstrap",
  summary: "Makes the bucket for Terraform's state of an environment; what is there already is left as it is.",
  selection: "none",
  options: {
    env: { value: "NAME", required: true, description: "The environment: its file's name without .yaml." },
    "dry-run": { description: "Says what would be done, and does nothing." },
    adopt: { description: "Takes a bucket that holds objects and was not made by this command." },
    owner: {
      value: "ACCOUNT",
      description: "The account that owns the bucket. Default: that of state.roleArn, else the environment's.",
    },
  },
  details: `The bucket gets versioning, encryption, an end to public access and to ACLs, a policy that refuses connections
without TLS, and a rule by which old versions expire: after 30 days, but never the last 20 of a state.
Nothing is ever deleted or weakened, and running it twice changes nothing the second time.`,
  async run({ values, switches }, print) {
    const owner = values.get("owner");
    if (owner !== undefined && !/^\d{12}$/.test(owner)) {
      throw new CommandError(`--owner ${owner} is not an AWS account id. Give its 12 digits.`);
    }
    const uses = bucketsOf(readEnvironments().instances, values.get("env") ?? "");
    const options = { dryRun: switches.has("dry-run"), adopt: switches.has("adopt") };
    for (const use of uses) await bootstrapBucket(use, owner, options, print);
  },
};

/** The buckets of an environment, mostly one. @throws CommandError for an unknown environment, and for a bucket that is configured in two ways */
function bucketsOf(fleet: readonly InstanceConfig[], environment: string): Use[] {
  const instances = fleet.filter((instance) => instance.environment === environment);
  if (instances.length === 0) {
    const known = [...new Set(fleet.map((instance) => instance.environment))];
    const near = didYouMean(environment, known);
    throw new CommandError(
      `There is no environment ${JSON.stringify(environment)}. ` +
        (near === undefined ? `There is: ${known.join(", ")}.` : `Did you mean "${near}"?`),
    );
  }
  const uses = new Map<string, Use>();
  const mistakes: string[] = [];
  for (const instance of instances) {
    const id = JSON.stringify([instance.state.bucket, instance.state.endpoint]);
    const first = uses.get(id)?.instance ?? instance;
    const differing = Object.entries(bucketSettings(first)).filter(
      ([key, value]) => bucketSettings(instance)[key] !== value,
    );
    for (const [key, value] of differing) {
      const other = bucketSettings(instance)[key];
      mistakes.push(
        `The bucket ${instance.state.bucket} has two values of ${key}: ${value ?? "none"} (${first.stackName}) and ` +
          `${other ?? "none"} (${instance.stackName}).\n  Give both instances the same, or each its own bucket.`,
      );
    }
    uses.set(id, { instance: first, instances: [...(uses.get(id)?.instances ?? []), instance] });
  }
  if (mistakes.length > 0) throw new CommandError(mistakes.join("\n"));
  return [...uses.values()];
}

/** What one bucket can have only once. */
function bucketSettings({ account, state }: InstanceConfig): Readonly<Record<string, string | undefined>> {
  return {
    "state.region": state.region,
    "state.kmsKeyArn": state.kmsKeyArn,
    "state.roleArn": state.roleArn,
    // Without a role for the state it is the environment's account that owns the bucket.
    account: state.roleArn === undefined ? account : undefined,
  };
}

async function bootstrapBucket(
  { instance, instances }: Use,
  givenOwner: string | undefined,
  options: Options,
  print: (text: string) => void,
): Promise<void> {
  const { state, account, partition } = instance;
  const owner = givenOwner ?? state.roleArn?.split(":")[4] ?? account;
  // A store that is not AWS has no accounts.
  const isAws = state.endpoint === undefined;
  const s3 = await client(instance, owner);
  try {
    print(`Bucket ${state.bucket} (${state.endpoint ?? `${state.region}, account ${owner}`})`);
    const steps: Step[] = [];
    await makeStateBucket(
      s3,
      {
        name: state.bucket,
        region: state.region,
        partition,
        owner: isAws ? owner : undefined,
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

  async function client({ state: { region, endpoint, usePathStyle, roleArn } }: InstanceConfig, expected: string) {
    const settings = {
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(usePathStyle === undefined ? {} : { forcePathStyle: usePathStyle }),
    };
    if (roleArn !== undefined) {
      return new S3Client({ ...settings, credentials: await assumeRole(region, roleArn) });
    }
    if (endpoint === undefined) {
      // Asked before anything is made: a bucket in the wrong account would take the name from the right one.
      const caller = await callerIdentity(region);
      if (caller.account !== expected) {
        throw new CommandError(
          `The credentials are of account ${caller.account} (${caller.arn}), but the bucket ${state.bucket} belongs to account ` +
            `${expected}.\n  Use credentials of account ${expected}; or, where the states are kept in account ${caller.account}, ` +
            `say so with --owner ${caller.account}.\n  Nothing was changed.`,
        );
      }
    }
    return new S3Client(settings);
  }
}

/** The tags on which all instances of the bucket agree. */
function sharedTags([first, ...others]: readonly InstanceConfig[]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(first?.tags ?? {}).filter(([key, value]) => others.every(({ tags }) => tags[key] === value)),
  );
}
