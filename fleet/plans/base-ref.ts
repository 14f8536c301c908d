/** The base of a change: another commit's stacks, synthesized by that commit's own code. */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { CommandError } from "../output/command-error";
import { errorMessage } from "../output/error-message";
import { readSynthesis, synthesize } from "./synthesis";
import type { Synthesis } from "./synthesis";

/** Minutes that installing the base's packages, or compiling and synthesizing it, may take. */
const limitMinutes = 10;

/** Folders and files of which a synth reads nothing. All else may change what comes out. */
const notSynthesized = [
  "__tests__",
  ".ci",
  ".github",
  "bench",
  "docs",
  "emulators",
  "examples",
  "fleet",
  "sandbox",
  "scripts",
  "README.md",
  "eslint.config.mjs",
  "jest.config.js",
];

export interface Base {
  /** Full commit id. */
  readonly commit: string;
  /** Digest by stack name, suspended ones among them. */
  readonly digests: ReadonlyMap<string, string>;
  /** One line: how it was made. */
  readonly how: string;
}

/**
 * Synthesizes a commit in a git worktree of its own, which is gone afterwards.
 *
 * Its code is compiled and run as its own `cdktf.json` says, with the packages of this checkout where both have the same
 * package-lock.json, and with its own (`npm ci`) where they do not. Where nothing but environment files and what a synth never
 * reads differs, this checkout's compiled app is run on its environment files, which comes to the same.
 *
 * @param ref what git calls the commit
 * @param say one line at a time: what takes long
 * @param project the project's directory, inside a git repository
 * @throws CommandError where there is no such commit, or it cannot be synthesized
 */
export async function synthesizeBase(
  ref: string,
  say: (text: string) => void,
  project: string = process.cwd(),
): Promise<Base> {
  const top = realpathSync((await git(project, "rev-parse", "--show-toplevel")).trim());
  const commit = await commitOf(project, ref);
  const inside = path.relative(top, realpathSync(project));
  const environments = environmentsInside(project, top);

  const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-base-"));
  const worktree = path.join(scratch, "worktree");
  const outdir = path.join(scratch, "cdktf.out");
  try {
    await git(project, "worktree", "add", "--detach", "--force", worktree, commit);
    const base = path.join(worktree, inside);
    const baseEnvironments = path.join(worktree, environments);
    const short = commit.slice(0, 12);
    if (!existsSync(baseEnvironments)) {
      return { commit, digests: new Map(), how: `${ref} (${short}) has no environment files: everything is new.` };
    }
    const differing = await differingFiles(project, commit, inside);
    const isSameCode = differing.every(
      (file) => isEnvironmentFile(path.join(inside, file), environments) || notRead(file),
    );
    const begin = Date.now();
    let synthesis: Synthesis;
    let how: string;
    if (isSameCode) {
      synthesis = await synthesize({ project, environments: baseEnvironments, select: "status=*", outdir });
      how = "by this checkout's code, which is the same";
    } else {
      const isSameLock = sameFile(path.join(project, "package-lock.json"), path.join(base, "package-lock.json"));
      if (isSameLock) symlinkSync(path.join(project, "node_modules"), path.join(base, "node_modules"));
      else {
        say(`${ref} has other packages: installing them (npm ci), which takes a minute or two.`);
        await limited("npm ci", "npm", ["ci", "--no-audit", "--no-fund"], base);
      }
      say(`Compiling and synthesizing ${ref} (${short}) with its own code.`);
      await limited("Its synth", "sh", ["-c", appOf(base)], base, {
        SELECT: "status=*",
        CDKTF_OUTDIR: outdir,
        ENVIRONMENTS_DIR: baseEnvironments,
      });
      synthesis = readSynthesis(outdir);
      how = `by its own code${isSameLock ? "" : " and packages"}`;
    }
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    return {
      commit,
      digests: new Map([...synthesis.stacks].map(([name, { digest }]) => [name, digest])),
      how: `Base: ${ref} (${short}), synthesized ${how} in ${seconds} s.`,
    };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      `The base ${ref} cannot be synthesized, so nobody knows what changed.\n${error.message.replaceAll(/^/gm, "  ")}\n` +
        "  Plan everything: leave out --changed-since.",
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
      `--changed-since ${ref}: there is no such commit in this clone.\n` +
        (isShallow
          ? "  The clone is shallow. Fetch the commit first: git fetch origin <commit>; in GitHub Actions, fetch-depth: 0."
          : "  Give a branch, a tag or a commit that git log shows."),
    );
  }
}

/** The directory of environment files, as a path from the top of the repository. */
function environmentsInside(project: string, top: string): string {
  const directory = realpathSync(path.resolve(project, process.env["ENVIRONMENTS_DIR"] ?? "environments"));
  const inside = path.relative(top, directory);
  if (!inside.startsWith("..") && !path.isAbsolute(inside)) return inside;
  throw new CommandError(
    `--changed-since compares with environment files of another commit, but ${directory} is not in this repository.\n` +
      "  Plan everything: leave out --changed-since.",
  );
}

/** Paths from the top of the repository: what differs from the commit in the working tree, files that git does not know among them. */
async function differingFiles(project: string, commit: string, inside: string): Promise<readonly string[]> {
  const changed = await git(project, "diff", "--name-only", "-z", commit, "--", ".");
  const others = await git(project, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", ".");
  return `${changed}\0${others}`
    .split("\0")
    .filter(Boolean)
    .map((file) => path.join(file))
    .map((file) => (inside === "" ? file : path.relative(inside, file)));
}

const isEnvironmentFile = (file: string, environments: string): boolean =>
  path.dirname(file) === environments && /\.ya?ml$/i.test(file);

const notRead = (file: string): boolean => notSynthesized.includes(file.split(path.sep)[0] ?? "");

function sameFile(one: string, other: string): boolean {
  return existsSync(one) && existsSync(other) && readFileSync(one).equals(readFileSync(other));
}

/** The command by which `cdktf` synthesizes the project. */
function appOf(project: string): string {
  try {
    const { app } = JSON.parse(readFileSync(path.join(project, "cdktf.json"), "utf8")) as { app?: unknown };
    if (typeof app === "string") return app;
  } catch (error) {
    throw new CommandError(`Its cdktf.json cannot be read. ${errorMessage(error)}`);
  }
  throw new CommandError("Its cdktf.json names no app.");
}

async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("git", [...args], { cwd, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    throw new CommandError(`git ${args[0] ?? ""} failed. ${errorMessage(error)}`);
  }
}

/** Runs a command of the base's, with a time limit; what it said counts only where it fails. */
async function limited(
  what: string,
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
  if (signal !== null) throw new CommandError(`${what} was ended (${signal}); it may take ${limitMinutes} minutes.`);
  if (exitCode !== 0) throw new CommandError(`${what} failed.\n${output.trim().split("\n").slice(-30).join("\n")}`);
}
