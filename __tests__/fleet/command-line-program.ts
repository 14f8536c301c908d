/** Builds the command line for tests that start it as a process, once for all test files of a run. */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { buildSync } from "esbuild";
import { dependencies } from "../../package.json";
import { projectRoot } from "../../lambda/packaging";

/**
 * Runs `fleet.js` with V8's code cache. A start then takes less than half of the CPU time. The first process of each command and of each
 * set of AWS clients adds its functions to the cache.
 */
const start = `
const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { Script } = require("node:vm");
const filename = __dirname + "/fleet.js", cache = __dirname + "/fleet.cache";
const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
// V8 keeps a long text of Latin-1 characters outside of its heap.
const script = new Script(readFileSync(filename, "latin1"), { filename, cachedData });
const clients = [];
process.on("exit", () => {
  const part = __dirname + "/" + [process.argv[2] ?? "", ...clients.sort()].join(" ").replace(/[^\\w -]/g, "_").slice(0, 200) + ".cached";
  if (existsSync(part)) return;
  writeFileSync(cache + process.pid, script.createCachedData());
  renameSync(cache + process.pid, cache);
  writeFileSync(part, "");
});
script.runInThisContext()(exports, require, module, filename, __dirname, clients);
`;

/** Loads a package when a command first uses it. Most commands use few of them, and all of them take a third of a start. */
const onFirstUse = (name: string, file: string): string => `
let loaded;
const load = () => (loaded ??= (loadedPackages.push(${JSON.stringify(path.basename(name))}), require(${JSON.stringify(file)})));
module.exports = Object.create(new Proxy({}, { get: (_, name) => name === "__esModule" || load()[name] }));
`;

/**
 * The program as a function in ASCII. Some texts and regular expressions contain other characters, for which V8 would need two bytes for
 * every character of the program.
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
