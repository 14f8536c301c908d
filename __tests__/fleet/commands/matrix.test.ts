/** The command `matrix`. */
import fc from "fast-check";
import type { InstanceConfig } from "../../../config/types";
import { matrixJobs } from "../../../fleet/plans/matrix-jobs";
import { validYaml } from "../../config/environment-files";
import { sampleInstance } from "../../stacks/sample-instance";
import { runFleet } from "../run-fleet";

jest.setTimeout(60_000);

const instance = (environment: string, n: number, region = "us-east-1"): InstanceConfig => ({
  ...sampleInstance,
  environment,
  region,
  stackName: `${environment}-acme-${n}-${region}`,
});

const stacksOf = (select: string): string[] => select.replace("stack=", "").split(",");

test("matrix prints JSON for fromJSON, and each job has a selection that other commands accept", async () => {
  const { exitCode, stdout } = await runFleet(["matrix", "env=dev"], { "dev.yaml": validYaml });
  expect(exitCode).toBe(0);
  const { include } = JSON.parse(stdout) as {
    include: { name: string; environment: string; stage: number; select: string }[];
  };
  expect(include).toEqual([{ name: "dev", environment: "dev", stage: 1, select: "stack=dev-acme-us-east-1" }]);
  const listed = await runFleet(["list", "--json", include[0]?.select ?? ""], { "dev.yaml": validYaml });
  expect(JSON.parse(listed.stdout)).toHaveLength(1);
});

test("each job names the stage of its environment", async () => {
  const { stdout } = await runFleet(["matrix", "--per-environment"], {
    "dev.yaml": validYaml,
    "prod.yaml": `stage: 3\n${validYaml.replace("name: acme", "name: other").replace(/0f0e/, "1f0e")}`,
  });
  const { include } = JSON.parse(stdout) as { include: { environment: string; stage: number }[] };
  expect(include.map(({ environment, stage }) => [environment, stage])).toEqual([
    ["dev", 1],
    ["prod", 3],
  ]);
});

test.each(["0", "many", "-3", "12345"])("--size %s is refused with the allowed range and the default", async (size) => {
  const { exitCode, stderr } = await runFleet(["matrix", `--size=${size}`], { "dev.yaml": validYaml });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`--size "${size}" is not allowed. Give a whole number from 1 to 9999. Default: 20.`);
});

test("every stack is in exactly one job of its environment, within the size and with a unique name", () => {
  const fleets = fc.array(fc.tuple(fc.constantFrom("dev", "prod"), fc.constantFrom("us-east-1", "eu-west-1")), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(fleets, fc.integer({ min: 1, max: 9 }), (placed, size) => {
      const fleet = placed.map(([environment, region], n) => instance(environment, n, region));
      const jobs = matrixJobs(fleet, size);
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

test("stacks of one region share a job, even if the file mixes regions", () => {
  const fleet = [
    instance("dev", 1),
    instance("dev", 2, "eu-west-1"),
    instance("dev", 3),
    instance("dev", 4, "eu-west-1"),
  ];
  expect(matrixJobs(fleet, 2).map(({ select }) => stacksOf(select).map((stack) => stack.slice(-9)))).toEqual([
    ["us-east-1", "us-east-1"],
    ["eu-west-1", "eu-west-1"],
  ]);
});
