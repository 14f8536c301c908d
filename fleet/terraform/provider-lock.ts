/** The one lock file of each provider line: which build of the AWS provider is used, and the checksums that it must have. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { AwsProviderConstraint } from "../../config/types";
import { CommandError } from "../output/command-error";
import type { Terraform } from "./terraform";

/** Committed; written by `fleet lock` and by nothing else. */
const directory = path.join("fleet", "terraform", "locks");

const fileNames: Readonly<Record<AwsProviderConstraint, string>> = {
  "~> 5.100.0": "aws-5.100.lock.hcl",
  ">= 6.44, < 7": "aws-6.lock.hcl",
};

/** The name under which Terraform looks for it in a working directory. */
export const lockFileName = ".terraform.lock.hcl";

/** The platforms on which people and CI run Terraform. */
export const usualPlatforms = ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64", "windows_amd64"];

export const lockFileOf = (line: AwsProviderConstraint): string => path.join(directory, fileNames[line]);

/** A lock file as Terraform writes it: the selected version, and the checksums of its packages. */
export interface ProviderLock {
  readonly version: string;
  readonly hashes: readonly string[];
}

/** @throws Error where the text is no lock of the AWS provider */
export function readLock(text: string): ProviderLock {
  const provider = /provider "registry\.terraform\.io\/hashicorp\/aws" \{([^}]*)\}/.exec(text)?.[1] ?? "";
  const version = /\bversion\s*=\s*"([^"]+)"/.exec(provider)?.[1];
  if (version === undefined) throw new Error("the lock file names no registry.terraform.io/hashicorp/aws");
  return { version, hashes: [...provider.matchAll(/"((?:h1|zh):[^"]+)"/g)].map(([, hash]) => hash ?? "") };
}

/** The committed lock file. @throws CommandError where the line has none yet */
export function committedLock(line: AwsProviderConstraint): string {
  const file = lockFileOf(line);
  if (existsSync(file)) return readFileSync(file, "utf8");
  throw new CommandError(
    `There is no lock file for the AWS provider ${line}: ${file}.\n` +
      "  Without one, each stack might get another build of the provider, and nobody would know which.\n" +
      "  Run: npm run fleet -- lock   and commit the file.",
  );
}

/** A directory without backend and resources that requires one line of the provider. */
export function writeProviderOnly(target: string, line: AwsProviderConstraint): void {
  mkdirSync(target, { recursive: true });
  const required_providers = { aws: { source: "hashicorp/aws", version: line } };
  writeFileSync(path.join(target, "main.tf.json"), JSON.stringify({ terraform: { required_providers } }));
}

/**
 * Installs the provider of a line into the plugin cache, once, and returns the lock file to put into the stacks.
 *
 * Terraform's plugin cache is not safe while several `init` fill it ("not guaranteed to be concurrency safe", and
 * hashicorp/terraform-cdk#2741), but may be linked from by any number. A package from the cache must also have a checksum of
 * the kind `h1` in the lock file, or every stack downloads its own; a lock made from a registry's answers alone has only `zh`.
 * So one `init` comes first: it checks the package against the committed checksums, and completes them for this platform.
 *
 * @param scratch directory for this, kept from run to run beside the cache
 * @returns path of the completed lock file
 * @throws CommandError where the provider cannot be had, or is not the one that was locked
 */
export async function warmPluginCache(
  terraform: Terraform,
  line: AwsProviderConstraint,
  scratch: string,
): Promise<string> {
  const committed = committedLock(line);
  const { version } = readLock(committed);
  const key = createHash("sha256").update(committed).update(process.platform).update(process.arch).digest("hex");
  const completed = path.join(scratch, `${fileNames[line]}.${key.slice(0, 16)}`);
  const cached = path.join(terraform.pluginCache, "registry.terraform.io/hashicorp/aws", version);
  if (existsSync(completed) && existsSync(cached)) return completed;

  const working = path.join(scratch, `init-${process.pid}`);
  writeProviderOnly(working, line);
  const lockFile = path.join(working, lockFileName);
  writeFileSync(lockFile, committed);
  const { exitCode, output } = await terraform.run(working, ["init", "-input=false", "-no-color", "-backend=false"]);
  if (exitCode !== 0) throw new CommandError(installationFailed(line, output));
  const { version: installed } = readLock(readFileSync(lockFile, "utf8"));
  if (installed !== version) {
    throw new CommandError(
      `${lockFileOf(line)} locks the AWS provider ${version}, which the constraint ${line} does not allow: Terraform took ${installed}.\n` +
        "  Run: npm run fleet -- lock   and commit the file.",
    );
  }
  copyFileSync(lockFile, `${completed}.${process.pid}`);
  renameSync(`${completed}.${process.pid}`, completed);
  return completed;
}

function installationFailed(line: AwsProviderConstraint, output: string): string {
  const said = output.trim().replaceAll(/^/gm, "  ");
  const isStranger = /checksums? (previously )?recorded|doesn't match any of the checksums/.test(output);
  const advice = isStranger
    ? `The package that was found is not among the checksums of ${lockFileOf(line)}.\n` +
      "  Find out where it came from. If it is right, because your registry or mirror packs the provider anew, add its\n" +
      "  checksums with: npm run fleet -- lock   and have the change of the file reviewed."
    : "Terraform must reach registry.terraform.io, or a mirror that its CLI configuration names\n" +
      "  (https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation).";
  return `The AWS provider ${line} cannot be installed.\n${said}\n\n  ${advice}`;
}
