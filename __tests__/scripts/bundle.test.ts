/** The standalone bundle: the program that a deployment job gets instead of installed packages. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";

const copy = mkdtempSync(path.join(tmpdir(), "call-blocking-bundle-"));
afterAll(() => {
  rmSync(copy, { recursive: true });
});

const node = (...args: readonly string[]): string =>
  execFileSync(process.execPath, args, {
    cwd: copy,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], ENVIRONMENTS_DIR: "examples", CHECKPOINT_DISABLE: "1" },
  });

test("a standalone bundle synthesizes the same stacks as the installed packages, and needs only esbuild", () => {
  const installed = path.join(projectRoot(), "node_modules");
  const packages = path.join(copy, "node_modules");
  for (const source of ["config", "examples", "fleet", "flows", "lambda", "sandbox", "emulators", "scripts", "stacks"])
    cpSync(path.join(projectRoot(), source), path.join(copy, source), { recursive: true });
  for (const file of ["main.ts", "package.json", "tsconfig.json"])
    cpSync(path.join(projectRoot(), file), path.join(copy, file));

  const outputOf = (stack: string): string =>
    readFileSync(path.join(copy, "cdktf.out/stacks", stack, "cdk.tf.json"), "utf8");
  const stack = "prod-globex-eu-central-1";
  symlinkSync(installed, packages);
  node("scripts/bundle.js");
  node("build/main.js");
  const expected = outputOf(stack);
  node("scripts/bundle.js", "--standalone");

  rmSync(packages);
  rmSync(path.join(copy, "cdktf.out"), { recursive: true });
  mkdirSync(packages);
  for (const name of ["esbuild", "@esbuild"])
    cpSync(path.join(installed, name), path.join(packages, name), { recursive: true });
  node("build/main.js");
  expect(outputOf(stack)).toBe(expected);
  expect(node("build/fleet/main.js", "list", "env=prod")).toContain(stack);
});
