/** The command `bootstrap`. */
import { readEnvironments } from "../../config/project";
import type { Command } from "./command-line";
import { accountProblem } from "./options";

export const bootstrap: Command = {
  name: "bootstrap",
  summary: "Creates and hardens the bucket for the Terraform states of an environment; safe to run again.",
  selection: "none",
  options: {
    env: { value: "NAME", required: true, description: "The environment: the name of its file without .yaml." },
    "dry-run": { description: "Shows the steps and changes nothing." },
    adopt: { description: "Accepts an existing bucket that contains objects and was not created by this command." },
    owner: {
      value: "ACCOUNT",
      description:
        "The account that owns the bucket. Default: the account of state.roleArn, otherwise the account of the environment.",
      problemWith: accountProblem,
    },
  },
  details: `The bucket gets versioning, encryption, a block of all public access and of ACLs, a policy that denies connections without TLS,
and a lifecycle rule for old versions: they expire after 30 days, but the last 20 versions of a state are kept.
The command never deletes anything and never weakens an existing setting.`,
  async run({ values, switches }, print) {
    const { bootstrapBucket, environmentBuckets } = await import("../aws/environment-state-buckets");
    const buckets = environmentBuckets(readEnvironments().instances, values.get("env") ?? "");
    const options = { dryRun: switches.has("dry-run"), adopt: switches.has("adopt") };
    for (const bucket of buckets) await bootstrapBucket(bucket, values.get("owner"), options, print);
  },
};
