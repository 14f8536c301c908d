/** Configures the remote state of a stack: an S3 bucket with native locking, or an S3-compatible store. */
import { S3Backend } from "cdktf";
import type { TerraformStack } from "cdktf";
import type { StateConfig } from "../config/types";

/** Adds the S3 backend to the stack. */
export function useRemoteState(stack: TerraformStack, state: StateConfig): void {
  new S3Backend(stack, {
    bucket: state.bucket,
    key: state.key,
    region: state.region,
    ...(state.kmsKeyArn === undefined ? {} : { kmsKeyId: state.kmsKeyArn }),
    // S3-compatible stores without a key service refuse a request for encryption (minio/minio#6367).
    ...(state.endpoint === undefined || state.kmsKeyArn !== undefined ? { encrypt: true } : {}),
    ...(state.roleArn === undefined ? {} : { assumeRole: { roleArn: state.roleArn } }),
    ...(state.endpoint === undefined ? {} : s3CompatibleStore(state.endpoint)),
    ...(state.usePathStyle === undefined ? {} : { usePathStyle: state.usePathStyle }),
  });
  // cdktf 0.21 has no property for the native lock of Terraform 1.11, only for the deprecated DynamoDB lock table.
  stack.addOverride("terraform.backend.s3.use_lockfile", true);
}

/** Skips checks that need AWS: an S3-compatible store has no STS, no AWS regions, and possibly no support for new checksums. */
function s3CompatibleStore(endpoint: string): object {
  return {
    endpoints: { s3: endpoint },
    skipCredentialsValidation: true,
    skipRegionValidation: true,
    skipRequestingAccountId: true,
    skipS3Checksum: true,
  };
}
