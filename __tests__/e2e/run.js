// Runs the end-to-end tests where terraform and moto_server are found; elsewhere says in one line what was not run.
"use strict";
const { spawnSync } = require("node:child_process");
const path = require("node:path");

const required = process.env.E2E === "required" || process.argv.includes("--required");

const terraformVersion = /Terraform v(\d+)\.(\d+)/.exec(spawnSync("terraform", ["version"]).stdout ?? "") ?? [];
const tools = [
  {
    command: "terraform",
    found: Number(terraformVersion[1]) > 1 || Number(terraformVersion[2]) >= 11,
    get: "Terraform >= 1.11 from its install page",
  },
  {
    command: process.env.MOTO_SERVER ?? "moto_server",
    found: !spawnSync(process.env.MOTO_SERVER ?? "moto_server", ["--help"], { stdio: "ignore" }).error,
    get: "pip install 'moto[server]'",
  },
];
const missing = tools.filter(({ found }) => !found);

if (missing.length > 0) {
  const what = missing.map(({ command, get }) => `${command} (${get})`).join(" and ");
  console.error(
    required
      ? `end-to-end tests FAILED to run: not found: ${what}`
      : `end-to-end tests NOT RUN (they deploy to emulators with real Terraform): not found: ${what}; E2E=required makes this a failure`,
  );
  process.exit(required ? 1 : 0);
}

const root = path.resolve(__dirname, "../..");
// Once, before two files want it at the same time.
const compiled = spawnSync(process.execPath, [path.join(root, "scripts/bundle.js")], { cwd: root, stdio: "inherit" });
if (compiled.status !== 0) process.exit(1);
const jest = spawnSync(
  process.execPath,
  [
    require.resolve("jest/bin/jest"),
    "--selectProjects",
    "e2e",
    // Each file has emulators, ports and directories of its own, and waits for much of its time.
    "--maxWorkers=2",
    ...process.argv.slice(2).filter((a) => a !== "--required"),
  ],
  { cwd: root, stdio: "inherit" },
);
process.exit(jest.status ?? 1);
