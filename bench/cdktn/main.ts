/**
 * Rehearses a migration from CDKTF to its successor CDK Terrain (`cdktn`). Builds the same sources with both libraries, synthesizes
 * both, and fails with a list of differences if the stacks are not the same.
 *
 * Usage, after `npm --prefix bench/cdktn ci`: `npm run rehearse:cdktn`. The command synthesizes `examples`, or the directory in
 * `ENVIRONMENTS_DIR`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { projectRoot } from "../../lambda/packaging";
import { compareDirectories, isExpected, type Difference } from "./compare";

const PACKAGES = join(projectRoot(), "bench/cdktn/package.json");

/**
 * The replacement of each package. `constructs` resolves to the successor's copy, because two copies of its classes do not work together.
 */
const SUCCESSORS = { cdktf: "cdktn", "@cdktf/provider-aws": "@cdktn/provider-aws", constructs: "constructs" } as const;

const successors: esbuild.Plugin = {
  name: "successors",
  setup(build) {
    const require = createRequire(PACKAGES);
    build.onResolve({ filter: /^(cdktf|@cdktf\/provider-aws|constructs)(\/|$)/ }, ({ path }) => {
      const name = Object.keys(SUCCESSORS).find((each) => path === each || path.startsWith(`${each}/`));
      const successor = SUCCESSORS[name as keyof typeof SUCCESSORS];
      return { path: require.resolve(path.replace(name ?? "", successor)), external: true };
    });
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
      CDKTN_DISABLE_CREATION_STACK: "1",
    },
    stdio: "inherit",
  });
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

function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(createRequire(PACKAGES).resolve(`${name}/package.json`), "utf8")) as {
    version: string;
  };
  return `${name} ${version}`;
}

async function main(): Promise<void> {
  if (!existsSync(join(projectRoot(), "bench/cdktn/node_modules/cdktn"))) {
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
      `${Object.keys(stacks).length} stacks with ${versionOf("cdktn")} and ${versionOf("@cdktn/provider-aws")}.\n` +
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
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

void main();
