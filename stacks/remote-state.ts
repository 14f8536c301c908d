/** Where the state of one stack is kept: an S3 bucket with native locking, or a store that speaks the same API. */
import { S3Backend } from "cdktf";
import type { TerraformStack } from "cdktf";
import type { StateConfig } from "../config/types";

/** Gives the stack its backend. */
export function useRemoteState(stack: TerraformStack, state: StateConfig): void {
  new S3Backend(stack, {
    bucket: state.bucket,
    key: state.key,
    region: state.region,
    ...(state.kmsKeyArn === undefined ? {} : { kmsKeyId: state.kmsKeyArn }),
    // Other stores refuse to encrypt on demand unless they have a key service (minio/minio#6367).
    ...(state.endpoint === undefined || state.kmsKeyArn !== undefined ? { encrypt: true } : {}),
    ...(state.roleArn === undefined ? {} : { assumeRole: { roleArn: state.roleArn } }),
    ...(state.endpoint === undefined ? {} : otherStore(state.endpoint)),
    ...(state.usePathStyle === undefined ? {} : { usePathStyle: state.usePathStyle }),
  });
  // cdktf 0.21 knows only the deprecated DynamoDB lock table; the native lock is Terraform 1.11's.
  stack.addOverride("terraform.backend.s3.use_lockfile", true);
}

/** A store that is not AWS has neither AWS's account services nor its region names, and may not know its newer checksums. */
function otherStore(endpoint: string): object {
  return {
    endpoints: { s3: endpoint },
    skipCredentialsValidation: true,
    skipRegionValidation: true,
    skipRequestingAccountId: true,
    skipS3Checksum: true,
  };
}
