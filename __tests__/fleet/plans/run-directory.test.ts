/** Runs that keep nothing leave nothing either, also those that were killed. */
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

function left(name: string): void {
  mkdirSync(path.join(parent, name, "made-anew"), { recursive: true });
  writeFileSync(path.join(parent, name, "made-anew", "terraform.tfstate"), "{}");
}

test("it is this process's own, and for its user alone", () => {
  const out = openRunDirectory(parent);
  expect(out).toBe(path.join(parent, `${process.pid}`));
  expect(statSync(out).mode & 0o777).toBe(0o700);
});

test("what a killed run has left goes, and what one that runs works in stays", () => {
  const { pid: ended } = spawnSync(process.execPath, ["--version"]);
  left(`${ended}`);
  left(`${process.ppid}`);
  openRunDirectory(parent);
  expect(readdirSync(parent).sort()).toEqual([`${process.pid}`, `${process.ppid}`].sort());
});

test("one of a former process of the same id is emptied", () => {
  left(`${process.pid}`);
  expect(readdirSync(openRunDirectory(parent))).toEqual([]);
});

test("what is not of a run is left alone", () => {
  left("notes");
  openRunDirectory(parent);
  expect(existsSync(path.join(parent, "notes"))).toBe(true);
});
