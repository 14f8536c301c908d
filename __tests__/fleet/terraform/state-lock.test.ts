/** State locks in the output of Terraform and in lock files, also with unexpected content. */
import fc from "fast-check";
import { lockIn, lockInFile, lockTime } from "../../../fleet/terraform/state-lock";

const diagnostic = (summary: string, detail: string): string =>
  JSON.stringify({ "@level": "error", type: "diagnostic", diagnostic: { severity: "error", summary, detail } });

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
  ["messages", diagnostic("Error acquiring the state lock", lockText)],
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
  expect(lockIn(diagnostic("no", "ID: 1"))).toBeUndefined();
});

test("a lock whose file Terraform cannot read has no id", () => {
  const detail =
    "Error message: operation error S3: PutObject, https response error StatusCode: 412\nunexpected end of JSON input";
  expect(lockIn(diagnostic("Error acquiring the state lock", detail))).toMatchObject({ id: undefined });
});

test("a lock that the credentials may not create is not a lock of another holder", () => {
  const detail = "Error message: operation error S3: PutObject, https response error StatusCode: 403, AccessDenied";
  expect(lockIn(diagnostic("Error acquiring the state lock", detail))).toBeUndefined();
});

test("a lock file has the same fields", () => {
  const file = {
    ID: "1fbd9b0c",
    Who: "root@build-7",
    Created: "2026-11-24T05:57:36.12Z",
    Operation: "OperationTypePlan",
  };
  const lock = lockInFile(JSON.stringify(file));
  expect(lock).toEqual({
    id: "1fbd9b0c",
    who: "root@build-7",
    created: "2026-11-24T05:57:36.12Z",
    operation: "OperationTypePlan",
  });
  expect(lockTime(lock)).toBe(lockTime({ ...lock, created: "2026-11-24 05:57:36.12 +0000 UTC" }));
});

test("a lock file with any other content is a lock without an id", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('{"ID":"$(reboot)"}')), (text) => {
      expect(lockInFile(text).id).toBeUndefined();
    }),
  );
});
