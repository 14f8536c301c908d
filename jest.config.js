// Two test projects: `unit` needs only Node.js; `e2e` also needs terraform and moto_server. __tests__/e2e/run.js checks that both are
// installed.
"use strict";
const { mkdtempSync, rmSync } = require("node:fs");
const { availableParallelism, tmpdir } = require("node:os");
const path = require("node:path");

// Test files share here what each of them would otherwise build. Workers inherit the variable.
if (process.env.TEST_RUN_DIRECTORY === undefined) {
  const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-tests-"));
  process.env.TEST_RUN_DIRECTORY = directory;
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
}

// Without this variable, the AWS SDK prints a warning about the end of Node.js 20 in every test file.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = "true";

// Without this variable, the output of commands depends on the date.
process.env.END_OF_SUPPORT_WARNINGS = "off";

const shared = {
  testEnvironment: "node",
  setupFiles: ["<rootDir>/__tests__/omit-creation-stack-traces.ts", "<rootDir>/__tests__/property-test-seed.ts"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // Jest looks up each use of a global in the sandbox of the test file, which takes much of the time of tests that call the AWS SDK often.
  // These globals become parameters of each module. A module that declares one of the names itself fails with a SyntaxError.
  sandboxInjectedGlobals: ["Array", "JSON", "Map", "Math", "Object", "Set"],
  modulePathIgnorePatterns: ["<rootDir>/build/", "<rootDir>/cdktf.out/"],
};

module.exports = {
  // A busy machine must not fail a test. Each wait in a test has its own limit.
  testTimeout: 60_000,
  // One more worker than cores, because some tests wait for the pauses of commands that limit their requests.
  maxWorkers: availableParallelism() + 1,
  testSequencer: "<rootDir>/__tests__/longest-first.js",
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/__tests__/**/*.test.ts"],
      testPathIgnorePatterns: ["/node_modules/", "<rootDir>/__tests__/e2e/"],
    },
    { ...shared, displayName: "e2e", testMatch: ["<rootDir>/__tests__/e2e/**/*.test.ts"] },
  ],
};
