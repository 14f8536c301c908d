/** The committed lock files of the AWS provider. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { CommandError } from "../../../fleet/output/command-error";
import { committedLock, lockFileOf, readLock } from "../../../fleet/terraform/provider-lock";
import { projectRoot } from "../../../lambda/packaging";

test("provider 5.100 is locked to one version, with the checksums of packages and of unpacked packages", () => {
  const { version, hashes } = readLock(readFileSync(path.join(projectRoot(), lockFileOf("~> 5.100.0")), "utf8"));
  expect(version).toBe("5.100.0");
  expect(hashes.filter((hash) => /^zh:[0-9a-f]{64}$/.test(hash)).length).toBeGreaterThanOrEqual(10);
  expect(hashes.filter((hash) => /^h1:[A-Za-z0-9+/]{43}=$/.test(hash)).length).toBeGreaterThanOrEqual(1);
});

test("a constraint without a lock file is refused with the command that writes the file", () => {
  expect(() => committedLock(">= 6.44, < 7")).toThrow(CommandError);
  expect(() => committedLock(">= 6.44, < 7")).toThrow("npm run fleet -- provider-lock");
});

test("a lock file of another provider is refused", () => {
  expect(() => readLock('provider "registry.terraform.io/hashicorp/random" {\n  version = "1.0.0"\n}')).toThrow(
    "does not lock",
  );
});
