/** Generates least-privilege IAM policies from the configuration of instances. */
import type { InstanceConfig } from "../../../config/types";
import {
  contactAttributesStatements,
  discoverStatements,
  indexStatements,
  preflightStatements,
  readAndInvokeStatements,
  wireStatements,
} from "./check-statements";
import { settingStatements } from "./setting-statements";
import { deployStatements, deployWatchStatements, planStatements } from "./stack-statements";
import type { PolicyDocument, Statement } from "./statement";
import { stateReadStatements, stateStatements } from "./state-statements";

export interface Policy {
  /** Purpose and account, such as `deploy-111122223333`; numbered if one document would be too long. */
  readonly name: string;
  readonly document: PolicyDocument;
}

/** Characters of a managed policy without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const policyLimit = 6144;

/**
 * For each account of the instances:
 *
 * - `deploy`: the calls of Terraform's AWS provider to create, change and remove a stack. All actions on the table except reads and
 *   `UpdateTable` are denied, so that no other policy of the role can allow them. With `table.adopt: false`, `UpdateTable` is denied too.
 * - `deploy-watch`: the same calls for the canary, alarms, topic and dashboard. One policy would be too long for both.
 * - `deploy-settings`: the calls for the settings of security teams. Absent if no instance has such a setting.
 * - `plan`: the calls of the provider that read.
 * - `preflight`: the calls of `fleet preflight`. It may read the keys of the table and of our index, and no other attribute of a contact.
 * - `contact-attributes`: `fleet preflight --attributes`. It may read whole contacts, so it should be attached for a short time only.
 * - `read-and-invoke`: the calls of `fleet verify`, `fleet status`, `fleet coverage` and `fleet check`. It may query the index, read contact
 *   ids, flows, phone numbers and alarms, and invoke the function.
 * - `index`: the calls of `fleet index`: describes the table and adds the index.
 * - `wire`: the calls of `fleet wire`: reads the flows of the instance and updates their content.
 * - `discover`: the calls of `fleet discover`, in all regions.
 *
 * For each account of the state buckets, except buckets of S3-compatible stores:
 *
 * - `state`: the calls of Terraform's S3 backend. It may write states but not delete them; it may delete locks.
 * - `state-read`: reads states. It cannot take a lock, so it cannot delay a deployment.
 */
export function policiesFor(instances: readonly InstanceConfig[]): Policy[] {
  const account = (instance: InstanceConfig): string => instance.account;
  const withS3Bucket = instances.filter(({ state }) => state.endpoint === undefined);
  const withSettings = instances.filter((instance) => settingStatements([instance]).length > 0);
  return [
    ...policiesPerAccount("deploy", instances, account, deployStatements),
    ...policiesPerAccount("deploy-watch", instances, account, deployWatchStatements),
    ...policiesPerAccount("deploy-settings", withSettings, account, settingStatements),
    ...policiesPerAccount("plan", instances, account, planStatements),
    ...policiesPerAccount("preflight", instances, account, preflightStatements),
    ...policiesPerAccount("contact-attributes", instances, account, contactAttributesStatements),
    ...policiesPerAccount("read-and-invoke", instances, account, readAndInvokeStatements),
    ...policiesPerAccount("index", instances, account, indexStatements),
    ...policiesPerAccount("wire", instances, account, wireStatements),
    ...policiesPerAccount("discover", instances, account, discoverStatements),
    ...policiesPerAccount("state", withS3Bucket, stateAccount("roleArn"), stateStatements),
    ...policiesPerAccount("state-read", withS3Bucket, stateAccount("planRoleArn"), stateReadStatements),
  ];
}

const stateAccount =
  (role: "roleArn" | "planRoleArn") =>
  ({ account, state }: InstanceConfig): string =>
    (state[role] ?? state.roleArn)?.split(":")[4] ?? account;

/** One policy per account, or several if the instances do not fit in one. */
function policiesPerAccount(
  name: string,
  instances: readonly InstanceConfig[],
  accountOf: (instance: InstanceConfig) => string,
  statementsFor: (instances: readonly InstanceConfig[]) => Statement[],
): Policy[] {
  const documentFor = (members: readonly InstanceConfig[]): PolicyDocument => ({
    Version: "2012-10-17",
    Statement: statementsFor(members),
  });
  return [...new Set(instances.map(accountOf))].flatMap((account) => {
    const parts: InstanceConfig[][] = [];
    for (const instance of instances.filter((candidate) => accountOf(candidate) === account)) {
      const last = parts.at(-1);
      const fits = last !== undefined && JSON.stringify(documentFor([...last, instance])).length <= policyLimit;
      if (fits) last.push(instance);
      else parts.push([instance]);
    }
    return parts.map((part, index) => ({
      name: parts.length === 1 ? `${name}-${account}` : `${name}-${account}-${index + 1}`,
      document: documentFor(part),
    }));
  });
}
