/** Terraform, made ready once for all stacks of a run: its version, the provider's cache and the lock files. */
import path from "node:path";
import type { AwsProviderConstraint, InstanceConfig } from "../../config/types";
import { committedLock, warmPluginCache } from "./provider-lock";
import { TerraformStack } from "./terraform-stack";
import { Terraform } from "./terraform";
import type { ProcessShutdown } from "./terraform";

/** Where the provider is kept from run to run. */
const pluginCache = path.join("build", "terraform-plugins");

/** Lock file of a provider line: as it is committed, and completed for this platform. */
interface Lock {
  readonly committed: string;
  readonly file: string;
}

/** Terraform, made ready for stacks of some provider lines. */
export class TerraformToolchain {
  private constructor(
    private readonly terraform: Terraform,
    readonly version: string,
    private readonly locks: ReadonlyMap<AwsProviderConstraint, Lock>,
    readonly shutdown: ProcessShutdown,
  ) {}

  /**
   * Installs the provider of each line that the instances have, once.
   *
   * @throws CommandError where Terraform or a provider is missing
   */
  static async open(instances: readonly InstanceConfig[], shutdown: ProcessShutdown): Promise<TerraformToolchain> {
    const terraform = new Terraform(path.resolve(pluginCache, "cache"), shutdown);
    const version = await terraform.version();
    const locks = new Map<AwsProviderConstraint, Lock>();
    for (const line of new Set(instances.map(({ awsProvider }) => awsProvider))) {
      const file = await warmPluginCache(terraform, line, path.resolve(pluginCache));
      locks.set(line, { committed: committedLock(line), file });
    }
    return new TerraformToolchain(terraform, version, locks, shutdown);
  }

  /** @param directory where Terraform runs: that of the synthesized stack */
  runs({ awsProvider }: InstanceConfig, directory: string): TerraformStack {
    return new TerraformStack(this.terraform, directory, this.lock(awsProvider).file);
  }

  /** Text of the committed lock file of an instance's provider line. */
  committedLock({ awsProvider }: InstanceConfig): string {
    return this.lock(awsProvider).committed;
  }

  private lock(line: AwsProviderConstraint): Lock {
    const lock = this.locks.get(line);
    if (lock === undefined) throw new Error(`the provider ${line} was not made ready`);
    return lock;
  }
}
