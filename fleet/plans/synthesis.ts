/** Runs the compiled app, `build/main.js`, and describes the stacks that it wrote by what is in them. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import type { InstanceConfig } from "../../config/types";
import { CommandError } from "../output/command-error";
import { canonicalJson } from "../terraform/json-values";

/** One synthesized stack: a directory in which Terraform runs. */
export interface SynthesizedStack {
  readonly stackName: string;
  /** Absolute. */
  readonly directory: string;
  /** SHA-256, hex, of everything that decides a plan: `cdk.tf.json` without cdktf's notes to itself, and the assets. */
  readonly digest: string;
}

/** What one synth wrote. */
export interface Synthesis {
  /** The app's output directory. */
  readonly directory: string;
  readonly stacks: ReadonlyMap<string, SynthesizedStack>;
}

export interface SynthesisInput {
  /** Directory of the project whose compiled app is run. @default the current directory */
  readonly project?: string;
  /** Directory of environment files. @default the one that the app reads by itself */
  readonly environments?: string;
  /** Which stacks, as a selection; the app leaves out suspended ones unless it has a term on `status`. */
  readonly select: string;
  /** Output directory. It is emptied first: the app does not remove the stack of an instance that is gone. */
  readonly outdir: string;
}

/** The selection of exactly these stacks, suspended or not. */
export function selectionOf(stackNames: readonly string[]): string {
  return `stack=${stackNames.join(",")} status=*`;
}

/**
 * Synthesizes offline: no AWS call, no Terraform.
 *
 * @throws CommandError with what the app said, where it refuses the environment files, and where there is no compiled app
 */
export async function synthesize({ project = ".", environments, select, outdir }: SynthesisInput): Promise<Synthesis> {
  const root = path.resolve(project);
  const app = path.join(root, "build/main.js");
  if (!existsSync(app)) {
    throw new CommandError(
      `There is no compiled app ${app}.\n  Run this in the project's directory, as npm run fleet.`,
    );
  }
  rmSync(outdir, { recursive: true, force: true });
  // The app's own mkdir makes no parents.
  mkdirSync(path.dirname(outdir), { recursive: true });
  const { exitCode, output } = await run(app, root, {
    ...process.env,
    SELECT: select,
    CDKTF_OUTDIR: outdir,
    ...(environments === undefined ? {} : { ENVIRONMENTS_DIR: environments }),
  });
  if (exitCode !== 0) throw new CommandError(`The stacks cannot be synthesized.\n${output.trim()}`);
  return readSynthesis(outdir);
}

/**
 * The stacks of an output directory, by its manifest: a directory of a stack that is gone may still be there
 * (hashicorp/terraform-cdk).
 */
export function readSynthesis(outdir: string): Synthesis {
  const manifest = JSON.parse(readFileSync(path.join(outdir, "manifest.json"), "utf8")) as {
    stacks: Record<string, { name: string; workingDirectory: string }>;
  };
  const stacks = Object.values(manifest.stacks).map(({ name, workingDirectory }) => {
    const directory = path.resolve(outdir, workingDirectory);
    return [name, { stackName: name, directory, digest: digestOf(directory) }] as const;
  });
  return { directory: path.resolve(outdir), stacks: new Map(stacks) };
}

/** The stack of an instance that was synthesized. */
export function stackOf(
  stacks: ReadonlyMap<string, SynthesizedStack>,
  { stackName }: InstanceConfig,
): SynthesizedStack {
  const stack = stacks.get(stackName);
  if (stack === undefined) throw new Error(`the app wrote no stack ${stackName}`);
  return stack;
}

/** Names of the files beside `cdk.tf.json` that a plan of the stack depends on; paths from its directory, sorted. */
export function assetsOf(directory: string): readonly string[] {
  const assets = path.join(directory, "assets");
  if (!existsSync(assets)) return [];
  return readdirSync(assets, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** {@link SynthesizedStack.digest} of a directory as it is now. */
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

/** `cdk.tf.json` as a text in which only what Terraform acts upon counts: no comments (`//`), keys in one order. */
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
