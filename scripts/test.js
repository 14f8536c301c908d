// `npm test`: lint rules, formatting and types in one lane, unit and end-to-end tests in another lane. Most checks use one core only, so the
// lanes run at the same time. The output of the checks appears when a check ends.
"use strict";
const { spawn } = require("node:child_process");
const path = require("node:path");

const root = path.resolve(__dirname, "..");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Whether a step of any lane failed. Then no other step starts. */
let hasFailed = false;

/** Runs one step. `isShown` prints the output at once; otherwise the output follows at the end. */
function run(name, command, args, isShown) {
  return new Promise((resolve) => {
    const started = Date.now();
    const child = spawn(command, args, {
      cwd: root,
      stdio: ["ignore", ...Array(2).fill(isShown ? "inherit" : "pipe")],
    });
    const parts = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part) => parts.push(part));
    child.once("error", (error) => parts.push(Buffer.from(`${error.message}\n`)));
    child.once("close", (code) => {
      process.stdout.write(Buffer.concat(parts));
      const outcome = code === 0 ? "passed" : "FAILED";
      process.stdout.write(`npm test: ${name} ${outcome} after ${Math.round((Date.now() - started) / 1000)} s\n`);
      hasFailed ||= code !== 0;
      resolve();
    });
  });
}

/** Runs steps one after the other, until a step of any lane fails. */
async function lane(steps) {
  for (const step of steps) if (!hasFailed) await run(...step);
}

const script = (name) => [name, npm, ["run", "--silent", name]];
Promise.all([
  lane([script("lint"), script("typecheck"), script("format:check")]),
  lane([
    ["unit tests", npm, ["run", "--silent", "test:unit"], true],
    ["end-to-end tests", process.execPath, ["__tests__/e2e/run.js"], true],
  ]),
]).then(() => {
  process.exitCode = hasFailed ? 1 : 0;
});
