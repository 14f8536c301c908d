/** Whatever becomes of an environment file, it loads as valid configuration or is refused with problems that can be read. */
import fc from "fast-check";
import { EnvironmentErrors, formatProblem } from "../../../environments/model/problems";
import type { InstanceConfig } from "../../../environments/model/types";
import { load } from "./environment-files";
import type { Files } from "./environment-files";

/** Every key at some level, and each kind of YAML: block and flow, quoted and plain, comments. */
const environment = `# yaml-language-server: $schema=./schema.json
account: "111122223333" # in quotes
region: us-east-1
awsProvider: ">= 6.44, < 7"
deployRole: { arn: "arn:aws:iam::111122223333:role/deploy", externalId: abc }
state:
  bucket: acme-state
  region: us-east-1
  kmsKeyArn: arn:aws:kms:us-east-1:111122223333:key/0f0e0d0c-1b1a-4918-8716-151413121110
  roleArn: arn:aws:iam::444455556666:role/state
  endpoint: https://s3.example.com
  usePathStyle: true
tags:
  owner: telephony
  'cost centre': "42"
blockedDispositions:
  - Blocked
  - Nuisance:Confirmed
anonymousCallers: block
exemptNumbers: ["+15555550199", '+1555*']
lookup: { budgetMs: 2500, flowTimeLimitSeconds: 3 }
function:
  runtime: nodejs24.x
  memoryMb: 512
  logRetentionDays: 30
table: { indexTimeoutMinutes: 60, acceptReplicas: true }
inboundFlow:
  name: Front door
  queue: 2f0e0d0c-1b1a-4918-8716-151413121110
  whenBlocked: { action: message, text: "Goodbye." }
waves:
  - canary
  - rest
instances:
  - name: acme
    id: 0f0e0d0c-1b1a-4918-8716-151413121110
    tableName: dextr-other
    wave: canary
    suspended: true
  - name: beta
    id: arn:aws:connect:us-west-2:111122223333:instance/1f0e0d0c-1b1a-4918-8716-151413121110
    region: us-west-2
    function: { name: blocked, roleName: blocked }
`;
const defaults = `region: eu-west-2
function: { memoryMb: 256 }
tags: { owner: nobody }
`;

test("the file that is mutated is valid to begin with", () => {
  expect(load({ "prod.yaml": environment, "defaults.yaml": defaults })).toHaveLength(2);
});

const token = fc.oneof(
  fc.constantFrom(
    ...["", "~", "null", "true", "no", "0", "-1", "1.5", "1e999", ".nan", "0x1F", "011122223333", "111122223333"],
    ...[
      "[]",
      "{}",
      "[a, [b]]",
      "{ a: { b: c } }",
      '""',
      "''",
      '" "',
      "'",
      '"',
      "|",
      ">-",
      "- x",
      "? x",
      "? [a]: b",
      ": x",
    ],
    ...[
      "&a b",
      "*a",
      "<<: *a",
      "!!str 1",
      "!!binary aGk=",
      "!!set { a }",
      "!x y",
      "%YAML 1.1",
      "---",
      "...",
      "#",
      "@",
      "`",
    ],
    ...[
      "us-east-2",
      "canary",
      "us-gov-west-1",
      "nodejs22.x",
      "constructor: x",
      "__proto__: x",
      "toString",
      "\t",
      "\u2028",
      "\uFEFF",
      "\0",
    ],
  ),
  fc.string({ maxLength: 8, unit: "binary" }),
  fc.double().map(String),
  fc.json({ maxDepth: 2 }),
);

type Mutation = (text: string) => string;
const onLines = (place: number, change: (line: string, all: string[], index: number) => string[]): Mutation => {
  return (text) => {
    const lines = text.split("\n");
    const index = place % lines.length;
    return lines.flatMap((line, i) => (i === index ? change(line, lines, index) : [line])).join("\n");
  };
};
const place = fc.nat({ max: 10_000 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  place.map((at) => onLines(at, () => [])),
  place.map((at) => onLines(at, (line) => [line, line])),
  fc.tuple(place, place).map(([at, from]) => onLines(at, (line, all) => [line, all[from % all.length] ?? ""])),
  fc
    .tuple(place, fc.integer({ min: 0, max: 6 }))
    .map(([at, indent]) => onLines(at, (line) => [" ".repeat(indent) + line.trimStart()])),
  fc
    .tuple(place, token)
    .map(([at, value]) => onLines(at, (line) => [line.replace(/([:-]) .*$/, `$1 ${value.replaceAll("$", "$$$$")}`)])),
  fc.tuple(place, token).map(([at, key]) => onLines(at, (line) => [line.replace(/[\w-]+(?=:)/, () => key)])),
  fc.tuple(place, token).map(([at, line]) => onLines(at, (old) => [old, line])),
  fc.tuple(place, token, fc.nat({ max: 5 })).map(([at, inserted, removed]) => (text: string) => {
    const offset = at % (text.length + 1);
    return text.slice(0, offset) + inserted + text.slice(offset + removed);
  }),
  place.map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
);
const mutated = (text: string) =>
  fc
    .array(mutation, { minLength: 1, maxLength: 4 })
    .map((mutations) => mutations.reduce((result, next) => next(result), text));

/** The instances, or none when the files are refused in good order; anything else fails the test. */
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

/** Spot checks by other means than the schema's own. */
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
  expect(Object.values(instance.tags).every((value) => typeof value === "string")).toBe(true);
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

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300) };

test("a mutated environment file is accepted or refused, and never crashes", () => {
  fc.assert(
    fc.property(mutated(environment), (yaml) => {
      loadOrRefuse({ "prod.yaml": yaml, "defaults.yaml": defaults });
    }),
    runs,
  );
});

test("a mutated defaults.yaml is accepted or refused, and never crashes", () => {
  fc.assert(
    fc.property(mutated(defaults), (yaml) => {
      loadOrRefuse({ "prod.yaml": environment, "defaults.yaml": yaml });
    }),
    runs,
  );
});

test("any bytes are accepted or refused, and never crash", () => {
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

test("the mutations leave some files valid and make others wrong, so that both ways are tried", () => {
  const samples = fc.sample(mutated(environment), { numRuns: 300, seed: 1 });
  const accepted = samples.filter((yaml) => loadOrRefuse({ "prod.yaml": yaml }).length > 0).length;
  expect(accepted).toBeGreaterThan(10);
  expect(accepted).toBeLessThan(290);
});
