/** Tests that the app finds the arguments of the cdktf command in its parent processes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cdktfArgv, type ParentProcess } from "../../stacks/cdktf-argv";
import { projectRoot } from "../../lambda/packaging";

/** Returns processes by id. The parent of each process is the next one. */
function parentsOf(...commandLines: readonly (readonly string[])[]): (id: number) => ParentProcess | undefined {
  return (id) => {
    const line = commandLines[id];
    return line === undefined ? undefined : { parent: id + 1, arguments: line };
  };
}

const shell = ["/bin/sh", "-c", "npm run --silent synth:app"];
const npm = ["npm run synth:app"];

test.each([
  ["through npx", ["node", "/app/node_modules/.bin/cdktf", "destroy", "prod-*"], ["destroy", "prod-*"]],
  ["as a program", ["/usr/local/bin/cdktf", "deploy"], ["deploy"]],
  ["as CDK Terrain", ["node", "/app/node_modules/.bin/cdktn", "destroy", "prod-*"], ["destroy", "prod-*"]],
  ["through its script file", ["node", "C:\\app\\cdktf-cli\\bundle\\bin\\cdktf.js", "diff", "dev"], ["diff", "dev"]],
])("the arguments of cdktf are found if cdktf runs %s", (_, line, expected) => {
  expect(cdktfArgv(0, parentsOf(["sh", "-c", "node build/main.js"], npm, shell, line, ["bash"]))).toEqual(expected);
});

test.each([
  ["no parent is cdktf", [shell, ["bash"], ["sshd"]]],
  ["an editor has a file named cdktf", [shell, ["vim", "-p", "cdktf"]]],
  ["no process is readable", []],
])("there are no arguments of cdktf if %s", (_, lines) => {
  expect(cdktfArgv(0, parentsOf(...lines))).toBeUndefined();
});

test("the search ends for a cycle of processes", () => {
  expect(cdktfArgv(0, () => ({ parent: 0, arguments: ["sh"] }))).toBeUndefined();
});

test("a real cdktf process two levels above the app is found", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "cdktf-command-"));
  try {
    const program = path.join(directory, "cdktf.js");
    const app = path.join(directory, "app.ts");
    const source = path.join(projectRoot(), "stacks/cdktf-argv.ts");
    writeFileSync(
      app,
      `const { cdktfArgv } = require(${JSON.stringify(source)}); console.log(JSON.stringify(cdktfArgv() ?? null));`,
    );
    // Like cdktf, this program runs the app's command in a shell and waits.
    const register = `require(${JSON.stringify(require.resolve("@swc/core"))})`;
    const load =
      `const { transformSync } = ${register}; require("module")._extensions[".ts"] = (m, f) => m._compile(transformSync(` +
      `require("fs").readFileSync(f, "utf8"), { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } }).code, f);`;
    const loader = path.join(directory, "loader.cjs");
    writeFileSync(loader, load);
    const command = `node -r ${loader} ${app}; true`;
    writeFileSync(program, `require("child_process").execSync(${JSON.stringify(command)}, { stdio: "inherit" });`);
    const { stdout, stderr } = spawnSync(process.execPath, [program, "destroy", "prod one"], { encoding: "utf8" });
    expect({ argv: JSON.parse(stdout) as unknown, stderr }).toEqual({ argv: ["destroy", "prod one"], stderr: "" });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
