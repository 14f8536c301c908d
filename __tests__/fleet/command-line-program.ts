/** Builds the command line for tests that start it as a process, once for all test files of a run. */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { buildSync } from "esbuild";
import { dependencies } from "../../package.json";
import { projectRoot } from "../../lambda/packaging";

/**
 * Runs `fleet.js` with V8's code cache. A start then needs less CPU time. Each command has its own cache, because reading
 * functions of other commands takes time too. The first process with a new set of loaded packages writes the cache.
 */
const start = `
const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { Script } = require("node:vm");
const command = (process.argv[2] ?? "").replace(/[^\\w-]/g, "_").slice(0, 100);
const filename = __dirname + "/fleet.js", own = __dirname + "/" + command + ".cache", any = __dirname + "/any.cache";
const cache = [own, any].find((file) => existsSync(file));
// V8 reads a text of Latin-1 characters faster, because each character has one byte.
const script = new Script(readFileSync(filename, "latin1"), { filename, cachedData: cache && readFileSync(cache) });
const loadedPackages = [];
process.on("exit", () => {
  const isCached = __dirname + "/" + [command, ...loadedPackages.sort()].join(" ") + ".cached";
  if (existsSync(isCached)) return;
  for (const file of [own, any]) {
    if (file === any && existsSync(any)) continue;
    writeFileSync(file + process.pid, script.createCachedData());
    renameSync(file + process.pid, file);
  }
  writeFileSync(isCached, "");
});
script.runInThisContext()(exports, require, module, filename, __dirname, loadedPackages);
`;

/** Loads a package when a command first uses it. Most commands use few of them, and loading all of them takes a large part of a start. */
const onFirstUse = (name: string, file: string): string => `
let loaded;
const load = () => (loaded ??= (loadedPackages.push(${JSON.stringify(path.basename(name))}), require(${JSON.stringify(file)})));
module.exports = Object.create(new Proxy({}, { get: (_, name) => name === "__esModule" || load()[name] }));
`;

/**
 * The program as a function in ASCII. Some texts and regular expressions contain other characters, for which V8 would need two bytes for
 * every character of the program. The program contains no other character in a template with `String.raw` or after a backslash.
 */
function wrapped(program: string): string {
  const ascii = program.replaceAll(
    /[^\x00-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `(function (exports, require, module, __filename, __dirname, loadedPackages) {${ascii}\n})`;
}

/** The file to start. The first call of a test run builds the program. */
export function commandLineProgram(): string {
  // jest.config.js creates this directory, and deletes it at the end of the run.
  const shared = path.join(String(process.env["TEST_RUN_DIRECTORY"]), "fleet");
  const program = path.join(shared, "start.js");
  if (existsSync(program)) return program;
  const own = mkdtempSync(`${shared}-`);
  const { resolve } = createRequire(path.join(projectRoot(), "package.json"));
  const slow = Object.keys(dependencies).filter((name) => name.startsWith("@aws-sdk/client-") || name === "fflate");
  const alias = Object.fromEntries(slow.map((name) => [name, path.join(own, `${path.basename(name)}.js`)]));
  for (const [name, file] of Object.entries(alias)) writeFileSync(file, onFirstUse(name, resolve(name)));
  const { outputFiles } = buildSync({
    entryPoints: [path.join(projectRoot(), "fleet/main.ts")],
    alias,
    bundle: true,
    platform: "node",
    outfile: path.join(own, "fleet.js"),
    legalComments: "none",
    logLevel: "error",
    write: false,
  });
  for (const { path: file, text } of outputFiles) writeFileSync(file, wrapped(text));
  writeFileSync(path.join(own, "start.js"), start);
  try {
    renameSync(own, shared);
  } catch {
    // Another test file was faster.
    rmSync(own, { recursive: true });
  }
  return program;
}
