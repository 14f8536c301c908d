/** A full disk, a read-only checkout, an unusable cache, a version manager without a version: a message instead of a stack trace. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { projectRoot } from "../../lambda/packaging";
import { AwsError, startAwsStub } from "./aws-answers";
import type { AwsStub } from "./aws-answers";
import { commandLineProgram } from "./command-line-program";
import { createFakeProject } from "./rollout/fake-project";
import type { FakeProject } from "./rollout/fake-project";

jest.setTimeout(600_000);

const trace = /\n {4}at /;

let aws: AwsStub;
let project: FakeProject;
beforeAll(async () => {
  aws = await startAwsStub();
  aws.answers = { "dynamodb:DescribeTable": new AwsError("AccessDeniedException", "no") };
  project = createFakeProject({ AWS_ENDPOINT_URL: process.env["AWS_ENDPOINT_URL"] ?? "" });
});
afterAll(async () => {
  project.remove();
  await aws.close();
});

/** Runs the command line in a mount namespace of its own, after a shell command that prepares the project. */
function runPrepared(
  prepare: string,
  ...args: readonly string[]
): { readonly exitCode: number | null; readonly output: string } {
  const script = `${prepare} && exec "$0" ${commandLineProgram()} ${args.join(" ")}`;
  const { status, stdout, stderr } = spawnSync("unshare", ["-rm", "sh", "-c", script, process.execPath], {
    cwd: project.directory,
    encoding: "utf8",
    env: {
      PATH: `${project.directory}/bin:${process.env["PATH"] ?? ""}`,
      HOME: project.directory,
      CI: "true",
      AWS_EC2_METADATA_DISABLED: "true",
    },
  });
  return { exitCode: status, output: stdout + stderr };
}

// Some systems do not let users mount anything.
const canMount = spawnSync("unshare", ["-rm", "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]).status === 0;
const withMounts = canMount ? test : test.skip;

withMounts.each([0, 4, 16, 64, 128])("a disk with %s kB free space is reported", (size) => {
  mkdirSync(path.join(project.directory, "build/plans"), { recursive: true });
  const full = `mount -t tmpfs -o size=${size + 4}k,mode=700 tmpfs build/plans && { head -c 4k /dev/zero > build/plans/other; true; }`;
  const { exitCode, output } = runPrepared(
    size === 0 ? `${full} && { cat /dev/zero > build/plans/rest; true; } 2>&-` : full,
    "plan",
  );
  expect(output).not.toMatch(trace);
  expect(exitCode).toBe(1);
  if (size === 0) expect(output).toContain("the disk is full (ENOSPC");
});

withMounts("a read-only checkout is reported", () => {
  const { exitCode, output } = runPrepared("mount --bind . . && mount -o remount,bind,ro . && cd .", "plan");
  expect(output).toMatch(/build\/plans\S* cannot be used.*EROFS/);
  expect(output).not.toMatch(trace);
  expect(exitCode).toBe(1);
});

test("a provider cache that is not a directory is reported", async () => {
  rmSync(path.join(project.directory, "build/terraform-plugins"), { recursive: true, force: true });
  project.write("build/terraform-plugins", "a file");
  const { exitCode, output } = await project.run("plan");
  rmSync(path.join(project.directory, "build/terraform-plugins"));
  expect(output).toMatch(
    /build\/terraform-plugins\S* cannot be used: a file is in the place of a directory \(ENOTDIR, mkdir\)\./,
  );
  expect(output).not.toMatch(trace);
  expect(exitCode).toBe(1);
});

test("an output on a full disk is reported", async () => {
  const child = spawn(process.execPath, [commandLineProgram(), "list"], {
    cwd: project.directory,
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const exitCode = await new Promise((resolve) => child.once("close", resolve));
  expect(stderr).toContain("the disk is full (ENOSPC, write)");
  expect(stderr).not.toMatch(trace);
  expect(exitCode).toBe(1);
});

test("a version manager without a selected version is reported with its own message", async () => {
  const file = path.join(project.directory, "bin/terraform");
  const terraform = readFileSync(file, "utf8");
  const message = "Version could not be resolved (set by /home/ann/.tfenv/version or tfenv use <version>)";
  writeFileSync(file, `#!/bin/sh\necho '${message}' >&2\nexit 1\n`);
  chmodSync(file, 0o755);
  const { exitCode, output } = await project.runHere("plan");
  writeFileSync(file, terraform);
  expect(output).toContain(`terraform version failed with exit code 1:\n  ${message}\n`);
  expect(output).toContain("tfenv install && tfenv use");
  expect(exitCode).toBe(1);
});

test.each(["fleet/main.ts", "sandbox/main.ts"])(
  "a reader that closes the pipe early ends %s quietly",
  async (entry) => {
    const child = spawn(process.execPath, ["scripts/run.js", entry, ...(entry.startsWith("fleet") ? ["--help"] : [])], {
      cwd: projectRoot(),
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const exitCode = await new Promise((resolve) => child.once("close", resolve));
    expect(stderr).not.toMatch(trace);
    expect(exitCode).toBe(0);
  },
);
