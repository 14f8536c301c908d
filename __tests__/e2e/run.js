// Runs the end-to-end tests. If terraform or moto_server is missing, prints a notice and skips the tests.
"use strict";
const { spawnSync } = require("node:child_process");
const { availableParallelism } = require("node:os");
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
  const missingTools = missing.map(({ command, get }) => `${command} (${get})`).join(" and ");
  console.error(
    required
      ? `end-to-end tests FAILED: missing: ${missingTools}`
      : `end-to-end tests SKIPPED: missing: ${missingTools}. With E2E=required, a missing program is a failure.`,
  );
  process.exit(required ? 1 : 0);
}

const root = path.resolve(__dirname, "../..");
// Compile once, before two test files need the bundles at the same time.
const compiled = spawnSync(process.execPath, [path.join(root, "scripts/bundle.js")], { cwd: root, stdio: "inherit" });
if (compiled.status !== 0) process.exit(1);
const jest = spawnSync(
  process.execPath,
  [
    require.resolve("jest/bin/jest"),
    "--selectProjects",
    "e2e",
    // Test files can run at the same time, because each file has its own emulators, ports and directories. The AWS provider waits five
    // seconds after each creation or update of a function, so more files than cores use the machine better.
    `--maxWorkers=${availableParallelism() + 2}`,
    ...process.argv.slice(2).filter((a) => a !== "--required"),
  ],
  // With E2E=required, a test file that needs another program fails if the program is missing (__tests__/browser.ts).
  { cwd: root, stdio: "inherit", env: { ...process.env, ...(required ? { E2E: "required" } : {}) } },
);
process.exit(jest.status ?? 1);
