/** Terraform's machine-readable output becomes readable text. */
import { startedCreations, errorsIn, failureText, workStart } from "../../../fleet/terraform/diagnostics";

const lines = (...messages: readonly object[]): string => messages.map((message) => JSON.stringify(message)).join("\n");
const error = (summary: string, detail = "", address?: string): object => ({
  "@level": "error",
  type: "diagnostic",
  diagnostic: { severity: "error", summary, detail, ...(address === undefined ? {} : { address }) },
});

test("errors have their address and appear once; warnings are left out", () => {
  const output = lines(
    { type: "version" },
    error("no", "because", "aws_iam_role.one"),
    error("no", "because", "aws_iam_role.one"),
    { diagnostic: { severity: "warning", summary: "old" } },
  );
  expect(failureText(output)).toBe("aws_iam_role.one: no\n  because");
  expect(errorsIn(output)).toHaveLength(1);
});

test("output without messages is the error text, for example if Terraform cannot start", () => {
  expect(failureText("Error: no such option\n\n")).toBe("Error: no such option");
  expect(failureText("")).toContain("without an error message");
  expect(failureText('{"cut": ')).toContain("without an error message");
});

test("phone numbers in the output of Terraform are redacted", () => {
  expect(failureText(lines(error("exempt +15555550101 is wrong")))).toBe("exempt +1••••••••01 is wrong");
});

test("the advice of Terraform about locks and unsaved states is left out", () => {
  const detail = 'Error message: expired\n\nIn this scenario, please call the "force-unlock" command';
  expect(failureText(lines(error("Error releasing the state lock", detail)))).toBe(
    "Error releasing the state lock\n  Error message: expired",
  );
});

const at = (seconds: number, message: object): object => ({
  "@timestamp": `2026-11-24T05:57:0${seconds}Z`,
  ...message,
});

test("the work of a run starts with its first message after the version", () => {
  const version = at(1, { type: "version" });
  expect(workStart(lines(version, at(4, { type: "planned_change" }), at(5, { type: "apply_start" })))).toBe(
    Date.parse("2026-11-24T05:57:04Z"),
  );
  expect(workStart(lines(version, at(2, error("Error acquiring the state lock"))))).toBeUndefined();
  expect(workStart("")).toBeUndefined();
});

test("messages about taking and releasing the state lock are no work of a run", () => {
  const version = at(1, { type: "version" });
  const acquire = at(2, { type: "state_lock_acquire" });
  const release = at(8, { type: "state_lock_release" });
  expect(workStart(lines(version, acquire, at(6, { type: "planned_change" }), release))).toBe(
    Date.parse("2026-11-24T05:57:06Z"),
  );
  expect(workStart(lines(version, acquire, at(7, error("Error acquiring the state lock")), release))).toBeUndefined();
  expect(workStart(lines(version, acquire))).toBeUndefined();
});

test("the started creations have their ids; refused creations and updates are left out", () => {
  const hook = (addr: string, action: string, id_value?: string): object => ({ resource: { addr }, action, id_value });
  const output = lines(
    { type: "apply_start", hook: hook("a.one", "create") },
    { type: "apply_start", hook: hook("a.two", "create") },
    { type: "apply_start", hook: hook("a.three", "create") },
    { type: "apply_start", hook: hook("a.four", "update") },
    { type: "apply_complete", hook: hook("a.one", "create", "id-1") },
    { type: "apply_errored", hook: hook("a.three", "create") },
  );
  expect(startedCreations(`${output}\n{"type":"apply_comp`)).toEqual([
    { address: "a.one", id: "id-1" },
    { address: "a.two", id: undefined },
  ]);
});
