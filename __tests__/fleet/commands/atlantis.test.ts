/** The command `atlantis` and its file. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import type { InstanceConfig } from "../../../config/types";
import { journalName } from "../../../fleet/rollout/journal";
import { atlantisYaml } from "../../../fleet/rollout/atlantis-yaml";
import { planFileName } from "../../../fleet/terraform/plan-file";
import { validYaml } from "../../config/environment-files";
import { sampleInstance } from "../../stacks/sample-instance";
import { runFleet } from "../run-fleet";

jest.setTimeout(60_000);

const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-atlantis-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});

const more = `  - { name: other, id: 1f0e0d0c-1b1a-4918-8716-151413121110 }
  - { name: asleep, id: 2f0e0d0c-1b1a-4918-8716-151413121110, suspended: true }
`;
const files = { "dev.yaml": validYaml + more };

async function written(...selection: string[]): Promise<string> {
  const file = path.join(scratch, "atlantis.yaml");
  const { exitCode, stderr } = await runFleet(["atlantis", "--out", file, ...selection], files);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return readFileSync(file, "utf8");
}

test("each project plans only the selected stacks of its wave", async () => {
  expect(await written("instance!=other")).toContain("echo 'env=dev wave=all instance!=other' ;;");
  expect(await written()).toContain("echo 'env=dev wave=all' ;;");
  expect(await written("env=dev wave=all instance!=other")).toContain("echo 'env=dev wave=all instance!=other' ;;");
  expect(await written("ENV=dev")).toContain("echo 'env=dev wave=all' ;;");
});

test("the file is deterministic and leaves out suspended instances", async () => {
  const first = await written();
  expect(await written()).toBe(first);
  expect(first).not.toContain("status=");
});

const instance = (environment: string, n: number, wave: number): InstanceConfig => ({
  ...sampleInstance,
  environment,
  stackName: `${environment}-acme-${n}`,
  wave: { name: `wave-${wave}`, index: wave },
});

test("atlantis.yaml has a project for each wave, in order, and plans and deploys with fleet", () => {
  const text = atlantisYaml([instance("prod", 1, 1), instance("prod", 2, 0), instance("dev", 3, 4)]);
  const { version, projects, workflows } = parse(text) as {
    version: number;
    projects: { name: string; execution_order_group: number; apply_requirements: string[] }[];
    workflows: Record<string, Record<"plan" | "apply", { steps: { run: string }[] }>>;
  };
  expect(version).toBe(3);
  expect(projects.map(({ name, execution_order_group }) => [name, execution_order_group])).toEqual([
    ["prod-wave-0", 0],
    ["prod-wave-1", 1],
    ["dev-wave-4", 0],
  ]);
  for (const { apply_requirements } of projects) expect(apply_requirements).toContain("approved");
  const { plan, apply } = workflows["call-blocking"] ?? {};
  expect(plan?.steps[0]?.run).toContain("prod-wave-1) echo 'env=prod wave=wave-1' ;;");
  expect(plan?.steps[0]?.run).toContain("fleet -- plan");
  expect(plan?.steps[0]?.run).toContain("--plans build/plans-$PROJECT_NAME");
  expect(apply?.steps[0]?.run).toContain("fleet -- deploy");
});

test("Atlantis applies the stages of the environments in order, and the waves in each stage", () => {
  const late = { ...instance("prod", 1, 0), stage: 2 };
  const text = atlantisYaml([
    late,
    { ...instance("prod", 2, 1), stage: 2 },
    instance("dev", 3, 0),
    instance("test", 4, 2),
  ]);
  const { projects } = parse(text) as { projects: { name: string; execution_order_group: number }[] };
  expect(Object.fromEntries(projects.map(({ name, execution_order_group }) => [name, execution_order_group]))).toEqual({
    "dev-wave-0": 0,
    "test-wave-2": 0,
    "prod-wave-0": 1,
    "prod-wave-1": 2,
  });
});

describe("with Atlantis's rules for plan files", () => {
  const project = "dev-wave-0";
  const { workflows } = parse(atlantisYaml([instance("dev", 1, 0)])) as {
    workflows: Record<string, Record<"plan" | "apply", { steps: { run: string }[] }>>;
  };

  /** A clone with a stub of fleet, which logs its arguments and ends with the exit code. */
  function clone(): { readonly run: (step: "plan" | "apply", exitCode: number) => number | null; directory: string } {
    const directory = mkdtempSync(path.join(scratch, "clone-"));
    const stubs = mkdtempSync(path.join(scratch, "stubs-"));
    mkdirSync(path.join(directory, `build/plans-${project}/cdktf.out/stacks/dev`), { recursive: true });
    writeFileSync(path.join(directory, ".gitignore"), "build/\n");
    for (const name of ["review.json", `cdktf.out/stacks/dev/${planFileName}`])
      writeFileSync(path.join(directory, `build/plans-${project}`, name), "{}");
    spawnSync("git", ["init", "-q"], { cwd: directory });
    writeFileSync(path.join(stubs, "npm"), '#!/bin/sh\necho "$@" >> build/calls\nexit $CODE\n', { mode: 0o755 });
    return {
      directory,
      // Atlantis runs each step with sh -c: server/core/runtime/run_step_runner.go
      run: (step, exitCode) =>
        spawnSync("sh", ["-c", workflows["call-blocking"]?.[step].steps[0]?.run ?? "exit 99"], {
          cwd: directory,
          env: {
            PATH: `${stubs}:${process.env["PATH"] ?? ""}`,
            PROJECT_NAME: project,
            PLANFILE: path.join(directory, `${project}-default.tfplan`),
            CODE: String(exitCode),
          },
        }).status,
    };
  }

  /** The plan files that `atlantis apply` finds: server/events/pending_plan_finder.go. It also finds ignored files. */
  const foundPlans = (directory: string): readonly string[] =>
    spawnSync("git", ["ls-files", ".", "--others"], { cwd: directory, encoding: "utf8" })
      .stdout.split("\n")
      .filter((file) => path.extname(file) === ".tfplan");

  test.each([
    ["a plan with changes is found, and nothing else", 2, 0, [`${project}-default.tfplan`]],
    ["a plan without changes is not found", 0, 0, []],
    ["a refused plan is not found", 3, 3, []],
  ])("%s", (_, exitCode, expected, found) => {
    const { run, directory } = clone();
    expect(run("plan", exitCode)).toBe(expected);
    expect(foundPlans(directory)).toEqual(found);
  });

  test("a new plan without changes removes the earlier plan file", () => {
    const { run, directory } = clone();
    run("plan", 2);
    expect(run("plan", 0)).toBe(0);
    expect(foundPlans(directory)).toEqual([]);
  });

  test("an apply that fails keeps the plan file, and the next apply resumes and removes the file", () => {
    const { run, directory } = clone();
    run("plan", 2);
    expect(run("apply", 1)).toBe(1);
    expect(foundPlans(directory)).toHaveLength(1);
    writeFileSync(path.join(directory, `build/plans-${project}`, journalName), "");
    expect(run("apply", 0)).toBe(0);
    expect(foundPlans(directory)).toEqual([]);
    const [, first, second] = readFileSync(path.join(directory, "build/calls"), "utf8").trim().split("\n");
    expect(first).toMatch(/deploy env=dev wave=wave-0 --plans build\/plans-dev-wave-0$/);
    expect(second).toMatch(/deploy env=dev wave=wave-0 --plans build\/plans-dev-wave-0 --resume$/);
    expect(existsSync(path.join(directory, `${project}-default.tfplan`))).toBe(false);
  });
});
