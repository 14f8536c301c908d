/** Terraform, prepared once for all stacks of a run: the version, the plugin cache and the provider lock files. */
import path from "node:path";
import { committedLock, warmPluginCache } from "./provider-lock";
import type { ProviderConstraint } from "./provider-lock";
import { TerraformStack } from "./terraform-stack";
import { Terraform } from "./terraform";
import type { ProcessShutdown } from "./terraform";

/** Directory that keeps the provider between runs. */
const pluginCache = path.join("build", "terraform-plugins");

/** Lock file for one version constraint. */
interface Lock {
  /** Text of the committed file. */
  readonly committed: string;
  /** Path of the file with the checksums for this platform added. */
  readonly file: string;
}

export class TerraformToolchain {
  private constructor(
    private readonly terraform: Terraform,
    readonly version: string,
    private readonly locks: ReadonlyMap<ProviderConstraint, Lock>,
    readonly shutdown: ProcessShutdown,
    /** How long Terraform waits for a state lock, in seconds. */
    readonly lockTimeout: number,
  ) {}

  /**
   * Installs the AWS provider once for each version constraint.
   *
   * @throws CommandError if Terraform or a provider is missing
   */
  static async open(
    constraints: Iterable<ProviderConstraint>,
    shutdown: ProcessShutdown,
    lockTimeout = 0,
  ): Promise<TerraformToolchain> {
    const terraform = new Terraform(path.resolve(pluginCache, "cache"), shutdown);
    const version = await terraform.version();
    const locks = new Map<ProviderConstraint, Lock>();
    for (const constraint of new Set(constraints)) {
      const file = await warmPluginCache(terraform, constraint, path.resolve(pluginCache));
      locks.set(constraint, { committed: committedLock(constraint), file });
    }
    return new TerraformToolchain(terraform, version, locks, shutdown, lockTimeout);
  }

  /**
   * @param constraint version constraint of the stack's AWS provider
   * @param directory Terraform's working directory: the directory of the synthesized stack
   */
  stack(constraint: ProviderConstraint, directory: string): TerraformStack {
    return new TerraformStack(this.terraform, directory, this.lock(constraint).file, this.lockTimeout);
  }

  /** Text of the committed lock file. */
  committedLock(constraint: ProviderConstraint): string {
    return this.lock(constraint).committed;
  }

  private lock(constraint: ProviderConstraint): Lock {
    const lock = this.locks.get(constraint);
    if (lock === undefined) throw new Error(`the toolchain was opened without the provider ${constraint}`);
    return lock;
  }
}
