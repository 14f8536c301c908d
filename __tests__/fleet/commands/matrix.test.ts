/** The selection as jobs for GitHub Actions, and as projects for Atlantis. */
import fc from "fast-check";
import { parse } from "yaml";
import type { InstanceConfig } from "../../../config/types";
import { atlantisYaml } from "../../../fleet/commands/atlantis";
import { jobsOf } from "../../../fleet/commands/matrix";
import { validYaml } from "../../config/environment-files";
import { sampleInstance } from "../../stacks/sample-instance";
import { runFleet } from "../run-fleet";

jest.setTimeout(60_000);

const instance = (environment: string, n: number, region = "us-east-1", wave = 0): InstanceConfig => ({
  ...sampleInstance,
  environment,
  region,
  stackName: `${environment}-acme-${n}-${region}`,
  wave: { name: `wave-${wave}`, index: wave },
});

const stacksOf = (select: string): string[] => select.replace("stack=", "").split(",");

test("matrix prints what fromJSON takes, with a selection that the other commands take", async () => {
  const { exitCode, stdout } = await runFleet(["matrix", "env=dev"], { "dev.yaml": validYaml });
  expect(exitCode).toBe(0);
  const { include } = JSON.parse(stdout) as { include: { name: string; environment: string; select: string }[] };
  expect(include).toEqual([{ name: "dev", environment: "dev", select: "stack=dev-acme-us-east-1" }]);
  const listed = await runFleet(["list", "--json", include[0]?.select ?? ""], { "dev.yaml": validYaml });
  expect(JSON.parse(listed.stdout)).toHaveLength(1);
});

test.each(["0", "many", "-3", "12345"])("--size %s is refused with what is allowed", async (size) => {
  const { exitCode, stderr } = await runFleet(["matrix", `--size=${size}`], { "dev.yaml": validYaml });
  expect(exitCode).toBe(1);
  expect(stderr).toContain("from 1 to 9999");
});

test("for any fleet every stack is in exactly one job, of its environment and within the size, under a name of its own", () => {
  const fleets = fc.array(fc.tuple(fc.constantFrom("dev", "prod"), fc.constantFrom("us-east-1", "eu-west-1")), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(fleets, fc.integer({ min: 1, max: 9 }), (placed, size) => {
      const fleet = placed.map(([environment, region], n) => instance(environment, n, region));
      const jobs = jobsOf(fleet, size);
      expect(jobs.flatMap(({ select }) => stacksOf(select)).sort()).toEqual(
        fleet.map(({ stackName }) => stackName).sort(),
      );
      for (const { select, environment } of jobs) {
        expect(stacksOf(select).length).toBeLessThanOrEqual(size);
        for (const stack of stacksOf(select)) expect(stack.startsWith(`${environment}-`)).toBe(true);
      }
      expect(new Set(jobs.map(({ name }) => name)).size).toBe(jobs.length);
    }),
  );
});

test("stacks of one region share a job, though the file mixes them", () => {
  const fleet = [
    instance("dev", 1),
    instance("dev", 2, "eu-west-1"),
    instance("dev", 3),
    instance("dev", 4, "eu-west-1"),
  ];
  expect(jobsOf(fleet, 2).map(({ select }) => stacksOf(select).map((stack) => stack.slice(-9)))).toEqual([
    ["us-east-1", "us-east-1"],
    ["eu-west-1", "eu-west-1"],
  ]);
});

test("atlantis.yaml has a project for each wave, in the order of the waves, and plans through the guard", () => {
  const text = atlantisYaml([
    instance("prod", 1, "us-east-1", 1),
    instance("prod", 2),
    instance("dev", 3, "us-east-1", 4),
  ]);
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
  expect(apply?.steps[0]?.run).toContain("fleet -- deploy");
});
