/** Runs docs/moving-to-cdk-terrain.md: a stack that CDKTF deployed, the move to CDK Terrain on Node.js 24, a change, and the way back. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { copyProject } from "../../emulators/project-copy";
import { projectRoot } from "../../lambda/packaging";
import { withoutAlarms } from "./fault-injection";
import { adoptable, createVendorTable, readTable, type TableState } from "./vendor-tables";
import { createWorld, type Finished, start, type World } from "./world";

jest.setTimeout(10 * 60_000);

const name = "on-demand";
const root = projectRoot();
/** CDK Terrain under the names of CDKTF, and Node.js 24, as npm installs them: `npm --prefix bench/cdktn ci`. */
const successors = path.join(root, "bench/cdktn/node_modules");
const node24 = path.join(successors, "node-24/bin");
const isInstalled = existsSync(path.join(successors, "cdktf-cli")) && existsSync(path.join(node24, "node"));
const isRequired = process.env["E2E"] === "required";

/** The commands of the page, in order. */
const commands = [
  ...readFileSync(path.join(root, "docs/moving-to-cdk-terrain.md"), "utf8").matchAll(/^ *```sh\n([^]*?)^ *```/gm),
]
  .flatMap(([, block = ""]) => block.trim().split("\n"))
  .map((line) => line.trim());

interface Manifest {
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
const manifestIn = (directory: string): Manifest =>
  JSON.parse(readFileSync(path.join(directory, "package.json"), "utf8")) as Manifest;

/**
 * Links the packages of the project, but the packages in bench/cdktn instead of those that have the same names. This replaces `npm install`,
 * which takes a minute: bench/cdktn/package-lock.json pins what npm installs for the aliases of the page.
 */
function linkPackages(project: string): void {
  const target = path.join(project, "node_modules");
  rmSync(target, { recursive: true, force: true });
  const link = (name: string, from: string): void => {
    mkdirSync(path.dirname(path.join(target, name)), { recursive: true });
    if (lstatSync(path.join(target, name), { throwIfNoEntry: false }) === undefined)
      symlinkSync(path.join(from, name), path.join(target, name));
  };
  const replaced = ["cdktf", "cdktf-cli", "constructs", "@cdktf/provider-aws", ".bin/cdktn"];
  for (const each of replaced) link(each, successors);
  const own = path.join(root, "node_modules");
  for (const each of readdirSync(own)) {
    if (each !== ".bin" && !each.startsWith("@")) link(each, own);
    else for (const inner of readdirSync(path.join(own, each))) if (inner !== "cdktf") link(`${each}/${inner}`, own);
  }
}

const describeIfInstalled = isInstalled || isRequired ? describe : describe.skip;
if (!isInstalled) process.stderr.write("The move to CDK Terrain needs: npm --prefix bench/cdktn ci\n");

describeIfInstalled("a stack that CDKTF deployed", () => {
  let world: World;
  let project: string;
  let table: TableState;

  beforeAll(async () => {
    world = await createWorld([name], { environment: withoutAlarms, isProviderInstalled: true });
    const vendor = adoptable.find((each) => each.name === name);
    if (vendor === undefined) throw new Error(`no table ${name}`);
    await createVendorTable(world.dynamodb, vendor);
    const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
    project = path.join(path.dirname(file), "../project");
    copyProject(project, readFileSync(file, "utf8"));
    const deployed = await world.cdktf("deploy", world.stackName(name), "--auto-approve", "--skip-provider-lock");
    expect(deployed.output).toContain("0 destroyed");
    table = await readTable(world.dynamodb, name);
  });
  afterAll(() => world.stop());

  /** Runs a command in the copy of the project, on Node.js 24. */
  async function runOnNode24(command: string): Promise<Finished> {
    const options = command.startsWith("npx cdktn deploy") ? " --auto-approve --skip-provider-lock" : "";
    const line = `${command.replace("<name>-acme-us-east-1", world.stackName(name))}${options}`;
    // cdktn and fleet choose the output directory, as on a team's machine.
    const env = Object.fromEntries(Object.entries(world.env).filter(([variable]) => variable !== "CDKTF_OUTDIR"));
    return start("sh", ["-c", line], project, { ...env, PATH: `${node24}:${world.env["PATH"] ?? ""}` }).finished;
  }
  /** Runs a command of the page. */
  async function succeeds(command: string): Promise<string> {
    const { exitCode, output } = await runOnNode24(command);
    expect([command, exitCode, exitCode === 0 ? "" : output]).toEqual([command, 0, ""]);
    return output;
  }
  const switchPackages = async (from: number): Promise<void> => {
    for (const command of commands.slice(from, from + 2)) {
      expect(command).toMatch(/^npm pkg set /);
      await succeeds(command);
    }
    expect(commands[from + 2]).toBe("npm install");
  };
  /** The serial number of the state. Terraform raises the number with every change of the state. */
  const serialOfState = async (): Promise<number> =>
    (JSON.parse((await world.terraform(name, "state", "pull")).output) as { serial: number }).serial;

  test("the switch replaces the packages by those in bench/cdktn", async () => {
    await switchPackages(1);
    const { dependencies, devDependencies } = manifestIn(project);
    const { "cdktf-cli": commandLine, ...others } = manifestIn(path.join(root, "bench/cdktn")).dependencies;
    expect({ ...dependencies, ...devDependencies }).toMatchObject({ ...others, "cdktf-cli": commandLine });
    linkPackages(project);
  });

  test("fleet plans no change with CDK Terrain on Node.js 24, and the state stays the same", async () => {
    const serial = await serialOfState();
    expect(commands[4]).toBe("npm run fleet -- plan");
    expect(await succeeds(commands[4] ?? "")).toContain("Nothing to do: the instance would not change.");
    const stack = path.join(project, "build/plans/cdktf.out/stacks", world.stackName(name), "cdk.tf.json");
    expect(readFileSync(stack, "utf8")).toContain('"version": "0.24.0"');
    expect(await serialOfState()).toBe(serial);
  });

  test("cdktn deploys a later change, and nothing happens to the table", async () => {
    const file = path.join(String(world.env["ENVIRONMENTS_DIR"]), "e2e.yaml");
    writeFileSync(file, `${readFileSync(file, "utf8")}function: { memoryMb: 1024 }\n`);
    world.proxy.clear();
    expect(await succeeds(commands[5] ?? "")).toMatch(/memory_size\s+= 512 -> 1024/);
    expect(world.proxy.mutating("lambda").map(({ operation }) => operation)).toContain("UpdateFunctionConfiguration");
    expect(world.proxy.mutating("dynamodb")).toEqual([]);
    expect(await readTable(world.dynamodb, name)).toEqual(table);
  });

  test("cdktn destroy is refused with the release steps", async () => {
    const { exitCode, output } = await runOnNode24(`npx cdktn destroy ${world.stackName(name)} --auto-approve`);
    expect(exitCode).not.toBe(0);
    expect(output).toContain(`${world.stackName(name)} cannot be destroyed, because it manages the vendor's table`);
  });

  test("after the way back to CDKTF, fleet plans no change", async () => {
    await switchPackages(6);
    expect(manifestIn(project)).toEqual(manifestIn(root));
    const serial = await serialOfState();
    expect(commands[9]).toBe("npm run fleet -- plan");
    const { exitCode, output } = await world.fleet("plan", "--plans", path.join(project, "../plans"));
    expect([exitCode, output]).toEqual([0, expect.stringContaining("Nothing to do: the instance would not change.")]);
    expect(await serialOfState()).toBe(serial);
  });
});
