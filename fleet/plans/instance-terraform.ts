/** Terraform for an instance: passes the settings of the environment file to the toolchain as plain values. */
import type { InstanceConfig } from "../../config/types";
import type { ProcessShutdown } from "../terraform/terraform";
import type { ReadOnlyAccess, TerraformStack } from "../terraform/terraform-stack";
import { TerraformToolchain } from "../terraform/toolchain";

/**
 * Prepares Terraform for these instances.
 *
 * @param lockTimeout how long Terraform waits for a state lock, in seconds
 * @throws CommandError if Terraform or a provider is missing
 */
export const openToolchain = (
  instances: readonly InstanceConfig[],
  shutdown: ProcessShutdown,
  lockTimeout?: number,
): Promise<TerraformToolchain> =>
  TerraformToolchain.open(
    instances.map(({ awsProvider }) => awsProvider),
    shutdown,
    lockTimeout,
  );

/** @param directory Terraform's working directory */
export const terraformStackOf = (
  toolchain: Pick<TerraformToolchain, "stack">,
  { awsProvider }: InstanceConfig,
  directory: string,
): TerraformStack => toolchain.stack(awsProvider, directory);

/** `planRole` replaces the role that deploys, and `state.planRoleArn` the role for the state. */
export const readOnlyAccess = ({ planRole, state }: InstanceConfig): ReadOnlyAccess => ({
  ...(planRole === undefined ? {} : { role: { ...planRole, sessionName: "connectpath-call-blocking" } }),
  ...(state.planRoleArn === undefined ? {} : { backendRole: state.planRoleArn }),
});
