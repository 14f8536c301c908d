/** Any mutated environment file either loads as valid configuration or is refused with readable problems. */
import fc from "fast-check";
import { EnvironmentErrors, formatProblem } from "../../config/problems";
import type { InstanceConfig } from "../../config/types";
import { load } from "./environment-files";
import type { Files } from "./environment-files";
import { environment, mutated } from "./mutated-yaml";

const defaults = `region: eu-west-2
function: { memoryMb: 256 }
tags: { owner: nobody }
`;

test("the file is valid before it is mutated", () => {
  expect(load({ "prod.yaml": environment, "defaults.yaml": defaults })).toHaveLength(2);
});

/** Returns the instances, or none if the files are refused with readable problems. Every other result fails the test. */
function loadOrRefuse(files: Files): readonly InstanceConfig[] {
  try {
    const instances = load(files);
    for (const instance of instances) expectValid(instance);
    expectWavesWithoutGaps(instances);
    return instances;
  } catch (error) {
    if (!(error instanceof EnvironmentErrors)) throw error;
    expectReadable(error, files);
    return [];
  }
}

/** Spot checks that do not use the schema. */
function expectValid(instance: InstanceConfig): void {
  expect(instance.account).toMatch(/^\d{12}$/);
  expect(instance.stackName).toBe(`${instance.environment}-${instance.name}-${instance.region}`);
  expect(instance.instanceArn.split(":")).toEqual([
    "arn",
    instance.partition,
    "connect",
    instance.region,
    instance.account,
    `instance/${instance.instanceId}`,
  ]);
  expect(instance.instanceId).toHaveLength(36);
  expect(instance.blockedDispositions.every((name) => name !== "" && name === name.trim())).toBe(true);
  expect(instance.lookup.budgetMs + 500).toBeLessThanOrEqual(instance.lookup.flowTimeLimitSeconds * 1000);
  expect(instance.function.roleName.length).toBeLessThanOrEqual(64);
  const tagKeys = Object.keys(instance.tags);
  expect(tagKeys.length).toBeLessThanOrEqual(50);
  expect(new Set(tagKeys.map((name) => name.toLowerCase())).size).toBe(tagKeys.length);
  expect(tagKeys.filter((name) => /^aws:/i.test(name))).toEqual([]);
  expect(Object.values(instance.tags).every((value) => typeof value === "string" && value !== "")).toBe(true);
  expect(JSON.stringify(instance)).not.toMatch(/[\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/);
  expect(JSON.parse(JSON.stringify(instance))).toEqual(instance);
}

function expectWavesWithoutGaps(instances: readonly InstanceConfig[]): void {
  const waves = new Map(instances.map(({ wave }) => [wave.index, wave.name]));
  expect([...waves.keys()].sort((a, b) => a - b)).toEqual([...waves.keys()].map((_, index) => index));
  expect(new Set(waves.values()).size).toBe(waves.size);
  expect(new Set(instances.map(({ wave }) => JSON.stringify(wave))).size).toBe(waves.size);
}

function expectReadable(errors: EnvironmentErrors, files: Files): void {
  expect(errors.problems.length).toBeGreaterThan(0);
  expect(errors.message).toBe(errors.problems.map(formatProblem).join("\n"));
  for (const { file, position, message, fix } of errors.problems) {
    const lines = String(files[file.replace("environments/", "")]).split("\n");
    const line = lines[(position?.line ?? 0) - 1];
    expect(line).toBeDefined();
    expect(position?.column).toBeGreaterThanOrEqual(1);
    expect(position?.column).toBeLessThanOrEqual((line ?? "").length + 1);
    expect(message).toMatch(/^[^\n]+\.$/);
    expect(fix).toMatch(/^[A-Z][^\n]+[.?]$/);
    expect(message + fix).not.toMatch(/undefined|\[object|Invalid input/);
    expect(message).not.toContain("5555550199");
  }
}

const runs = { numRuns: Number(process.env["RUNS"] ?? 300) };

test("a mutated environment file is accepted or refused without a crash", () => {
  fc.assert(
    fc.property(mutated(environment), (yaml) => {
      loadOrRefuse({ "prod.yaml": yaml, "defaults.yaml": defaults });
    }),
    runs,
  );
});

test("a mutated defaults.yaml is accepted or refused without a crash", () => {
  fc.assert(
    fc.property(mutated(defaults), (yaml) => {
      loadOrRefuse({ "prod.yaml": environment, "defaults.yaml": yaml });
    }),
    runs,
  );
});

test("any bytes are accepted or refused without a crash", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        load({ "prod.yaml": bytes });
      } catch (error) {
        expect(error).toBeInstanceOf(EnvironmentErrors);
      }
    }),
    runs,
  );
});

test("the mutations produce both valid and invalid files", () => {
  const samples = fc.sample(mutated(environment), { numRuns: 300, seed: 1 });
  const accepted = samples.filter((yaml) => loadOrRefuse({ "prod.yaml": yaml }).length > 0).length;
  expect(accepted).toBeGreaterThan(10);
  expect(accepted).toBeLessThan(290);
});
