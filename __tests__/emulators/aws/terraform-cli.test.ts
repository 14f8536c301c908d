/** The source of the AWS provider, for every kind of machine. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { findTerraformProvider, platform, type ProviderSources } from "../../../emulators/aws/terraform-cli";

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "terraform-cli-"));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const address = "registry.terraform.io/hashicorp/aws";
/** A machine that has only the given sources. */
const machine = (more: Partial<ProviderSources> = {}): ProviderSources => ({
  env: {},
  home,
  impliedMirrors: [path.join(home, "plugins")],
  registryAnswers: () => Promise.resolve(false),
  otherMirrors: () => [],
  ...more,
});
const unpacked = `${address}/5.100.0/${platform()}/terraform-provider-aws_v5.100.0_x5`;
/** Creates an empty file in a mirror below the home directory, and returns the mirror. */
function makeMirror(name: string, file: string): string {
  const mirror = path.join(home, name);
  mkdirSync(path.dirname(path.join(mirror, file)), { recursive: true });
  writeFileSync(path.join(mirror, file), "");
  return mirror;
}

test("the CLI configuration in TF_CLI_CONFIG_FILE is used unchanged", async () => {
  const configuration = path.join(home, "mine.tfrc");
  writeFileSync(configuration, "");
  const cli = await findTerraformProvider(home, machine({ env: { TF_CLI_CONFIG_FILE: configuration } }));
  expect(cli.env).toEqual({ TF_CLI_CONFIG_FILE: configuration, CHECKPOINT_DISABLE: "1" });
});

test("a TF_CLI_CONFIG_FILE with a missing file is ignored", async () => {
  const env = { TF_CLI_CONFIG_FILE: path.join(home, "absent.tfrc") };
  const cli = await findTerraformProvider(home, machine({ env, registryAnswers: () => Promise.resolve(true) }));
  expect(cli).toEqual({ env: { TF_CLI_CONFIG_FILE: "", CHECKPOINT_DISABLE: "1" }, source: "the Terraform registry" });
});

test.each([
  [
    "the user's own configuration",
    (): void => {
      writeFileSync(path.join(home, ".terraformrc"), "");
    },
    ".terraformrc",
  ],
  [
    "a mirror that Terraform searches by default",
    (): void => {
      mkdirSync(path.join(home, "plugins", address), { recursive: true });
    },
    "plugins",
  ],
])("%s is used without a search", async (_, prepare, source) => {
  prepare();
  const never = (): never => {
    throw new Error("searched");
  };
  const cli = await findTerraformProvider(home, machine({ registryAnswers: never, otherMirrors: never }));
  expect(cli.env["TF_CLI_CONFIG_FILE"]).toBe("");
  expect(cli.source).toBe(path.join(home, source));
});

test.each([
  ["unpacked", unpacked],
  ["packed", `${address}/terraform-provider-aws_5.100.0_${platform()}.zip`],
])("without a registry, an %s filesystem mirror in another directory is used", async (_, file) => {
  const others = [
    makeMirror("old", unpacked.replaceAll("5.100.0", "5.99.0")),
    makeMirror("other-machine", unpacked.replace(platform(), "plan9_mips")),
    makeMirror("loose", "terraform-provider-aws_v5.100.0_x5"),
    path.join(home, "missing"),
  ];
  const mirror = makeMirror("mirror", file);
  const cli = await findTerraformProvider(home, machine({ otherMirrors: () => [...others, mirror] }));
  const configuration = readFileSync(cli.env["TF_CLI_CONFIG_FILE"] ?? "", "utf8");
  expect(configuration).toContain(`path    = ${JSON.stringify(mirror)}`);
  expect(configuration).toContain(`exclude = ["${address}"]`);
});

test("without a source, the error lists the searched directories and the ways to add one", async () => {
  await expect(findTerraformProvider(home, machine())).rejects.toThrow(
    /hashicorp\/aws 5\.100\.0 .*Searched: .*plugins.*TERRAFORM_PROVIDER_MIRROR.*TF_CLI_CONFIG_FILE.*terraform providers mirror/s,
  );
});
