/** The IAM policies that a deployment needs and no more, made from the configuration of the instances they are for. */
import type { InstanceConfig } from "../../../config/types";
import { discoverStatements, operateStatements, preflightStatements } from "./look-statements";
import { deployStatements, deployWatchStatements, planStatements } from "./stack-statements";
import type { PolicyDocument, Statement } from "./statement";
import { stateReadStatements, stateStatements } from "./state-statements";

export interface Policy {
  /** `deploy-111122223333`: what for, and the account; numbered where one document would be too long. */
  readonly name: string;
  readonly document: PolicyDocument;
}

/** Characters of a managed policy, white space aside (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html). */
const policyLimit = 6144;

/**
 * For each account of the instances:
 *
 * - `deploy`: what Terraform's AWS provider calls to create, change and remove the stack. Of the table it may change the indexes;
 *   all else is denied, so that no other policy of the role can allow it.
 * - `deploy-watch`, which goes with it: the same for canary, alarms, topic and dashboard. One document could not hold both.
 * - `plan`: the calls among them that read.
 * - `preflight`: what `fleet preflight` calls. Of contacts it may read the table's keys and those of our index, and nothing else.
 * - `operate`: what `fleet verify` and `fleet check` call. Of contacts it may read the index, and of an item the contact's id alone.
 * - `discover`: what `fleet discover` calls, in all regions.
 *
 * For each account of their state buckets, unless a store other than AWS holds the states:
 *
 * - `state`: what Terraform's S3 backend calls. A state can be written, but never deleted; its lock can.
 * - `state-read`: reading states, and nothing else: what only reads takes no lock, so that it cannot hold up a deployment.
 */
export function policiesFor(instances: readonly InstanceConfig[]): Policy[] {
  const withBucket = instances.filter(({ state }) => state.endpoint === undefined);
  return [
    ...named("deploy", instances, ({ account }) => account, deployStatements),
    ...named("deploy-watch", instances, ({ account }) => account, deployWatchStatements),
    ...named("plan", instances, ({ account }) => account, planStatements),
    ...named("preflight", instances, ({ account }) => account, preflightStatements),
    ...named("operate", instances, ({ account }) => account, operateStatements),
    ...named("discover", instances, ({ account }) => account, discoverStatements),
    ...named("state", withBucket, accountOfState("roleArn"), stateStatements),
    ...named("state-read", withBucket, accountOfState("planRoleArn"), stateReadStatements),
  ];
}

const accountOfState =
  (role: "roleArn" | "planRoleArn") =>
  ({ account, state }: InstanceConfig): string =>
    (state[role] ?? state.roleArn)?.split(":")[4] ?? account;

/** One policy for each account, or as many as keep below the limit. */
function named(
  name: string,
  instances: readonly InstanceConfig[],
  accountOf: (instance: InstanceConfig) => string,
  statements: (instances: readonly InstanceConfig[]) => Statement[],
): Policy[] {
  const document = (some: readonly InstanceConfig[]): PolicyDocument => ({
    Version: "2012-10-17",
    Statement: statements(some),
  });
  return [...new Set(instances.map(accountOf))].flatMap((account) => {
    const parts: InstanceConfig[][] = [];
    for (const instance of instances.filter((one) => accountOf(one) === account)) {
      const last = parts.at(-1);
      const fits = last !== undefined && JSON.stringify(document([...last, instance])).length <= policyLimit;
      if (fits) last.push(instance);
      else parts.push([instance]);
    }
    return parts.map((part, index) => ({
      name: parts.length === 1 ? `${name}-${account}` : `${name}-${account}-${index + 1}`,
      document: document(part),
    }));
  });
}
