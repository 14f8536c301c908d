/** The command `atlantis` and its file. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import type { InstanceConfig } from "../../../config/types";
import { atlantisYaml } from "../../../fleet/rollout/atlantis-yaml";
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
