/** Synthesizes the stacks of another commit with the code of that commit, to find the stacks that a change affects. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { loadEnvironments } from "../../config/load";
import { EnvironmentErrors } from "../../config/problems";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { boundedLines } from "../output/foreign-text";
import { readSynthesis, synthesize } from "./synthesis";
import type { Synthesis } from "./synthesis";

/** Time limit for each step: the installation of packages, and the synth of the base. */
const limitMinutes = 10;

/** Folders and files that a synth never reads. All others may change its output. */
const notSynthesized = [
  "__tests__",
  ".ci",
  ".github",
  ".terraform-version",
  "bench",
  "docs",
  "emulators",
  "examples",
  "fleet",
  "sandbox",
  "README.md",
  "eslint.config.mjs",
  "jest.config.js",
];

/** Files that a synth does not read, but that change how a stack is planned and checked: Terraform, the provider and the guard. */
const planSources = [".terraform-version", "fleet"];

export interface Base {
  /** Full commit id. */
  readonly commit: string;
  /** Digest by stack name, including suspended stacks. */
  readonly digests: ReadonlyMap<string, string>;
  /** One line for the user: which commit is the base, and how it was synthesized. */
  readonly description: string;
  /** Names of the stacks that were suspended; undefined if this version cannot read the environment files of the commit. */
  readonly suspended?: ReadonlySet<string>;
  /** A changed file that can change the plan of every stack, although no stack synthesizes differently. */
  readonly planSource?: string;
}

/**
 * Synthesizes a commit in a temporary git worktree.
 *
 * The command in the `cdktf.json` of the commit runs the app. If both commits have the same package-lock.json, the app uses the packages
 * of this checkout. Otherwise `npm ci` installs the packages of the commit. If only environment files and files that a synth never reads differ, the app of this
 * checkout runs with the environment files of the commit, because the result is the same.
 *
 * @param ref branch, tag or commit
 * @param print prints one line about a slow step
 * @param project the project's directory, inside a git repository
 * @throws CommandError if the commit does not exist or cannot be synthesized
 */
export async function synthesizeBase(
  ref: string,
  print: (text: string) => void,
  project: string = process.cwd(),
): Promise<Base> {
  const repositoryRoot = realpathSync((await git(project, "rev-parse", "--show-toplevel")).trim());
  const commit = await commitOf(project, ref);
  const projectPath = path.relative(repositoryRoot, realpathSync(project));
  const environments = environmentsInside(project, repositoryRoot);

  const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-base-"));
  const worktree = path.join(scratch, "worktree");
  const outdir = path.join(scratch, "cdktf.out");
  try {
    await git(project, "worktree", "add", "--detach", "--force", worktree, commit);
    const base = path.join(worktree, projectPath);
    const baseEnvironments = path.join(worktree, environments);
    const shortCommit = commit.slice(0, 12);
    if (!existsSync(baseEnvironments)) {
      return {
        commit,
        digests: new Map(),
        description: `The base ${ref} (${shortCommit}) has no environment files: every stack is new.`,
      };
    }
    const differing = await differingFiles(project, commit, projectPath);
    const planSource = differing.find((file) => planSources.includes(topLevel(file)));
    const isSameCode = differing.every(
      (file) => isEnvironmentFile(path.join(projectPath, file), environments) || isNotSynthesized(file),
    );
    const start = Date.now();
    let synthesis: Synthesis;
    let code: string;
    if (isSameCode) {
      synthesis = await synthesize({ project, environments: baseEnvironments, select: "status=*", outdir });
      code = "with this checkout's code, which is the same";
    } else {
      const isSameLock = isSameFile(path.join(project, "package-lock.json"), path.join(base, "package-lock.json"));
      if (isSameLock) symlinkSync(path.join(project, "node_modules"), path.join(base, "node_modules"));
      else {
        print(
          `The base ${ref} has another package-lock.json. Installing its packages with npm ci takes one or two minutes.`,
        );
        await runWithTimeout("npm ci", "npm", ["ci", "--no-audit", "--no-fund"], base);
      }
      print(`Synthesizing the base ${ref} (${shortCommit}) with its own code.`);
      await runWithTimeout("The synth of the base", "sh", ["-c", appOf(base)], base, {
        SELECT: "status=*",
        CDKTF_OUTDIR: outdir,
        ENVIRONMENTS_DIR: baseEnvironments,
      });
      synthesis = readSynthesis(outdir);
      code = `with its own code${isSameLock ? "" : " and packages"}`;
    }
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    return {
      commit,
      ...(planSource === undefined ? {} : { planSource }),
      ...suspendedIn(baseEnvironments),
      digests: new Map([...synthesis.stacks].map(([name, { digest }]) => [name, digest])),
      description: `Base: ${ref} (${shortCommit}), synthesized ${code} in ${seconds} s.`,
    };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      `The base ${ref} cannot be synthesized, so the changed stacks are unknown.\n` +
        `${error.message.replaceAll(/^/gm, "  ")}\n  Plan all stacks: leave out --changed-since.`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    await git(project, "worktree", "prune").catch(() => undefined);
  }
}

async function commitOf(project: string, ref: string): Promise<string> {
  try {
    return (await git(project, "rev-parse", "--verify", "--end-of-options", `${ref}^{commit}`)).trim();
  } catch {
    const isShallow = (await git(project, "rev-parse", "--is-shallow-repository")).trim() === "true";
    throw new CommandError(
      `--changed-since ${ref}: the commit or ref does not exist in this clone.\n` +
        (isShallow
          ? "  The clone is shallow. Fetch the commit first: git fetch origin <commit>; in GitHub Actions, fetch-depth: 0."
          : "  Use a branch, a tag or a commit that git log shows."),
    );
  }
}

/** Path of the directory of environment files, relative to the root of the repository. */
function environmentsInside(project: string, repositoryRoot: string): string {
  const directory = realpathSync(path.resolve(project, process.env["ENVIRONMENTS_DIR"] ?? "environments"));
  const environments = path.relative(repositoryRoot, directory);
  if (!environments.startsWith("..") && !path.isAbsolute(environments)) return environments;
  throw new CommandError(
    `--changed-since compares the environment files of two commits, but ${directory} is not in this repository.\n` +
      "  Plan all stacks: leave out --changed-since.",
  );
}

/** Paths, relative to the project, of files in the working tree that differ from the commit, including untracked files. */
async function differingFiles(project: string, commit: string, projectPath: string): Promise<readonly string[]> {
  const changed = await git(project, "diff", "--name-only", "-z", commit, "--", ".");
  const others = await git(project, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ".");
  return `${changed}\0${others}`
    .split("\0")
    .filter(Boolean)
    .map((file) => path.join(file))
    .map((file) => (projectPath === "" ? file : path.relative(projectPath, file)));
}

const isEnvironmentFile = (file: string, environments: string): boolean =>
  path.dirname(file) === environments && /\.ya?ml$/i.test(file);

function suspendedIn(environments: string): Pick<Base, "suspended"> {
  try {
    const suspended = loadEnvironments(environments).instances.filter((instance) => instance.suspended);
    return { suspended: new Set(suspended.map(({ stackName }) => stackName)) };
  } catch (error) {
    if (error instanceof EnvironmentErrors) return {};
    throw error;
  }
}

const topLevel = (file: string): string => file.split(path.sep)[0] ?? "";

const isNotSynthesized = (file: string): boolean => notSynthesized.includes(topLevel(file));

function isSameFile(a: string, b: string): boolean {
  return existsSync(a) && existsSync(b) && readFileSync(a).equals(readFileSync(b));
}

/** The command with which `cdktf` synthesizes the project. */
function appOf(project: string): string {
  let configuration: unknown;
  try {
    configuration = JSON.parse(readFileSync(path.join(project, "cdktf.json"), "utf8"));
  } catch (error) {
    throw new CommandError(`cdktf.json cannot be read. ${errorMessage(error)}`);
  }
  const { data } = z.object({ app: z.string() }).safeParse(configuration);
  if (data === undefined) throw new CommandError("cdktf.json has no app.");
  return data.app;
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", [...args], { cwd, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    throw new CommandError(`git ${args[0] ?? ""} failed. ${errorMessage(error)}`);
  }
}

/** Runs a command with a time limit. @throws CommandError with the last lines of its output */
async function runWithTimeout(
  name: string,
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMinutes * 60_000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const [exitCode, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, by) => {
      resolve([code, by]);
    });
  });
  if (signal !== null) {
    throw new CommandError(`${name} was ended by ${signal}. The time limit is ${limitMinutes} minutes.`);
  }
  if (exitCode !== 0)
    throw new CommandError(`${name} failed.\n${boundedLines(output.trim().split("\n").slice(-30).join("\n"))}`);
}
