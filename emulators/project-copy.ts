/** Copies this project to a separate git repository, for tests that compare commits: same code, other environment files. */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../lambda/packaging";

/** Files and folders that a synth and the command line read. */
const sources = [
  "main.ts",
  "cdktf.json",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.app.json",
  "config",
  "fleet",
  "flows",
  "lambda",
  "scripts",
  "stacks",
];

/**
 * Copies the sources and their bundles, adds one environment file, and commits everything except the bundles.
 *
 * @param directory to create
 * @param yaml text of `environments/e2e.yaml`
 */
export function copyProject(directory: string, yaml: string): void {
  const root = projectRoot();
  mkdirSync(directory, { recursive: true });
  for (const source of sources) cpSync(path.join(root, source), path.join(directory, source), { recursive: true });
  for (const compiled of ["main.js", "fleet/main.js"]) {
    const from = path.join(root, "build", compiled);
    if (existsSync(from)) cpSync(from, path.join(directory, "build", compiled), { recursive: true });
  }
  symlinkSync(path.join(root, "node_modules"), path.join(directory, "node_modules"));
  writeFileSync(path.join(directory, ".gitignore"), "build/\nnode_modules\ncdktf.out/\n");
  mkdirSync(path.join(directory, "environments"));
  writeFileSync(path.join(directory, "environments/e2e.yaml"), yaml);
  const git = (...args: readonly string[]): void => {
    execFileSync(
      "git",
      ["-c", "user.name=copy", "-c", "user.email=copy@example.com", "-c", "commit.gpgsign=false", ...args],
      {
        cwd: directory,
        stdio: "ignore",
      },
    );
  };
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--message", "The fleet as it is deployed");
}
