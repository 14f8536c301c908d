/** The journal of a deployment has the status of each stack, even if the process died while writing. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { interruptedStacks, Journal, readStatuses } from "../../../fleet/rollout/journal";
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

test("a stack without a result of its apply is interrupted, and its process id is known", () => {
  const name = written(applying, { stack: "a", event: "process", pid: 7 }, { stack: "b", event: "applied" });
  expect(readStatuses(name).get("a")).toMatchObject({ state: "applying", pid: 7, creates: ["aws_iam_role.x"] });
  expect(interruptedStacks(name)).toEqual(["a"]);
});

test("the last event of a stack determines its status", () => {
  const name = written(applying, { stack: "a", event: "failed", step: "apply" }, applying, {
    stack: "a",
    event: "applied",
  });
  expect(readStatuses(name).get("a")).toEqual({ state: "applied" });
  expect(interruptedStacks(name)).toEqual([]);
});

test("a missing journal is empty", () => {
  expect(readStatuses(path.join(directory, "none")).size).toBe(0);
});

test("a resumed deployment appends to the journal", () => {
  const name = written(applying);
  const journal = new Journal(name);
  journal.write({ stack: "a", event: "verified" });
  journal.close();
  expect(readStatuses(name).get("a")).toEqual({ state: "verified" });
});

test("an incomplete last line does not hide earlier lines", () => {
  const whole = written(applying, { stack: "b", event: "verified" });
  const text = readFileSync(whole, "utf8");
  const last = JSON.stringify({ stack: "b", event: "failed", step: "verify", at: "2026-11-24T00:00:00.000Z" });
  fc.assert(
    fc.property(fc.nat(last.length - 1), (length) => {
      const name = path.join(directory, `${count++}`);
      appendFileSync(name, text + last.slice(0, length));
      expect(interruptedStacks(name)).toEqual(["a"]);
      expect(readStatuses(name).get("b")).toEqual({ state: "verified" });
    }),
    { numRuns: 40 },
  );
});
