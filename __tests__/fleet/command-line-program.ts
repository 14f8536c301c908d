/** Builds the command line for tests that start it as a process, once for all test files of a run. */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { buildSync } from "esbuild";
import { dependencies } from "../../package.json";
import { projectRoot } from "../../lambda/packaging";

/** Runs `fleet.js` with V8's code cache, which the first process writes. A start then takes half of the CPU time. */
const start = `
const { existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { wrap } = require("node:module");
const { Script } = require("node:vm");
const filename = __dirname + "/fleet.js", cache = __dirname + "/fleet.cache";
const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
const script = new Script(wrap(readFileSync(filename, "utf8")), { filename, cachedData });
if (cachedData === undefined) {
  process.on("exit", () => {
    writeFileSync(cache + process.pid, script.createCachedData());
    renameSync(cache + process.pid, cache);
  });
}
script.runInThisContext()(exports, require, module, filename, __dirname);
`;

/** Loads an AWS client when a command first uses it. Most commands use few clients, and all clients take a third of a start. */
const onFirstUse = (file: string): string => `
let client;
const load = () => (client ??= require(${JSON.stringify(file)}));
module.exports = Object.create(new Proxy({}, { get: (_, name) => name === "__esModule" || load()[name] }));
`;

/** The file to start. The first call of a test run builds the program. */
export function commandLineProgram(): string {
  // jest.config.js creates this directory, and deletes it at the end of the run.
  const shared = path.join(String(process.env["TEST_RUN_DIRECTORY"]), "fleet");
  const program = path.join(shared, "start.js");
  if (existsSync(program)) return program;
  const own = mkdtempSync(`${shared}-`);
  const { resolve } = createRequire(path.join(projectRoot(), "package.json"));
  const clients = Object.keys(dependencies).filter((name) => name.startsWith("@aws-sdk/client-"));
  const alias = Object.fromEntries(clients.map((name) => [name, path.join(own, `${path.basename(name)}.js`)]));
  for (const [name, file] of Object.entries(alias)) writeFileSync(file, onFirstUse(resolve(name)));
  buildSync({
    entryPoints: [path.join(projectRoot(), "fleet/main.ts")],
    alias,
    bundle: true,
    platform: "node",
    outfile: path.join(own, "fleet.js"),
    logLevel: "error",
  });
  writeFileSync(path.join(own, "start.js"), start);
  try {
    renameSync(own, shared);
  } catch {
    // Another test file was faster.
    rmSync(own, { recursive: true });
  }
  return program;
}
