// Orders the test files of a run: files that take minutes start first, so that no worker is alone with one of them at the end. Without the
// durations of an earlier run, Jest would order by file size.
"use strict";
const { default: Sequencer } = require("@jest/test-sequencer");

/** Longest first: unit tests with real waits or many processes, and end-to-end tests with the most commands of Terraform. */
const longest = [
  "fleet/commands/index-command",
  "fleet/checks/preflight/attribute-scan",
  "fleet/commands/preflight",
  "main",
  "docs/shown-commands",
  "fleet/rollout/plan-and-deploy",
  "fleet/commands/wire",
  "fleet/commands/blocked",
  "fleet/commands/coverage",
  "fleet/commands/check",
  "own-environments",
  "scripts/run",
  "lambda/blocked-calls/faults",
  "e2e/interrupted-updates",
  "e2e/drift",
  "e2e/rollout",
  "e2e/faults",
  "e2e/deploy",
  "e2e/random-faults",
  "e2e/recover",
  "e2e/operate",
  "e2e/table-modes",
  "e2e/state-accidents",
  "e2e/walkthrough",
  "e2e/adopt-existing",
  "e2e/release",
  "e2e/waves",
  "e2e/interrupted-index",
  "e2e/emulators",
].map((name) => `/__tests__/${name}.test.ts`);

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = longest.findIndex((name) => path.replaceAll("\\", "/").endsWith(name));
      return at < 0 ? longest.length : at;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
