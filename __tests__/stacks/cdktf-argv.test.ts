/** Which command of cdktf runs the app, read off the processes above it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { cdktfArgv, type ProcessAbove } from "../../stacks/cdktf-argv";
import { projectRoot } from "../../lambda/packaging";

/** Processes by id; each is started by the next. */
function above(...commandLines: readonly (readonly string[])[]): (id: number) => ProcessAbove | undefined {
  return (id) => {
    const line = commandLines[id];
    return line === undefined ? undefined : { parent: id + 1, arguments: line };
  };
}

const shell = ["/bin/sh", "-c", "npm run --silent synth:app"];
const npm = ["npm run synth:app"];

test.each([
  ["through npx", ["node", "/app/node_modules/.bin/cdktf", "destroy", "prod-*"], ["destroy", "prod-*"]],
  ["as a program of its own", ["/usr/local/bin/cdktf", "deploy"], ["deploy"]],
  ["by its file", ["node", "C:\\app\\cdktf-cli\\bundle\\bin\\cdktf.js", "diff", "dev"], ["diff", "dev"]],
])("cdktf that is run %s", (_, line, expected) => {
  expect(cdktfArgv(0, above(["sh", "-c", "node build/main.js"], npm, shell, line, ["bash"]))).toEqual(expected);
});

test.each([
  ["nobody runs cdktf", [shell, ["bash"], ["sshd"]]],
  ["somebody edits a file of that name", [shell, ["vim", "-p", "cdktf"]]],
  ["the processes cannot be read", []],
])("%s: undefined", (_, lines) => {
  expect(cdktfArgv(0, above(...lines))).toBeUndefined();
});

test("a circle of processes ends", () => {
  expect(cdktfArgv(0, () => ({ parent: 0, arguments: ["sh"] }))).toBeUndefined();
});

test("on this machine, two real processes below a real one of that name", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "cdktf-command-"));
  try {
    const program = path.join(directory, "cdktf.js");
    const app = path.join(directory, "app.ts");
    const source = path.join(projectRoot(), "stacks/cdktf-argv.ts");
    writeFileSync(
      app,
      `const { cdktfArgv } = require(${JSON.stringify(source)}); console.log(JSON.stringify(cdktfArgv() ?? null));`,
    );
    // As cdktf does: the app's command in a shell, which waits for it.
    const register = `require(${JSON.stringify(require.resolve("@swc/core"))})`;
    const load =
      `const { transformSync } = ${register}; require("module")._extensions[".ts"] = (m, f) => m._compile(transformSync(` +
      `require("fs").readFileSync(f, "utf8"), { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } }).code, f);`;
    const loader = path.join(directory, "loader.cjs");
    writeFileSync(loader, load);
    const command = `node -r ${loader} ${app}; true`;
    writeFileSync(program, `require("child_process").execSync(${JSON.stringify(command)}, { stdio: "inherit" });`);
    const { stdout, stderr } = spawnSync(process.execPath, [program, "destroy", "prod one"], { encoding: "utf8" });
    expect({ told: JSON.parse(stdout) as unknown, stderr }).toEqual({ told: ["destroy", "prod one"], stderr: "" });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
