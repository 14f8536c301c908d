/** Runs the tests of the packaged function on the Node.js version of a Lambda runtime. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";

/**
 * Defines the tests of the packaged function. Without the Node.js binary (`npm --prefix bench/cdktn ci`, on Linux), the tests are skipped:
 * the same tests also run on the Node.js version of the test process.
 *
 * @param major Node.js version of the runtime, such as 24 for nodejs24.x
 */
export function testPackageOn(major: number): void {
  const node = path.join(projectRoot(), `bench/cdktn/node_modules/node-${major}/bin/node`);
  const describeIfInstalled = existsSync(node) ? describe : describe.skip;
  // The function limits its connections in time, and a busy machine can exceed the limits. An error of the runtime occurs in every attempt.
  jest.retryTimes(2);
  // The emulated runtime starts this binary.
  process.env["LAMBDA_NODE"] = node;

  describeIfInstalled(`on Node.js ${major}`, () => {
    test("the binary has this version", () => {
      expect(execFileSync(node, ["--version"], { encoding: "utf8" })).toMatch(new RegExp(`^v${major}\\.`));
    });
    jest.requireActual("./blocked-calls/packaged.test");
  });
}
