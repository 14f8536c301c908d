/** Where Terraform gets the AWS provider, in every situation of a machine. */
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
/** A machine with nothing on it, but what is given. */
const machine = (more: Partial<ProviderSources> = {}): ProviderSources => ({
  env: {},
  home,
  impliedMirrors: [path.join(home, "plugins")],
  registryAnswers: () => Promise.resolve(false),
  findProviders: () => Promise.resolve([]),
  ...more,
});
const installed = (root: string): string =>
  `${root}/${address}/5.100.0/${platform()}/terraform-provider-aws_v5.100.0_x5`;

test("a CLI configuration that TF_CLI_CONFIG_FILE names is used as it is", async () => {
  const configuration = path.join(home, "mine.tfrc");
  writeFileSync(configuration, "");
  const cli = await findTerraformProvider(home, machine({ env: { TF_CLI_CONFIG_FILE: configuration } }));
  expect(cli.env).toEqual({ TF_CLI_CONFIG_FILE: configuration, CHECKPOINT_DISABLE: "1" });
});

test("a TF_CLI_CONFIG_FILE that names no file counts as unset", async () => {
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
    "a mirror that Terraform searches by itself",
    (): void => {
      mkdirSync(path.join(home, "plugins", address), { recursive: true });
    },
    "plugins",
  ],
])("%s is used, and nothing is searched", async (_, prepare, source) => {
  prepare();
  const never = (): never => {
    throw new Error("asked");
  };
  const cli = await findTerraformProvider(home, machine({ registryAnswers: never, findProviders: never }));
  expect(cli.env["TF_CLI_CONFIG_FILE"]).toBe("");
  expect(cli.source).toBe(path.join(home, source));
});

test.each([
  ["unpacked", installed("/some/place")],
  ["packed", `/some/place/${address}/terraform-provider-aws_5.100.0_${platform()}.zip`],
])("without a registry, an installed %s provider becomes a filesystem mirror", async (_, found) => {
  const others = [
    installed("/old").replaceAll("5.100.0", "5.99.0"),
    installed("/other-machine").replace(platform(), "plan9_mips"),
    "/loose/terraform-provider-aws_v5.100.0_x5",
  ];
  const findProviders = (): Promise<string[]> => Promise.resolve([...others, found]);
  const cli = await findTerraformProvider(home, machine({ findProviders }));
  const configuration = readFileSync(cli.env["TF_CLI_CONFIG_FILE"] ?? "", "utf8");
  expect(configuration).toContain('path    = "/some/place"');
  expect(configuration).toContain(`exclude = ["${address}"]`);
});

test("without any way to the provider, the error names the ways to give one", async () => {
  await expect(findTerraformProvider(home, machine())).rejects.toThrow(
    /hashicorp\/aws 5\.100\.0 .*TF_CLI_CONFIG_FILE.*terraform providers mirror/s,
  );
});
