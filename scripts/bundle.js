// Bundles the programs of this project with esbuild into build/: `npm run compile` for the main programs, scripts/run.js for any. With
// --standalone, a bundle includes its npm packages.
"use strict";
const { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const path = require("node:path");

const root = path.resolve(__dirname, "..");

/** The programs that tests and other commands start without scripts/run.js. */
const programs = ["main.ts", "fleet/main.ts", "sandbox/main.ts"];

/**
 * Writes `build/main.js` for `main.ts`, and so on. Exits with 1 when a file does not compile. esbuild does not check types: `npm run
 * typecheck` does.
 *
 * @param packages esbuild options that leave npm packages out of the bundle: `packages: "external"` for all packages, `external` for a list
 */
function bundle(entryPoints, packages = { packages: "external" }) {
  try {
    const { outputFiles } = require("esbuild").buildSync({
      absWorkingDir: root,
      entryPoints,
      outbase: ".",
      outdir: "build",
      bundle: true,
      ...packages,
      platform: "node",
      target: "node20",
      logLevel: "error",
      write: false,
    });
    for (const { path: file, contents } of outputFiles) writeAtomically(file, contents);
  } catch (error) {
    // esbuild has printed the file, the line and the reason.
    if (error.errors === undefined) throw error;
    process.exit(1);
  }
}

/** Writes a file under a temporary name and renames it. Two commands may start at the same time, and neither may run an incomplete file. */
function writeAtomically(file, content) {
  if (existsSync(file) && readFileSync(file).equals(content)) return;
  mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, file);
}

module.exports = { bundle, root, writeAtomically };

if (require.main === module) {
  // A standalone program needs no npm package except esbuild, which is a binary.
  bundle(programs, process.argv.includes("--standalone") ? { external: ["esbuild"] } : undefined);
}
