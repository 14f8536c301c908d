/** A deployment's journal tells where each stack stands, also when the process died while it wrote. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { interruptedIn, Journal, standings } from "../../../fleet/rollout/journal";
import type { Event } from "../../../fleet/rollout/journal";

const directory = mkdtempSync(path.join(tmpdir(), "call-blocking-journal-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});
let count = 0;

function written(...events: readonly Event[]): string {
  const name = path.join(directory, `${count++}`);
  const journal = new Journal(name);
  for (const event of events) journal.write(event);
  journal.close();
  return name;
}

const applying: Event = { stack: "a", event: "applying", creates: ["aws_iam_role.x"] };

test("a stack in the middle of whose apply the journal ends is interrupted, and its process is known", () => {
  const name = written(applying, { stack: "a", event: "process", pid: 7 }, { stack: "b", event: "applied" });
  expect(standings(name).get("a")).toMatchObject({ state: "applying", pid: 7, creates: ["aws_iam_role.x"] });
  expect(interruptedIn(name)).toEqual(["a"]);
});

test("the last thing that happened counts", () => {
  const name = written(applying, { stack: "a", event: "failed", step: "apply" }, applying, {
    stack: "a",
    event: "applied",
  });
  expect(standings(name).get("a")).toEqual({ state: "applied" });
  expect(interruptedIn(name)).toEqual([]);
});

test("a journal that was never begun is empty", () => {
  expect(standings(path.join(directory, "none")).size).toBe(0);
});

test("a resumed deployment writes on", () => {
  const name = written(applying);
  const journal = new Journal(name);
  journal.write({ stack: "a", event: "verified" });
  journal.close();
  expect(standings(name).get("a")).toEqual({ state: "verified" });
});

test("wherever the last line is cut, what was written before it is known", () => {
  const whole = written(applying, { stack: "b", event: "verified" });
  const text = readFileSync(whole, "utf8");
  const last = JSON.stringify({ stack: "b", event: "failed", step: "verify", at: "2026-11-24T00:00:00.000Z" });
  fc.assert(
    fc.property(fc.nat(last.length - 1), (length) => {
      const name = path.join(directory, `${count++}`);
      appendFileSync(name, text + last.slice(0, length));
      expect(interruptedIn(name)).toEqual(["a"]);
      expect(standings(name).get("b")).toEqual({ state: "verified" });
    }),
    { numRuns: 40 },
  );
});
