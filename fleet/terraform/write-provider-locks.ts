/** Writes the committed lock files of the AWS provider with `terraform providers lock`. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CommandError } from "../output/command-error";
import { lockFileName, lockFileOf, writeProviderOnly } from "./provider-lock";
import type { ProviderConstraint } from "./provider-lock";
import { Terraform } from "./terraform";
import type { ProcessShutdown } from "./terraform";

export interface ProviderLockOptions {
  /** Such as `linux_amd64`. */
  readonly platforms: readonly string[];
  /** Directory of a filesystem mirror. @default the provider's registry */
  readonly mirror: string | undefined;
  readonly shutdown: ProcessShutdown;
}

/**
 * Adds the checksums of all platforms to the lock file for each version constraint. The locked version does not change.
 *
 * @returns the paths of the lock files
 * @throws CommandError if Terraform cannot lock the provider
 */
export async function writeProviderLocks(
  constraints: Iterable<ProviderConstraint>,
  { platforms, mirror, shutdown }: ProviderLockOptions,
): Promise<readonly string[]> {
  const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-lock-"));
  const written: string[] = [];
  try {
    const terraform = new Terraform(path.join(scratch, "plugins"), shutdown);
    await terraform.version();
    const source = mirror === undefined ? [] : [`-fs-mirror=${path.resolve(mirror)}`];
    const args = [...source, ...platforms.map((platform) => `-platform=${platform}`)];
    for (const constraint of constraints) {
      const committed = lockFileOf(constraint);
      const directory = path.join(scratch, committed);
      writeProviderOnly(directory, constraint);
      const file = path.join(directory, lockFileName);
      if (existsSync(committed)) copyFileSync(committed, file);
      const { exitCode, output } = await terraform.run(directory, ["providers", "lock", "-no-color", ...args]);
      if (exitCode !== 0) throw new CommandError(`The AWS provider ${constraint} cannot be locked.\n${output.trim()}`);
      copyFileSync(file, committed);
      written.push(committed);
    }
    return written;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
