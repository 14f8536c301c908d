/** The position in an interrupted list. */
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Position } from "../../../../fleet/checks/blocked/position";

const before = process.cwd();
const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-position-"));
beforeAll(() => {
  process.chdir(directory);
});
afterAll(() => {
  process.chdir(before);
  rmSync(directory, { recursive: true });
});

const file = path.join("build", "blocked", "position.json");

test("a position continues after its number, is private, and belongs to one request", () => {
  new Position("request", false).save("stack", "+15555550101");
  expect(statSync(file).mode & 0o77).toBe(0);
  const continued = new Position("request", true);
  expect(continued.of("stack")).toEqual({ after: "+15555550101" });
  expect(continued.of("__proto__")).toEqual({});
  expect(() => new Position("another request", true)).toThrow("another selection or other options");
  continued.save("stack", null);
  expect(new Position("request", true).of("stack")).toBe("complete");
});

test("a new list discards the position of an older list before its first line", () => {
  new Position("request", false).save("stack", "+15555550101");
  new Position("request", false);
  expect(existsSync(file)).toBe(false);
  expect(() => new Position("request", true)).toThrow("There is no interrupted list");
});
