/** Writes `import` and `removed` blocks: Terraform adopts existing resources, and forgets resources without deleting them. */
import type { TerraformStack } from "cdktf";

/** An existing resource that Terraform adopts. */
export interface ImportBlock {
  /** Address of the resource: `aws_dynamodb_table.contacts`. */
  readonly to: string;
  /** The import id of the provider. It must be known before the plan. */
  readonly id: string;
}

/**
 * Adds import blocks. CDKTF's `importFrom` is not used, because it runs `terraform version` in every synth, about 100 ms for each stack.
 */
export function importExisting(stack: TerraformStack, blocks: readonly ImportBlock[]): void {
  stack.addOverride("import", blocks);
}

/** A resource that Terraform removes from its state. The resource stays in AWS unchanged. */
export interface ForgottenResource {
  /** Address: `aws_dynamodb_table.contacts`. */
  readonly from: string;
  /** If set, `terraform destroy` fails with this sentence and does not delete the resource. No quotes, `$` or other shell syntax. */
  readonly refuseDestroy?: string;
}

/**
 * Removes the resources from the state at the next apply.
 *
 * `terraform destroy` ignores `destroy = false` and deletes every resource in the state (tested with Terraform 1.11.4). Without a
 * resource block, `prevent_destroy` does not exist. Therefore a destroy-time provisioner runs before the deletion. If the
 * provisioner fails, Terraform does not delete the resource.
 */
export function forget(stack: TerraformStack, resources: readonly ForgottenResource[]): void {
  stack.addOverride(
    "removed",
    resources.map(({ from, refuseDestroy }) => ({
      from,
      lifecycle: { destroy: false },
      ...(refuseDestroy === undefined ? {} : { provisioner: { "local-exec": failWith(refuseDestroy) } }),
    })),
  );
}

/** A command that fails in a POSIX shell and in cmd.exe. */
const failWith = (sentence: string) => ({ when: "destroy", command: `echo "${sentence}" && exit 1` });
