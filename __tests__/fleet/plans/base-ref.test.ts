/** The stacks of two commits are compared, each synthesized with its own code. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { synthesizeBase } from "../../../fleet/plans/base-ref";
import { synthesize } from "../../../fleet/plans/synthesis";

jest.setTimeout(120_000);

const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), "call-blocking-base-test-")));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});
let count = 0;

/** A minimal app: one stack per environment file, with the file and a constant of the code in it. */
const app = (constant: string): string => `
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
require("node:fs").readFileSync(__dirname + "/../node_modules/installed");
const out = process.env.CDKTF_OUTDIR, from = process.env.ENVIRONMENTS_DIR;
const stacks = {};
mkdirSync(out);
for (const file of readdirSync(from)) {
  const name = file.replace(".yaml", ""), workingDirectory = "stacks/" + name;
  mkdirSync(out + "/" + workingDirectory, { recursive: true });
  const text = JSON.stringify({ "//": { at: __dirname }, constant: "${constant}", file: readFileSync(from + "/" + file, "utf8") });
  writeFileSync(out + "/" + workingDirectory + "/cdk.tf.json", text);
  stacks[name] = { name, workingDirectory };
}
writeFileSync(out + "/manifest.json", JSON.stringify({ stacks }));
`;

/** Files of a project. `build` is never committed. The compiler of the project only copies. */
function projectFiles(constant: string): Record<string, string> {
  return {
    "main.ts": app(constant),
    "cdktf.json": JSON.stringify({ app: "mkdir -p build && cp main.ts build/main.js && node build/main.js" }),
    "package-lock.json": "{}",
    "environments/one.yaml": "1",
    "environments/two.yaml": "2",
    ".gitignore": "build/\nnode_modules/\n",
  };
}

function write(project: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
    writeFileSync(path.join(project, name), text);
  }
}

function git(project: string, ...args: readonly string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"];
  const { status, stdout, stderr } = spawnSync("git", [...identity, ...args], { cwd: project, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** A repository with one commit and its compiled app. @param inside path of the project in the repository */
function repository(inside = ""): string {
  const top = path.join(scratch, `${count++}`);
  const project = path.join(top, inside);
  write(project, { ...projectFiles("old"), "node_modules/installed": "", "build/main.js": app("old") });
  git(top, "init", "--quiet");
  git(top, "add", "--all");
  git(top, "commit", "--quiet", "--message", "base");
  return project;
}

/** Names of stacks that differ from HEAD, and the printed lines. */
async function differing(project: string): Promise<{
  stacks: string[];
  description: string;
  planSource: string | undefined;
  printed: string[];
}> {
  const printed: string[] = [];
  const base = await synthesizeBase("HEAD", (text) => printed.push(text), project);
  const environments = path.join(project, "environments");
  const { stacks } = await synthesize({
    project,
    environments,
    select: "*",
    outdir: path.join(scratch, `out-${count++}`),
  });
  const names = [...stacks].filter(([name, { digest }]) => base.digests.get(name) !== digest).map(([name]) => name);
  return { stacks: names, description: base.description, planSource: base.planSource, printed };
}

test("without a change no stack differs, even if the project is in a subdirectory of the repository", async () => {
  for (const inside of ["", "infrastructure/call-blocking"]) {
    const { stacks, description } = await differing(repository(inside));
    expect(stacks).toEqual([]);
    expect(description).toContain("with this checkout's code");
  }
});

test("changed and untracked environment files change only their own stacks, and the base is not compiled", async () => {
  const project = repository();
  write(project, { "environments/two.yaml": "2.1", "environments/three.yaml": "3", "docs/page.md": "x" });
  const { stacks, description, printed } = await differing(project);
  expect(stacks.sort()).toEqual(["three", "two"]);
  expect(description).toContain("with this checkout's code");
  expect(printed).toEqual([]);
});

test.each([".terraform-version", "fleet/terraform/locks/aws-5.100.lock.hcl", "fleet/guard/guard.ts"])(
  "a change of %s can change every plan, although no stack synthesizes differently",
  async (file) => {
    const project = repository();
    expect((await differing(project)).planSource).toBeUndefined();
    write(project, { [file]: "changed" });
    const { stacks, planSource, description } = await differing(project);
    expect(planSource).toBe(file);
    expect(stacks).toEqual([]);
    expect(description).toContain("with this checkout's code");
  },
);

test("after a code change, the base is synthesized with its own code, and every stack differs", async () => {
  const project = repository();
  write(project, { "main.ts": app("new"), "build/main.js": app("new") });
  const { stacks, description } = await differing(project);
  expect(stacks.sort()).toEqual(["one", "two"]);
  expect(description).toContain("with its own code in");
});

test("a code change with the same output changes no stack", async () => {
  const project = repository();
  write(project, { "main.ts": `${app("old")}// a comment`, "build/main.js": app("old") });
  const { stacks, description } = await differing(project);
  expect(stacks).toEqual([]);
  expect(description).toContain("with its own code");
});

test("the worktree is removed completely from the repository", async () => {
  const project = repository();
  write(project, { "main.ts": app("new"), "build/main.js": app("new") });
  await differing(project);
  expect(git(project, "worktree", "list").split("\n")).toHaveLength(1);
  expect(git(project, "status", "--porcelain")).toBe("M main.ts");
  expect(existsSync(path.join(project, "node_modules/installed"))).toBe(true);
});

test("an unknown commit is refused with the fix, in a full and in a shallow clone", async () => {
  const project = repository();
  await expect(synthesizeBase("no-such", () => undefined, project)).rejects.toThrow(
    "the commit or ref does not exist in this clone",
  );
  const clone = path.join(scratch, `${count++}`);
  git(project, "commit", "--quiet", "--allow-empty", "--message", "second");
  git(scratch, "clone", "--quiet", "--depth", "1", `file://${project}`, clone);
  cpSync(path.join(project, "build"), path.join(clone, "build"), { recursive: true });
  const first = git(project, "rev-parse", "HEAD~1");
  await expect(synthesizeBase(first, () => undefined, clone)).rejects.toThrow("fetch-depth: 0");
});

test("a base that cannot be synthesized is an error with its output and the alternative", async () => {
  const project = repository();
  write(project, { "cdktf.json": JSON.stringify({ app: "echo 'no such module' >&2; false" }) });
  git(project, "commit", "--quiet", "--all", "--message", "broken");
  write(project, projectFiles("new"));
  const made = synthesizeBase("HEAD", () => undefined, project);
  await expect(made).rejects.toThrow(
    /The base HEAD cannot be synthesized[^]*no such module[^]*leave out --changed-since/,
  );
});

test("if the commit has no environment files, every stack is new", async () => {
  const project = repository();
  git(project, "rm", "--quiet", "-r", "environments");
  git(project, "commit", "--quiet", "--message", "none");
  write(project, projectFiles("old"));
  const { digests } = await synthesizeBase("HEAD", () => undefined, project);
  expect(digests.size).toBe(0);
});
