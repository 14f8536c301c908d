/** Permissions for Terraform states in S3. */
import type { InstanceConfig } from "../../../config/types";
import { allow, allowIfAny, unique } from "./statement";
import type { Statement } from "./statement";

export function stateStatements(instances: readonly InstanceConfig[]): Statement[] {
  const states = statesOf(instances);
  return [
    listBucket(states.buckets),
    allow("ReadAndWriteState", ["s3:GetObject", "s3:PutObject"], states.objects),
    allow("LockState", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], states.locks),
    ...allowIfAny("UseStateKey", ["kms:Decrypt", "kms:GenerateDataKey"], states.keys),
  ];
}

export function stateReadStatements(instances: readonly InstanceConfig[]): Statement[] {
  const states = statesOf(instances);
  return [
    listBucket(states.buckets),
    // A read-only plan reports the lock of another command.
    allow("ReadState", ["s3:GetObject"], [...states.objects, ...states.locks]),
    ...allowIfAny("UseStateKey", ["kms:Decrypt"], states.keys),
  ];
}

/** Without this permission, S3 answers 403 instead of 404 for a state that does not exist yet. With a condition on the prefix, S3 would also answer 403. */
const listBucket = (buckets: readonly string[]): Statement => allow("ListBucket", ["s3:ListBucket"], buckets);

function statesOf(instances: readonly InstanceConfig[]) {
  const bucket = ({ partition, state }: InstanceConfig): string => `arn:${partition}:s3:::${state.bucket}`;
  const object = (instance: InstanceConfig): string => `${bucket(instance)}/${instance.state.key}`;
  return {
    buckets: unique(instances, bucket),
    objects: unique(instances, object),
    locks: unique(instances, (instance) => `${object(instance)}.tflock`),
    keys: [...new Set(instances.flatMap(({ state: { kmsKeyArn } }) => kmsKeyArn ?? []))],
  };
}
