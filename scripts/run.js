// Bundles one program and runs it in this process: node scripts/run.js [--typecheck] fleet/main.ts ARGUMENTS
"use strict";
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { runMain } = require("node:module");
const path = require("node:path");
const { bundle, root, writeAtomically } = require("./bundle");

// Without this variable, the AWS SDK prints a warning about the end of Node.js 20 on every start. README.md lists the supported versions.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

const args = process.argv.slice(2);
const isTypeChecked = args[0] === "--typecheck";
const [entry, ...rest] = isTypeChecked ? args.slice(1) : args;
try {
  // Other programs run the app to synthesize.
  bundle([...new Set([entry, "main.ts"])]);
  if (isTypeChecked) checkTypes();
} catch (error) {
  // For example, the checkout is read-only or the disk is full. The message names the file.
  if (error.syscall === undefined) throw error;
  console.error(`The program cannot be compiled into build/. ${error.message}`);
  process.exit(1);
}
process.argv = [process.argv[0], path.join(root, "build", entry.replace(/\.ts$/, ".js")), ...rest];
runMain();

/**
 * Checks the types of the app, unless the same sources passed before: code with a type error must not be deployed. The comparison is by
 * content, so an older file that someone restores counts as a change. An installation without development dependencies has no compiler, and
 * its code has passed `npm test`.
 */
function checkTypes() {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  if (!existsSync(compiler)) return;
  const sources = ["main.ts", ...["config", "flows", "lambda", "stacks"].flatMap(sourceFiles)];
  const settings = ["tsconfig.json", "tsconfig.app.json", "package-lock.json", "node_modules/.package-lock.json"];
  const digest = createHash("sha256").update(process.version);
  for (const file of [...sources, ...settings].sort()) {
    const full = path.join(root, file);
    digest.update(`\0${file}\0`).update(existsSync(full) ? readFileSync(full) : "");
  }
  const checked = Buffer.from(digest.digest("hex"));
  const stamp = path.join(root, "build/.types-checked");
  if (existsSync(stamp) && readFileSync(stamp).equals(checked)) return;
  const tsc = [compiler, "-p", "tsconfig.app.json", "--noEmit"];
  const { status } = spawnSync(process.execPath, tsc, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(1);
  writeAtomically(stamp, checked);
}

function sourceFiles(folder) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file));
}
