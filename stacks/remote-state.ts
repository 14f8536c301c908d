/** Where the state of one stack is kept: an S3 bucket with native locking, or a store that speaks the same API. */
import { S3Backend } from "cdktf";
import type { TerraformStack } from "cdktf";
import type { StateConfig } from "../environments/model/types";

/**
 * Gives the stack its backend.
 *
 * @param account the only AWS account that the state may be written from, 12 digits
 */
export function useRemoteState(stack: TerraformStack, state: StateConfig): void {
  new S3Backend(stack, {
    bucket: state.bucket,
    key: state.key,
    region: state.region,
    encrypt: true,
    ...(state.kmsKeyArn === undefined ? {} : { kmsKeyId: state.kmsKeyArn }),
    ...(state.roleArn === undefined ? {} : { assumeRole: { roleArn: state.roleArn } }),
    ...(state.endpoint === undefined ? {} : otherStore(state.endpoint)),
    ...(state.usePathStyle === undefined ? {} : { usePathStyle: state.usePathStyle }),
  });
  // cdktf 0.21 knows only the deprecated DynamoDB lock table; the native lock is Terraform 1.11's.
  stack.addOverride("terraform.backend.s3.use_lockfile", true);
}

/** A store that is not AWS has neither AWS's account services nor its region names. */
function otherStore(endpoint: string): object {
  return { endpoints: { s3: endpoint }, skipRegionValidation: true, skipRequestingAccountId: true };
}
