// Runs the end-to-end tests where terraform and moto_server are found; elsewhere says in one line what was not run.
"use strict";
const { spawnSync } = require("node:child_process");
const path = require("node:path");

const required = process.env.E2E === "required" || process.argv.includes("--required");

const tools = [
  {
    command: process.env.TERRAFORM_BINARY_NAME ?? "terraform",
    version: ["version"],
    get: "Terraform >= 1.11 from its install page",
  },
  { command: process.env.MOTO_SERVER ?? "moto_server", version: ["--help"], get: "pip install 'moto[server]'" },
];
const missing = tools.filter(({ command, version }) => spawnSync(command, version, { stdio: "ignore" }).error);

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
const jest = spawnSync(
  process.execPath,
  [
    require.resolve("jest/bin/jest"),
    "--selectProjects",
    "e2e",
    "--runInBand",
    ...process.argv.slice(2).filter((a) => a !== "--required"),
  ],
  { cwd: root, stdio: "inherit" },
);
process.exit(jest.status ?? 1);
