/** The committed lock file for each version constraint of the AWS provider: the selected version and its checksums. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CommandError } from "../output/command-error";
import type { Terraform } from "./terraform";

/** Directory of the committed lock files. Only `fleet provider-lock` writes to it. */
const directory = path.join("fleet", "terraform", "locks");

const fileNames = {
  "~> 5.100.0": "aws-5.100.lock.hcl",
  ">= 6.44, < 7": "aws-6.lock.hcl",
} as const;

/** The version constraints of the AWS provider that stacks may have. */
export type ProviderConstraint = keyof typeof fileNames;

/** Terraform looks for a lock file of this name in the working directory. */
export const lockFileName = ".terraform.lock.hcl";

/** The platforms on which people and CI run Terraform. */
export const usualPlatforms = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"];

export const lockFileOf = (constraint: ProviderConstraint): string => path.join(directory, fileNames[constraint]);

/** A lock file as Terraform writes it: the selected version, and the checksums of its packages. */
export interface ProviderLock {
  readonly version: string;
  readonly hashes: readonly string[];
}

/** @throws Error if the text does not lock the AWS provider */
export function readLock(text: string): ProviderLock {
  const provider = /provider "registry\.terraform\.io\/hashicorp\/aws" \{([^}]*)\}/.exec(text)?.[1] ?? "";
  const version = /\bversion\s*=\s*"([^"]+)"/.exec(provider)?.[1];
  if (version === undefined) throw new Error("the lock file does not lock registry.terraform.io/hashicorp/aws");
  return { version, hashes: [...provider.matchAll(/"((?:h1|zh):[^"]+)"/g)].map(([, hash]) => hash ?? "") };
}

/** The committed lock file. @throws CommandError if there is none for this constraint yet */
export function committedLock(constraint: ProviderConstraint): string {
  const file = lockFileOf(constraint);
  if (existsSync(file)) return readFileSync(file, "utf8");
  throw new CommandError(
    `There is no lock file for the AWS provider ${constraint}: ${file}.\n` +
      "  Without a lock file, stacks could use different builds of the provider.\n" +
      "  Run: npm run fleet -- provider-lock   and commit the file.",
  );
}

/** Writes a configuration without backend and resources that requires the provider. */
export function writeProviderOnly(target: string, constraint: ProviderConstraint): void {
  mkdirSync(target, { recursive: true });
  const required_providers = { aws: { source: "hashicorp/aws", version: constraint } };
  writeFileSync(path.join(target, "main.tf.json"), JSON.stringify({ terraform: { required_providers } }));
}

/**
 * Installs the provider into the plugin cache once, and returns the lock file for the stacks.
 *
 * Terraform's plugin cache is not concurrency-safe while `init` fills it ("not guaranteed to be concurrency safe", and
 * hashicorp/terraform-cdk#2741). Linking from a filled cache is safe. Terraform links a package from the cache only if the lock file
 * has an `h1` checksum for it; otherwise every stack downloads its own copy. A lock file with checksums from a registry has only
 * `zh` checksums. So one `init` runs first: it checks the package against the committed checksums and adds the `h1` checksum for
 * this platform.
 *
 * @param scratch directory for the completed lock files, kept between runs
 * @returns path of the completed lock file
 * @throws CommandError if the provider cannot be installed, or its version is not the locked version
 */
export async function warmPluginCache(
  terraform: Terraform,
  constraint: ProviderConstraint,
  scratch: string,
): Promise<string> {
  const committed = committedLock(constraint);
  const { version } = readLock(committed);
  const key = createHash("sha256").update(committed).update(process.platform).update(process.arch).digest("hex");
  const completed = path.join(scratch, `${fileNames[constraint]}.${key.slice(0, 16)}`);
  const cached = path.join(terraform.pluginCache, "registry.terraform.io/hashicorp/aws", version);
  if (existsSync(completed) && existsSync(cached)) return completed;

  const working = path.join(scratch, `init-${process.pid}`);
  writeProviderOnly(working, constraint);
  const lockFile = path.join(working, lockFileName);
  writeFileSync(lockFile, committed);
  const { exitCode, output } = await terraform.run(working, ["init", "-input=false", "-no-color", "-backend=false"]);
  if (exitCode !== 0) throw new CommandError(installationFailed(constraint, output));
  const { version: installed } = readLock(readFileSync(lockFile, "utf8"));
  if (installed !== version) {
    throw new CommandError(
      `${lockFileOf(constraint)} locks the AWS provider ${version}, but the constraint ${constraint} does not allow this version: ` +
        `Terraform installed ${installed}.\n` +
        "  Run: npm run fleet -- provider-lock   and commit the file.",
    );
  }
  copyFileSync(lockFile, `${completed}.${process.pid}`);
  renameSync(`${completed}.${process.pid}`, completed);
  return completed;
}

function installationFailed(constraint: ProviderConstraint, output: string): string {
  const isUnknownChecksum = /checksums? (previously )?recorded|doesn't match any of the checksums/.test(output);
  const advice = isUnknownChecksum
    ? `${lockFileOf(constraint)} does not have the checksum of this package.\n` +
      "  Find out where the package came from. If the package is correct, because your registry or mirror repackages the provider, add its\n" +
      "  checksums with: npm run fleet -- provider-lock   and have the change of the file reviewed."
    : "Terraform needs access to registry.terraform.io, or a mirror in its CLI configuration\n" +
      "  (https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation).";
  return `The AWS provider ${constraint} cannot be installed.\n${output.trim().replaceAll(/^/gm, "  ")}\n\n  ${advice}`;
}
