/** Saved results of slow commands: they are found again, and a file that does not fit is never used. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { savedCoverage } from "../../../fleet/checks/coverage/saved-coverage";

const before = process.cwd();
const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-results-"));
beforeAll(() => {
  process.chdir(directory);
});
afterAll(() => {
  process.chdir(before);
  rmSync(directory, { recursive: true });
});

const owner = { stackName: "dev-acme-us-east-1", instanceId: "0f0e0d0c-1b1a-4918-8716-151413121110" };
const counts = { protected: 3, notProtected: 1, unknown: 0 };
const file = path.join("build", "results", "coverage", "dev-acme-us-east-1.json");

test("the last result is found with its time", () => {
  savedCoverage.save(owner, { ...counts, protected: 2 });
  savedCoverage.save(owner, counts);
  const { checkedAt, ...found } = savedCoverage.last(owner) ?? { checkedAt: "" };
  expect(found).toEqual(counts);
  expect(Math.abs(Date.now() - Date.parse(checkedAt))).toBeLessThan(60_000);
});

test("a stack without a result, and a stack with another Connect instance, have none", () => {
  expect(savedCoverage.last({ ...owner, stackName: "dev-other-us-east-1" })).toBeUndefined();
  expect(savedCoverage.last({ ...owner, instanceId: "10000000-1b1a-4918-8716-151413121110" })).toBeUndefined();
});

test("a damaged file is no result", () => {
  savedCoverage.save(owner, counts);
  const whole = readFileSync(file, "utf8").trim();
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), (length) => {
      writeFileSync(file, whole.slice(0, length));
      expect(savedCoverage.last(owner)).toBeUndefined();
    }),
  );
  writeFileSync(file, whole.replace('"protected":3', '"protected":-3'));
  expect(savedCoverage.last(owner)).toBeUndefined();
});

test("a directory that cannot be written is no error", () => {
  const other = { ...owner, stackName: "not/a/directory" };
  writeFileSync(path.join("build", "results", "coverage", "not"), "");
  expect(() => {
    savedCoverage.save(other, counts);
  }).not.toThrow();
});
