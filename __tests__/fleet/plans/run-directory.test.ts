/** The working directories of ended processes are deleted, even if a process was killed. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openRunDirectory } from "../../../fleet/plans/run-directory";

let parent: string;
beforeEach(() => {
  parent = path.join(mkdtempSync(path.join(tmpdir(), "run-directory-")), "build", "recover");
});
afterEach(() => {
  rmSync(path.dirname(path.dirname(parent)), { recursive: true });
});

function createRunDirectory(name: string): void {
  mkdirSync(path.join(parent, name, "rebuilt"), { recursive: true });
  writeFileSync(path.join(parent, name, "rebuilt", "terraform.tfstate"), "{}");
}

test("the directory belongs to this process, and only its user may read it", () => {
  const out = openRunDirectory(parent, "drift");
  expect(out).toBe(path.join(parent, `${process.pid}`));
  expect(statSync(out).mode & 0o777).toBe(0o700);
});

test("the directory of a dead process is deleted, the directory of a running process stays", () => {
  const { pid: ended } = spawnSync(process.execPath, ["--version"]);
  createRunDirectory(`${ended}`);
  createRunDirectory(`${process.ppid}`);
  openRunDirectory(parent, "drift");
  expect(readdirSync(parent).sort()).toEqual([`${process.pid}`, `${process.ppid}`].sort());
});

test("the directory of an earlier process with the same id is emptied", () => {
  createRunDirectory(`${process.pid}`);
  expect(readdirSync(openRunDirectory(parent, "drift"))).toEqual(["fleet.lock"]);
});

test("other directories stay", () => {
  createRunDirectory("notes");
  openRunDirectory(parent, "drift");
  expect(existsSync(path.join(parent, "notes"))).toBe(true);
});
