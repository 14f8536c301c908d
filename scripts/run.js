// Bundles one program and runs it in this process: node scripts/run.js fleet/main.ts ARGUMENTS
"use strict";
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, readdirSync, readFileSync } = require("node:fs");
const { runMain } = require("node:module");
const path = require("node:path");
const { bundle, root, writeAtomically } = require("./bundle");

// Without this variable, the AWS SDK prints a warning about the end of Node.js 20 on every start. README.md lists the supported versions.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

const appFolders = ["config", "flows", "lambda", "stacks"];
const cdktfArgv = "stacks/cdktf-argv.ts";
/** The commands of cdktf that change resources. https://developer.hashicorp.com/terraform/cdktf/cli-reference/commands */
const changingCommands = ["apply", "deploy", "destroy", "watch"];

const [entry, ...rest] = process.argv.slice(2);
const isApp = entry === "main.ts";
const compiled = (source) => path.join(root, "build", source.replace(/\.ts$/, ".js"));
try {
  // Other programs run the app to synthesize.
  bundle([...new Set([entry, "main.ts", ...(isApp ? [cdktfArgv] : [])])]);
  // A deployment runs only code without type errors. All other commands start without the check, which takes seconds.
  if (isApp && isDeployedByCdktf()) checkTypes("tsconfig.app.json", appFolders);
  if (entry === "fleet/main.ts" && rest[0] === "deploy") checkTypes("tsconfig.json", [...appFolders, "fleet"]);
} catch (error) {
  // For example, the checkout is read-only or the disk is full. The message names the file.
  if (error.syscall === undefined) throw error;
  console.error(`The program cannot be compiled into build/. ${error.message}`);
  process.exit(1);
}
process.argv = [process.argv[0], compiled(entry), ...rest];
runMain();

/** True for a command of cdktf that changes resources, and on a system that does not show the command (Windows). */
function isDeployedByCdktf() {
  const argv = require(compiled(cdktfArgv)).cdktfArgv();
  return argv === undefined ? process.platform === "win32" : argv.some((word) => changingCommands.includes(word));
}

/**
 * Checks the types of the sources, unless the same sources passed before. The comparison is by content, so an older file that someone
 * restores counts as a change. An installation without development dependencies has no compiler, and its code has passed `npm test`.
 */
function checkTypes(settings, folders) {
  const compiler = path.join(root, "node_modules/typescript/bin/tsc");
  if (!existsSync(compiler)) return;
  const sources = ["main.ts", ...folders.flatMap(sourceFiles)];
  const others = ["tsconfig.json", "tsconfig.app.json", "package-lock.json", "node_modules/.package-lock.json"];
  const digest = createHash("sha256").update(process.version);
  for (const file of [...sources, ...others].sort()) {
    const full = path.join(root, file);
    digest.update(`\0${file}\0`).update(existsSync(full) ? readFileSync(full) : "");
  }
  const checked = Buffer.from(digest.digest("hex"));
  const stamp = path.join(root, `build/.types-checked-${path.basename(settings, ".json")}`);
  if (existsSync(stamp) && readFileSync(stamp).equals(checked)) return;
  const { status } = spawnSync(process.execPath, [compiler, "-p", settings, "--noEmit"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(1);
  writeAtomically(stamp, checked);
}

function sourceFiles(folder) {
  return readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file));
}
