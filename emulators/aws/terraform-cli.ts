/** Decides how Terraform finds the AWS provider, also where the public registry cannot be reached. */
import { execFile } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The provider release that is tested end to end. */
const version = "5.100.0";
const address = "registry.terraform.io/hashicorp/aws";

/** Where Terraform gets the provider from, and the environment that makes it so. */
export interface TerraformCli {
  /** Added to the environment of every `terraform` and `cdktf` process. */
  readonly env: Readonly<Record<string, string>>;
  /** One line for people: where the provider comes from. */
  readonly source: string;
}

/** Everything the decision depends on; tests replace what belongs to the machine. */
export interface ProviderSources {
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Directories that Terraform itself searches for providers. */
  readonly impliedMirrors: readonly string[];
  readonly registryAnswers: () => Promise<boolean>;
  /** Paths of files below the root directory that look like the provider. */
  readonly findProviders: () => Promise<readonly string[]>;
}

/** This machine. Implied mirrors: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories */
export const thisMachine = (): ProviderSources => ({
  env: process.env,
  home: homedir(),
  impliedMirrors: [
    join(homedir(), ".terraform.d/plugins"),
    join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local/share"), "terraform/plugins"),
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
  ],
  registryAnswers,
  findProviders,
});

/**
 * Chooses, in this order: the CLI configuration that `TF_CLI_CONFIG_FILE` names, when the file exists; the user's own
 * (`~/.terraformrc`); a mirror that Terraform searches by itself; the public registry, when it answers; a provider installed
 * anywhere on this machine in the layout of a filesystem mirror.
 *
 * @param directory existing directory for a CLI configuration, which is written only in the last case.
 * @throws when the provider is to be had in none of these ways.
 */
export async function findTerraformProvider(
  directory: string,
  machine: ProviderSources = thisMachine(),
): Promise<TerraformCli> {
  // CHECKPOINT_DISABLE: Terraform would ask the internet for news of itself.
  const env = { CHECKPOINT_DISABLE: "1" };
  const named = machine.env["TF_CLI_CONFIG_FILE"];
  if (named !== undefined && existsSync(named))
    return { env: { ...env, TF_CLI_CONFIG_FILE: named }, source: `TF_CLI_CONFIG_FILE (${named})` };

  // Terraform takes an empty value for an unset one; a name of a missing file would make it warn on every run.
  const ordinary = { ...env, TF_CLI_CONFIG_FILE: "" };
  const own = join(machine.home, ".terraformrc");
  if (existsSync(own)) return { env: ordinary, source: own };
  const implied = machine.impliedMirrors.find((mirror) => existsSync(join(mirror, address)));
  if (implied !== undefined) return { env: ordinary, source: implied };
  if (await machine.registryAnswers()) return { env: ordinary, source: "the Terraform registry" };

  const mirror = (await machine.findProviders()).map(mirrorRoot).find((root) => root !== undefined);
  if (mirror === undefined)
    throw new Error(
      `Terraform has no way to get ${address} ${version} (${platform()}): the registry does not answer, and no installed copy was found.\n` +
        "  Give TF_CLI_CONFIG_FILE a CLI configuration with a filesystem or network mirror, or fill ~/.terraform.d/plugins with `terraform providers mirror`.",
    );
  const configuration = join(directory, "terraform-cli.tfrc");
  writeFileSync(configuration, mirrorConfiguration(mirror));
  return { env: { ...env, TF_CLI_CONFIG_FILE: configuration }, source: `the installed copy in ${mirror}` };
}

/** The CLI configuration that takes hashicorp/aws from a filesystem mirror and everything else from its registry. */
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

/** The mirror that a provider's file belongs to, packed or unpacked; undefined for other versions, platforms and layouts. */
function mirrorRoot(path: string): string | undefined {
  const packed = `/${address}/terraform-provider-aws_${version}_${platform()}.zip`;
  const unpacked = `/${address}/${version}/${platform()}/terraform-provider-aws_v${version}`;
  for (const end of [packed, unpacked]) {
    const at = path.lastIndexOf(end);
    if (at > 0) return path.slice(0, at);
  }
  return undefined;
}

/** Operating system and processor as Terraform names them, such as `linux_amd64`. */
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

/** Searches the whole file system for at most a minute. */
async function findProviders(): Promise<readonly string[]> {
  const skipped = ["-path", "/proc", "-o", "-path", "/sys", "-o", "-path", "/dev", "-o", "-name", "node_modules"];
  const wanted = ["-path", `*/${address}/*`, "-name", "terraform-provider-aws_*", "-print"];
  return new Promise((resolve) => {
    // `find` ends with an error for every directory that may not be read; what it printed until then counts.
    execFile("find", ["/", "(", ...skipped, ")", "-prune", "-o", ...wanted], { timeout: 60_000 }, (_, stdout) => {
      resolve(stdout.split("\n").filter(Boolean));
    });
  });
}
