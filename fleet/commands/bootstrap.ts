/** The command `bootstrap`. */
import { readEnvironments } from "../../config/project";
import type { Command } from "./command-line";
import { accountProblem } from "./options";

export const bootstrap: Command = {
  name: "bootstrap",
  summary: "Creates and hardens the bucket for the Terraform states of an environment; safe to run again.",
  selection: "none",
  options: {
    env: { value: "NAME", required: true, description: "The name of the environment: its file name without .yaml." },
    "dry-run": { description: "Shows the steps and changes nothing." },
    adopt: { description: "Accepts an existing bucket that contains objects and was not created by this command." },
    owner: {
      value: "ACCOUNT",
      description:
        "The AWS account that owns the bucket. Default: the account of state.roleArn, otherwise the account of the environment.",
      problemWith: accountProblem,
    },
  },
  details: `The command turns on versioning and encryption, blocks public access and ACLs, and adds a policy that denies connections without TLS.
It also adds a lifecycle rule: S3 deletes old versions of a state after 30 days, but always keeps the 20 newest of them.
The command deletes nothing and never weakens an existing setting.`,
  async run({ values, switches }, print) {
    const { bootstrapBucket, environmentBuckets } = await import("../aws/environment-state-buckets");
    const buckets = environmentBuckets(readEnvironments().instances, values.get("env") ?? "");
    const options = { dryRun: switches.has("dry-run"), adopt: switches.has("adopt") };
    for (const bucket of buckets) await bootstrapBucket(bucket, values.get("owner"), options, print);
  },
};
