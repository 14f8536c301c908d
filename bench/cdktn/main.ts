/**
 * Rehearses a migration from CDKTF to its successor CDK Terrain (`cdktn`). Builds the same sources with both libraries, synthesizes
 * both, and fails with a list of differences if the stacks are not the same. Also fails if the stored schema of AWS provider 6.x differs from
 * the bindings.
 *
 * Usage, after `npm --prefix bench/cdktn ci`: `npm run rehearse:cdktn`. The command synthesizes `examples`, or the directory in
 * `ENVIRONMENTS_DIR`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { projectRoot } from "../../lambda/packaging";
import { typesIn, type StackConfiguration } from "../provider-6/check-arguments";
import { compareDirectories, compareJson, isExpected, type Difference } from "./compare";
import { bindingsDirectory, readSchema } from "../provider-6/files";
import { type Kind, readProviderSchema } from "../provider-6/provider-schema";

const PACKAGES = join(projectRoot(), "bench/cdktn/package.json");

/** Resolves CDKTF's packages to the successors, which npm installs under the same names. docs/moving-to-cdk-terrain.md uses these aliases too. */
const successors: esbuild.Plugin = {
  name: "successors",
  setup(build) {
    const require = createRequire(PACKAGES);
    // `constructs` too, because two copies of its classes do not work together.
    build.onResolve({ filter: /^(cdktf|@cdktf\/provider-aws|constructs)(\/|$)/ }, ({ path }) => ({
      path: require.resolve(path),
      external: true,
    }));
  },
};

/** Synthesizes all instances of all environments, including suspended ones, with both libraries, and compares the results. */
async function rehearse(scratch: string): Promise<readonly Difference[]> {
  // In build/, because the app searches for the project's sources in its parent directories.
  const successor = join(projectRoot(), "build/cdktn/main.js");
  await esbuild.build({
    entryPoints: [join(projectRoot(), "main.ts")],
    outfile: successor,
    bundle: true,
    platform: "node",
    packages: "external",
    plugins: [successors],
    logLevel: "error",
  });
  const [before, after] = [join(scratch, "cdktf"), join(scratch, "cdktn")];
  synthesize(join(projectRoot(), "build/main.js"), before);
  synthesize(successor, after);
  return compareDirectories(before, after);
}

function synthesize(app: string, outdir: string): void {
  execFileSync(process.execPath, [app], {
    cwd: projectRoot(),
    env: {
      ENVIRONMENTS_DIR: "examples",
      ...process.env,
      CDKTF_OUTDIR: outdir,
      SELECT: "status=*",
    },
    stdio: "inherit",
  });
}

/** Compares the schema in the bindings with the stored schema, for the types of the stored schema and of the synthesized stacks. */
function schemaDifferences(synthesized: string): readonly Difference[] {
  const stored = readSchema();
  const stacks = readdirSync(join(synthesized, "stacks")).map(
    (name) => JSON.parse(readFileSync(join(synthesized, "stacks", name, "cdk.tf.json"), "utf8")) as StackConfiguration,
  );
  const inStacks = typesIn(stacks);
  const typesOf = (kind: Kind): readonly string[] => [
    ...new Set([...Object.keys(stored.types[kind]), ...inStacks[kind]]),
  ];
  const types = { resource: typesOf("resource"), data: typesOf("data"), provider: typesOf("provider") };
  return compareJson(stored, readProviderSchema(bindingsDirectory, types)).map((difference) => ({
    file: "bench/provider-6/schema.json",
    ...difference,
  }));
}

/** Returns one line for each path and pair of values, with the number of files that contain the difference. */
function table(differences: readonly Difference[]): string {
  const files = new Map<string, string[]>();
  for (const { file, path, before = "nothing", after = "nothing" } of differences) {
    const line = `${path === "" ? file : path}: ${short(before)} -> ${short(after)}`;
    files.set(line, [...(files.get(line) ?? []), file]);
  }
  return [...files]
    .map(
      ([line, [first, ...more]]) => `  ${line}  (${first ?? ""}${more.length > 0 ? ` and ${more.length} more` : ""})\n`,
    )
    .join("");
}

/** Shortens a value, because whole resources are long. */
function short(value: string): string {
  return value.length > 60 ? `${value.slice(0, 59)}…` : value;
}

function versionOf(alias: string): string {
  const file = createRequire(PACKAGES).resolve(`${alias}/package.json`);
  const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name: string; version: string };
  return `${name} ${version}`;
}

async function main(): Promise<void> {
  if (!existsSync(join(projectRoot(), "bench/cdktn/node_modules/cdktf"))) {
    process.stderr.write("CDK Terrain is not installed. Run: npm --prefix bench/cdktn ci\n");
    process.exitCode = 1;
    return;
  }
  const scratch = mkdtempSync(join(tmpdir(), "rehearse-cdktn-"));
  try {
    const differences = await rehearse(scratch);
    const unexpected = differences.filter((difference) => !isExpected(difference));
    const { stacks } = JSON.parse(readFileSync(join(scratch, "cdktf/manifest.json"), "utf8")) as { stacks: object };
    process.stdout.write(
      `${Object.keys(stacks).length} stacks with ${versionOf("cdktf")} and ${versionOf("@cdktf/provider-aws")}.\n` +
        `Expected differences:\n${table(differences.filter(isExpected))}`,
    );
    if (unexpected.length === 0) {
      process.stdout.write("No unexpected difference.\n");
    } else {
      process.stderr.write(
        `Unexpected differences that would change the deployment (cdktf -> cdktn):\n${table(unexpected)}`,
      );
      process.exitCode = 1;
    }
    const schema = schemaDifferences(join(scratch, "cdktn"));
    if (schema.length > 0) {
      process.stderr.write(
        `bench/provider-6/schema.json is not current (stored -> bindings). Run: npm run provider-6\n${table(schema)}`,
      );
      process.exitCode = 1;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

void main();
