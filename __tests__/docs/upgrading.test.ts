/** docs/upgrading.md: a copy of the project with a team's own files merges a new version without a conflict. */
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";
import { validYaml } from "../config/environment-files";

const root = projectRoot();
const page = readFileSync(path.join(root, "docs/upgrading.md"), "utf8");
const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-upgrade-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

function run(cwd: string, program: string, ...args: readonly string[]): string {
  const identity = { NAME: "Test", EMAIL: "test@example.com" };
  const env = Object.fromEntries(
    ["AUTHOR", "COMMITTER"].flatMap((role) =>
      Object.entries(identity).map(([key, value]) => [`GIT_${role}_${key}`, value]),
    ),
  );
  return execFileSync(program, args, {
    cwd,
    encoding: "utf8",
    stdio: "pipe",
    env: { PATH: process.env["PATH"], HOME: scratch, ...env },
  });
}

/** The indented or plain lines of the code blocks that start with `first`. */
function commandsAfter(first: string): readonly string[] {
  const block = page.split("```").find((text) => text.includes(first)) ?? "";
  return block
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("git "));
}

test("a team's files survive the merge of a version that changes every file of the project", () => {
  const upstream = path.join(scratch, "upstream");
  // The environment files of this copy of the project belong to the team that runs the test. The project ships one starter file.
  const files = run(root, "git", "ls-files", "-z")
    .split("\0")
    .filter((file) => file !== "" && !/^environments\/.*\.yaml$/.test(file));
  for (const file of files) cpSync(path.join(root, file), path.join(upstream, file));
  writeFileSync(path.join(upstream, "environments/dev.yaml"), "# the starter file\n");
  run(upstream, "git", "init", "-q", "-b", "main");
  const commit = (cwd: string, message: string): void => {
    run(cwd, "git", "add", "-A");
    run(cwd, "git", "commit", "-q", "-m", message);
  };
  commit(upstream, "One version");

  run(scratch, "git", "clone", "-q", upstream, "fork");
  const fork = path.join(scratch, "fork");
  run(fork, "git", "remote", "remove", "origin");
  const [remote = ""] = commandsAfter("git remote add");
  run(fork, "sh", "-c", remote.replace(/<.*>/, `"${upstream}"`));
  const own = ["environments/defaults.yaml", "environments/prod.yaml", ".github/CODEOWNERS"];
  for (const file of own) writeFileSync(path.join(fork, file), file.endsWith("prod.yaml") ? validYaml : "# ours\n");
  rmSync(path.join(fork, "environments/dev.yaml"));
  commit(fork, "Our files");

  for (const file of files) appendFileSync(path.join(upstream, file), "\n");
  writeFileSync(path.join(upstream, "config/new.ts"), "export {};\n");
  commit(upstream, "The next version");

  const commands = commandsAfter("git merge");
  expect(commands).toEqual(["git fetch upstream", "git switch -c upgrade", "git merge upstream/main"]);
  for (const command of commands) run(fork, "sh", "-c", command);

  expect(run(fork, "git", "status", "--porcelain")).toBe("");
  const differing = run(fork, "git", "diff", "--name-only", "upstream/main").trim().split("\n").sort();
  expect(differing).toEqual([...own, "environments/dev.yaml"].sort());

  const [revert = ""] = commandsAfter("git revert");
  run(fork, "sh", "-c", revert.replace("<merge commit>", "HEAD").replace("revert", "revert --no-edit"));
  expect(run(fork, "git", "diff", "--name-only", "main")).toBe("");
});
