/** Commands start without a type check, except the commands that deploy. */
import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";

const project = mkdtempSync(path.join(tmpdir(), "call-blocking-run-"));
const withTypeError = "stacks/wrong.ts";
const sharedSettings = path.join(project, "tsconfig.base.json");
/** Settings with which the compiler reads one small library. For the declarations of browsers, the compiler needs seconds. */
const settingsWith = (types: readonly string[]): string =>
  JSON.stringify({ compilerOptions: { types, lib: ["es5"], skipLibCheck: true } });
const cdktf = path.join(project, "cdktf");

beforeAll(() => {
  for (const source of [
    "config",
    "examples",
    "fleet",
    "flows",
    "lambda",
    "scripts",
    "stacks",
    "main.ts",
    "package.json",
  ])
    cpSync(path.join(projectRoot(), source), path.join(project, source), { recursive: true });
  symlinkSync(path.join(projectRoot(), "node_modules"), path.join(project, "node_modules"));
  // The compiler needs seconds for all files.
  writeFileSync(sharedSettings, settingsWith([]));
  for (const settings of ["tsconfig.json", "tsconfig.app.json"])
    writeFileSync(
      path.join(project, settings),
      JSON.stringify({ extends: "./tsconfig.base.json", include: [withTypeError] }),
    );
  writeFileSync(path.join(project, withTypeError), 'export const wrong: number = "text";\n');
  // The app finds the command in the arguments of a parent process whose program is called cdktf.
  writeFileSync(cdktf, "#!/bin/sh\nnode scripts/run.js main.ts\nexit $?\n");
  chmodSync(cdktf, 0o755);
});
afterAll(() => {
  rmSync(project, { recursive: true });
});

const run = (program: string, ...args: readonly string[]) =>
  spawnSync(program, args, {
    cwd: project,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: project, ENVIRONMENTS_DIR: "examples" },
  });

const refused = { status: 1, stdout: expect.stringContaining(`${withTypeError}(`) as string };

test.each([["deploy"], ["watch"]])("cdktf %s refuses code with a type error", (command) => {
  expect(run(cdktf, command, "prod-globex-eu-central-1")).toMatchObject(refused);
});

test("fleet deploy refuses code with a type error", () => {
  expect(run("node", "scripts/run.js", "fleet/main.ts", "deploy")).toMatchObject(refused);
});

test.each([["synth"], ["diff"]])("cdktf %s does not wait for a type check", (command) => {
  expect(run(cdktf, command)).toMatchObject({ status: 0, stdout: "" });
});

test("other commands of fleet do not wait for a type check", () => {
  expect(run("node", "scripts/run.js", "fleet/main.ts", "list")).toMatchObject({ status: 0 });
});

test("the app starts without a type check if no cdktf command runs it", () => {
  expect(run("node", "scripts/run.js", "main.ts")).toMatchObject({ status: 0, stdout: "" });
});

test("the same code is checked once", () => {
  writeFileSync(path.join(project, withTypeError), "export const wrong: number = 1;\n");
  expect(run(cdktf, "deploy")).toMatchObject({ status: 0 });
  // With these settings the compiler fails, but they are not part of the comparison.
  writeFileSync(sharedSettings, settingsWith(["missing"]));
  expect(run(cdktf, "deploy")).toMatchObject({ status: 0 });
  appendFileSync(path.join(project, withTypeError), "// another version\n");
  expect(run(cdktf, "deploy")).toMatchObject({ status: 1 });
  expect(run(cdktf, "deploy")).toMatchObject({ status: 1 });
  writeFileSync(sharedSettings, settingsWith([]));
  expect(run(cdktf, "deploy")).toMatchObject({ status: 0 });
});
