/** Terraform's machine-readable output becomes readable text. */
import { startedCreations, errorsIn, failureText, lockIn } from "../../../fleet/terraform/diagnostics";

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

const lockText = `Error message: operation error S3: PutObject, https response error StatusCode: 412
Lock Info:
  ID:        1fbd9b0c-7c6f-4a5c-8d39-0d4dbb9ec0b6
  Path:      acme/connectpath/terraform.tfstate
  Operation: OperationTypeApply
  Who:       root@build-7
  Version:   1.11.4
  Created:   2026-11-24 05:57:36.12 +0000 UTC
  Info:

Terraform acquires a state lock to protect the state`;

test.each([
  ["messages", lines(error("Error acquiring the state lock", lockText))],
  ["text", `│ Error: Error acquiring the state lock\n│\n${lockText.replaceAll(/^/gm, "│ ")}`],
])("the lock of another holder is read from %s", (_, output) => {
  expect(lockIn(output)).toEqual({
    id: "1fbd9b0c-7c6f-4a5c-8d39-0d4dbb9ec0b6",
    who: "root@build-7",
    created: "2026-11-24 05:57:36.12 +0000 UTC",
    operation: "OperationTypeApply",
  });
});

test("another error has no lock", () => {
  expect(lockIn(lines(error("no", "ID: 1")))).toBeUndefined();
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
