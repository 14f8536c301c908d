/** Runs the tests of the packaged functions on the Node.js version of a Lambda runtime. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";

/**
 * Defines the tests of the packaged functions. Without the Node.js binary (`npm --prefix bench/cdktn ci`, on Linux), the tests are skipped:
 * the same tests also run on the Node.js version of the test process.
 *
 * @param major Node.js version of the runtime, such as 24 for nodejs24.x
 */
export function testPackagesOn(major: number): void {
  const node = path.join(projectRoot(), `bench/cdktn/node_modules/node-${major}/bin/node`);
  const describeIfInstalled = existsSync(node) ? describe : describe.skip;
  describeIfInstalled(`on Node.js ${major}`, () => {
    beforeAll(() => {
      process.env["LAMBDA_NODE"] = node;
    });
    afterAll(() => {
      delete process.env["LAMBDA_NODE"];
    });

    test("the binary has this version", () => {
      expect(execFileSync(node, ["--version"], { encoding: "utf8" })).toMatch(new RegExp(`^v${major}\\.`));
    });

    for (const name of ["blocked-calls/packaged", "canary/canary"]) {
      describe(name, () => {
        jest.requireActual(`./${name}.test`);
      });
    }
  });
}
