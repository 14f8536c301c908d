/** Runs the bundled CDKTF app and reads the stacks that it synthesized. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { boundedLines } from "../output/foreign-text";
import { canonicalJson } from "../terraform/json-values";

/** One synthesized stack: a directory in which Terraform runs. */
export interface SynthesizedStack {
  readonly stackName: string;
  /** Absolute. */
  readonly directory: string;
  /** SHA-256 (hex) of the inputs of a plan: `cdk.tf.json` without the metadata of CDKTF, and the assets. */
  readonly digest: string;
}

/** The output of one synth. */
export interface Synthesis {
  /** The app's output directory. */
  readonly directory: string;
  readonly stacks: ReadonlyMap<string, SynthesizedStack>;
}

export interface SynthesisInput {
  /** Directory of the project whose app is run. @default the current directory */
  readonly project?: string;
  /** Directory of environment files. @default the app's own default */
  readonly environments?: string;
  /** Selection of the stacks. The app leaves out suspended stacks unless the selection has a `status` term. */
  readonly select: string;
  /** Output directory. `synthesize` deletes it first, because the app does not delete the stacks of removed instances. */
  readonly outdir: string;
}

/** Selects exactly these stacks, including suspended stacks. */
export function selectionOf(stackNames: readonly string[]): string {
  return `stack=${stackNames.join(",")} status=*`;
}

/**
 * Synthesizes offline: without AWS calls and without Terraform.
 *
 * @throws CommandError if there is no bundled app, or with the output of the app if it fails
 */
export async function synthesize({ project = ".", environments, select, outdir }: SynthesisInput): Promise<Synthesis> {
  const root = path.resolve(project);
  const app = path.join(root, "build/main.js");
  if (!existsSync(app)) {
    throw new CommandError(
      `The bundled app ${app} is missing.\n  Run the command in the project's directory with: npm run fleet`,
    );
  }
  rmSync(outdir, { recursive: true, force: true });
  // The app does not create parent directories.
  mkdirSync(path.dirname(outdir), { recursive: true });
  const { exitCode, output } = await run(app, root, {
    ...process.env,
    SELECT: select,
    CDKTF_OUTDIR: outdir,
    ...(environments === undefined ? {} : { ENVIRONMENTS_DIR: environments }),
  });
  if (exitCode !== 0) throw new CommandError(`The stacks cannot be synthesized.\n${boundedLines(output.trim())}`);
  return readSynthesis(outdir);
}

const manifestSchema = z.object({
  stacks: z.record(z.string(), z.object({ name: z.string(), workingDirectory: z.string() })),
});

/** The stacks in the manifest of an output directory. Directories of removed stacks may still exist (hashicorp/terraform-cdk). */
export function readSynthesis(outdir: string): Synthesis {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(path.join(outdir, "manifest.json"), "utf8")));
  const stacks = Object.values(manifest.stacks).map(({ name, workingDirectory }) => {
    const directory = path.resolve(outdir, workingDirectory);
    return [name, { stackName: name, directory, digest: digestOf(directory) }] as const;
  });
  return { directory: path.resolve(outdir), stacks: new Map(stacks) };
}

/** The synthesized stack of an instance. */
export function synthesizedStackOf(
  stacks: ReadonlyMap<string, SynthesizedStack>,
  { stackName }: InstanceConfig,
): SynthesizedStack {
  const stack = stacks.get(stackName);
  if (stack === undefined) throw new Error(`the app did not synthesize the stack ${stackName}`);
  return stack;
}

/** Paths of the stack's assets, relative to the directory of the stack and sorted. A plan depends on the assets. */
function assetsOf(directory: string): readonly string[] {
  const assets = path.join(directory, "assets");
  if (!existsSync(assets)) return [];
  return readdirSync(assets, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** {@link SynthesizedStack.digest} of the current content of a directory. */
export function digestOf(directory: string): string {
  const configuration = readFileSync(path.join(directory, "cdk.tf.json"), "utf8");
  const hash = createHash("sha256").update(configurationText(configuration));
  for (const asset of assetsOf(directory)) {
    hash.update(
      `\n${asset} ${createHash("sha256")
        .update(readFileSync(path.join(directory, asset)))
        .digest("hex")}`,
    );
  }
  return hash.digest("hex");
}

/**
 * Key for the digests of single values. Equal stacks have equal keys. The key cannot be derived from {@link SynthesizedStack.digest}, so only
 * someone who knows the whole configuration can compare values with the digests.
 */
export function outlineKey({ directory }: Pick<SynthesizedStack, "directory">): string {
  const configuration = configurationText(readFileSync(path.join(directory, "cdk.tf.json"), "utf8"));
  return createHash("sha256").update(`values of ${configuration}`).digest("hex");
}

/** `cdk.tf.json` with sorted keys and without comments (`//`), because Terraform ignores comments and the order of keys. */
export function configurationText(json: string): string {
  return canonicalJson(JSON.parse(json, (key, value: unknown) => (key === "//" ? undefined : value)));
}

async function run(app: string, cwd: string, env: NodeJS.ProcessEnv): Promise<{ exitCode: number; output: string }> {
  const child = spawn(process.execPath, [app], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ exitCode: code ?? 1, output });
    });
  });
}
