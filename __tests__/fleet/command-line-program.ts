/** Builds the command line for tests that start it as a process. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { buildSync } from "esbuild";
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

/** Writes the program to a directory, and returns the path of the file to start. */
export function buildCommandLine(directory: string): string {
  buildSync({
    entryPoints: [path.join(projectRoot(), "fleet/main.ts")],
    bundle: true,
    platform: "node",
    outfile: path.join(directory, "fleet.js"),
    logLevel: "error",
  });
  const program = path.join(directory, "start.js");
  writeFileSync(program, start);
  return program;
}
