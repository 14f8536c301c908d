/** What Terraform takes into its state without making it, and lets out of it without deleting it. */
import type { TerraformStack } from "cdktf";

/** Something that exists and is taken over. */
export interface ImportBlock {
  /** Address of the resource: `aws_dynamodb_table.contacts`. */
  readonly to: string;
  /** Its id as the provider's import takes it, known before the plan. */
  readonly id: string;
}

/** Takes over what exists. Not `importFrom`: it runs the terraform binary at every synth to learn its version, about 100 ms a stack. */
export function importExisting(stack: TerraformStack, blocks: readonly ImportBlock[]): void {
  stack.addOverride("import", blocks);
}

/** A resource that Terraform lets go of: it stays in AWS as it is. */
export interface ForgottenResource {
  /** Address: `aws_dynamodb_table.contacts`. */
  readonly from: string;
  /** One sentence in plain characters. With it, `terraform destroy` fails with the sentence instead of deleting the resource. */
  readonly refuseDestroy?: string;
}

/**
 * Lets go of those resources that the state has.
 *
 * `destroy = false` counts for a plan and not for `terraform destroy`, which deletes what the state still has (tried with
 * Terraform 1.11.4), and without a resource block there is no `prevent_destroy`. A destroy-time provisioner runs before the
 * delete, and where it fails the resource stays.
 */
export function forget(stack: TerraformStack, resources: readonly ForgottenResource[]): void {
  stack.addOverride(
    "removed",
    resources.map(({ from, refuseDestroy }) => ({
      from,
      lifecycle: { destroy: false },
      ...(refuseDestroy === undefined ? {} : { provisioner: { "local-exec": failing(refuseDestroy) } }),
    })),
  );
}

/** The same to a POSIX shell and to cmd.exe. */
const failing = (sentence: string) => ({ when: "destroy", command: `echo "${sentence}" && exit 1` });
