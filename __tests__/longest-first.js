// Orders the test files of a run: files that take minutes start first, so that no worker is alone with one of them at the end. Without the
// durations of an earlier run, Jest would order by file size.
"use strict";
const { default: Sequencer } = require("@jest/test-sequencer");

/** The unit tests with real waits and with many processes, and the end-to-end tests with the most commands of Terraform, longest first. */
const longest = [
  ...[
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
  ].map((name) => `/__tests__/${name}.test.ts`),
  ...[
    "interrupted-updates",
    "drift",
    "rollout",
    "faults",
    "deploy",
    "random-faults",
    "recover",
    "operate",
    "table-modes",
    "state-accidents",
    "walkthrough",
    "adopt-existing",
    "release",
    "waves",
    "interrupted-index",
    "emulators",
  ].map((name) => `/__tests__/e2e/${name}.test.ts`),
];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = longest.findIndex((name) => path.replaceAll("\\", "/").endsWith(name));
      return at < 0 ? longest.length : at;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
};
