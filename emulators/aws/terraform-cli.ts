/** Selects the source of the AWS provider for Terraform, also on a machine that cannot reach the public registry. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The provider release that is tested end to end. */
const version = "5.100.0";
const address = "registry.terraform.io/hashicorp/aws";
/** Environment variable with the directory of a filesystem mirror. */
const mirrorVariable = "TERRAFORM_PROVIDER_MIRROR";

/** The source of the provider, and the environment variables that select it. */
export interface TerraformCli {
  /** Added to the environment of every `terraform` and `cdktf` process. */
  readonly env: Readonly<Record<string, string>>;
  /** The source of the provider, as text. */
  readonly source: string;
}

/** The inputs for the choice of a source. Tests replace them. */
export interface ProviderSources {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Directories that Terraform itself searches for providers. */
  readonly impliedMirrors: readonly string[];
  readonly registryAnswers: () => Promise<boolean>;
  /** Other directories that may be a filesystem mirror. */
  readonly otherMirrors: () => readonly string[];
}

/**
 * The inputs on this machine. Implied mirrors:
 * https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
 */
const thisMachine = (): ProviderSources => ({
  env: process.env,
  home: homedir(),
  impliedMirrors: [
    join(homedir(), ".terraform.d/plugins"),
    join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local/share"), "terraform/plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
  ],
  registryAnswers,
  otherMirrors: () => [process.env[mirrorVariable] ?? "", ...directoriesIn("/opt")].filter(Boolean),
});

/**
 * Uses the first of these sources: the CLI configuration in `TF_CLI_CONFIG_FILE`, if the file exists; the user's `~/.terraformrc`; a
 * mirror that Terraform searches by default; the public registry; the directory in `TERRAFORM_PROVIDER_MIRROR`; a filesystem mirror in a
 * directory of `/opt`.
 *
 * @param directory existing directory for a CLI configuration, which is only written for the last two sources
 * @throws Error if no source has the provider
 */
export async function findTerraformProvider(
  directory: string,
  machine: ProviderSources = thisMachine(),
): Promise<TerraformCli> {
  // CHECKPOINT_DISABLE: without it, Terraform looks for updates on the internet.
  const env = { CHECKPOINT_DISABLE: "1" };
  const named = machine.env["TF_CLI_CONFIG_FILE"];
  if (named !== undefined && existsSync(named))
    return { env: { ...env, TF_CLI_CONFIG_FILE: named }, source: `TF_CLI_CONFIG_FILE (${named})` };

  // Terraform treats an empty value as unset. For a missing file it prints a warning on every run.
  const ordinary = { ...env, TF_CLI_CONFIG_FILE: "" };
  const own = join(machine.home, ".terraformrc");
  if (existsSync(own)) return { env: ordinary, source: own };
  const implied = machine.impliedMirrors.find((mirror) => existsSync(join(mirror, address)));
  if (implied !== undefined) return { env: ordinary, source: implied };
  if (await machine.registryAnswers()) return { env: ordinary, source: "the Terraform registry" };

  const searched = machine.otherMirrors();
  const mirror = searched.find(hasProvider);
  if (mirror === undefined)
    throw new Error(
      `Terraform cannot get ${address} ${version} (${platform()}). The registry does not answer, and no filesystem mirror has it. ` +
        `Searched: ${[...machine.impliedMirrors, ...searched].join(", ")}.\n` +
        `  Set ${mirrorVariable} to a filesystem mirror or TF_CLI_CONFIG_FILE to a CLI configuration with a mirror, or fill ~/.terraform.d/plugins with: terraform providers mirror`,
    );
  const configuration = join(directory, "terraform-cli.tfrc");
  writeFileSync(configuration, mirrorConfiguration(mirror));
  return { env: { ...env, TF_CLI_CONFIG_FILE: configuration }, source: `the filesystem mirror ${mirror}` };
}

/** A CLI configuration that installs hashicorp/aws from a filesystem mirror and all other providers from the registry. */
const mirrorConfiguration = (mirror: string): string =>
  [
    "provider_installation {",
    "  filesystem_mirror {",
    `    path    = ${JSON.stringify(mirror)}`,
    `    include = ["${address}"]`,
    "  }",
    "  direct {",
    `    exclude = ["${address}"]`,
    "  }",
    "}",
    "",
  ].join("\n");

/** Whether a directory is a filesystem mirror, packed or unpacked, with this version for this platform. */
function hasProvider(mirror: string): boolean {
  const packed = join(mirror, address, `terraform-provider-aws_${version}_${platform()}.zip`);
  const unpacked = join(mirror, address, version, platform());
  return existsSync(packed) || namesIn(unpacked).some((name) => name.startsWith(`terraform-provider-aws_v${version}`));
}

const directoriesIn = (directory: string): string[] => namesIn(directory).map((name) => join(directory, name));

/** Names of the entries of a directory; none if it cannot be read. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Operating system and architecture in Terraform's form, such as `linux_amd64`. */
export const platform = (): string =>
  `${process.platform === "win32" ? "windows" : process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;

async function registryAnswers(): Promise<boolean> {
  try {
    const answer = await fetch("https://registry.terraform.io/.well-known/terraform.json", {
      signal: AbortSignal.timeout(3_000),
    });
    return answer.ok;
  } catch {
    return false;
  }
}
