/** What is allowed of Terraform's states. */
import type { InstanceConfig } from "../../../config/types";
import { allow, unique } from "./statement";
import type { Statement } from "./statement";

export function stateStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = statesOf(instances);
  return [
    findTheState(on.buckets),
    allow("ReadAndWriteTheState", ["s3:GetObject", "s3:PutObject"], on.objects),
    allow(
      "LockTheState",
      ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
      on.objects.map((object) => `${object}.tflock`),
    ),
    ...(on.keys.length === 0 ? [] : [allow("UseTheStatesKey", ["kms:Decrypt", "kms:GenerateDataKey"], on.keys)]),
  ];
}

export function stateReadStatements(instances: readonly InstanceConfig[]): Statement[] {
  const on = statesOf(instances);
  return [
    findTheState(on.buckets),
    allow("ReadTheState", ["s3:GetObject"], on.objects),
    ...(on.keys.length === 0 ? [] : [allow("UseTheStatesKey", ["kms:Decrypt"], on.keys)]),
  ];
}

/** Not bound to a prefix: without this right S3 answers 403 for a state that does not exist yet, instead of 404. */
const findTheState = (buckets: readonly string[]): Statement => allow("FindTheState", ["s3:ListBucket"], buckets);

/** ARNs of where the states are. */
function statesOf(instances: readonly InstanceConfig[]) {
  const bucket = ({ partition, state }: InstanceConfig): string => `arn:${partition}:s3:::${state.bucket}`;
  return {
    buckets: unique(instances, bucket),
    objects: unique(instances, (instance) => `${bucket(instance)}/${instance.state.key}`),
    keys: [...new Set(instances.flatMap(({ state: { kmsKeyArn } }) => kmsKeyArn ?? []))],
  };
}
