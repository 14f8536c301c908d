// Compiles the app for `cdktf`, unless it was compiled from the very same bytes before: a second synth starts at once.
"use strict";
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const output = path.join(__dirname, "build/app");
const stamp = path.join(output, ".compiled-from");

/** What the compiled code depends on: all sources that it may import, and the packages (npm writes down which they are). */
const sources = ["main.ts", "config", "flows", "lambda", "stacks"];
const others = ["tsconfig.json", "tsconfig.app.json", "package-lock.json", "node_modules/.package-lock.json"];

// By content, not by time as `tsc --build` does: of an older file that is put back it would use the newer code, and say nothing.
const digest = createHash("sha256").update(process.version);
for (const file of [...sources.flatMap(sourceFiles), ...others].sort()) {
  const full = path.join(__dirname, file);
  digest.update(`\0${file}\0`).update(existsSync(full) ? readFileSync(full) : "");
}
const compiledFrom = digest.digest("hex");
if (existsSync(stamp) && readFileSync(stamp, "utf8") === compiledFrom) process.exit();

// Gone while it compiles, so that an interrupted run leaves nothing that looks finished.
rmSync(stamp, { force: true });
const tsc = require.resolve("typescript/bin/tsc");
const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.app.json"], { cwd: __dirname, stdio: "inherit" });
if (status === 0) writeFileSync(stamp, compiledFrom);
process.exitCode = status ?? 1;

function sourceFiles(name) {
  if (name.endsWith(".ts")) return [name];
  return readdirSync(path.join(__dirname, name), { recursive: true })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(name, file));
}
