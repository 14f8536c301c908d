/** Tests the wave of each instance, and the errors for waves that cannot be rolled out in order. */
import fc from "fast-check";
import type { InstanceConfig } from "../../config/types";
import { load, loadOne, problemsOf, refusal, validYaml } from "./environment-files";

/**
 * Returns an environment file with one instance for each item of `instances`, which has further keys of the instance. `waves` is on
 * line 5 if it is given. The first instance is on line 7, or on line 6 without waves.
 */
function environment(waves: string | undefined, ...instances: readonly string[]): string {
  const shared = validYaml.slice(0, validYaml.indexOf("instances:"));
  const items = instances.map(
    (lines, n) => `  - { name: i${n}, id: ${n}f0e0d0c-1b1a-4918-8716-151413121110${lines && `, ${lines}`} }\n`,
  );
  return `${shared}${waves === undefined ? "" : `waves: ${waves}\n`}instances:\n${items.join("")}`;
}
const wavesOf = (instances: readonly InstanceConfig[]) => instances.map(({ wave }) => `${wave.index} ${wave.name}`);

test("an instance is in its wave, or in the last wave by default", () => {
  const yaml = environment("[canary, few, rest]", "", "wave: canary", "wave: few", "wave: rest");
  expect(wavesOf(load({ "prod.yaml": yaml }))).toEqual(["2 rest", "0 canary", "1 few", "2 rest"]);
});

test("without waves all instances are in one wave", () => {
  expect(wavesOf(load({ "prod.yaml": environment(undefined, "", "") }))).toEqual(["0 all", "0 all"]);
});

test("another wave changes no other value of an instance", () => {
  const [first, second] = ["wave: canary", "wave: rest"].map((wave) => {
    const [own] = load({ "prod.yaml": environment("[canary, rest]", wave, "wave: canary", "wave: rest") });
    return { ...own, wave: undefined };
  });
  expect(first).toEqual(second);
});

test.each([
  [
    "a misspelled wave, without a second error for an empty wave",
    environment("[canary, rest]", "wave: canry", ""),
    '7:65  instances[0].wave: "canry" is not a wave of this environment.\n  Did you mean "canary"?',
  ],
  [
    "an unknown wave",
    environment("[canary, rest]", "wave: canary", "wave: blue"),
    '8:65  instances[1].wave: "blue" is not a wave of this environment.\n  Allowed: canary, rest.',
  ],
  [
    "a wave in an environment without waves",
    environment(undefined, "wave: canary"),
    '6:65  instances[0].wave: "canary" is not a wave of this environment.\n' +
      "  Add the waves of the environment in order, for example waves: [canary, rest].",
  ],
  [
    "a wave without an instance",
    environment("[canary, few, rest]", "wave: canary", ""),
    '5:17  waves[1]: The wave "few" has no instance.\n  Add wave: few to an instance, or remove the wave from waves.',
  ],
  [
    "a last wave without an instance, if every instance has another wave",
    environment("[canary, rest]", "wave: canary"),
    '5:17  waves[1]: The wave "rest" has no instance.\n  Add wave: rest to an instance, or remove the wave from waves.',
  ],
  [
    "a wave twice",
    environment("[canary, rest, canary]", "wave: canary", ""),
    '5:23  waves[2]: "canary" is in the list twice. The first one is item 0.\n  Remove one of them.',
  ],
  [
    "a list without a wave",
    environment("[]", ""),
    "5:8  waves: The list is empty, so no instance can be in a wave.\n  List the waves in order, or remove the key.",
  ],
  [
    "a wave with a name that a selection cannot contain",
    environment("[First wave]", ""),
    '5:9  waves[0]: "First wave" is not a name for a wave.\n  Use at most 100 lower-case letters, digits and hyphens, and start with a letter: canary.',
  ],
  [
    "a wave given by its number, without a second error for an empty wave",
    environment("[canary, rest]", "wave: 1", ""),
    "7:65  instances[0].wave: YAML reads 1 without quotes as a number, not as text.\n  Put the value in quotes.",
  ],
  [
    "a suspension that YAML reads as text",
    environment(undefined, "suspended: yes"),
    '6:70  instances[0].suspended: "yes" is neither true nor false.\n  Write true or false, without quotes.',
  ],
  [
    "suspended for all instances",
    `${validYaml}suspended: true\n`,
    '8:1  suspended: "suspended" is not a key.\n  The key belongs to one instance. Put the key below instances.',
  ],
])("%s is refused with exactly this message", (_, yaml, text) => {
  expect(refusal({ "prod.yaml": yaml }).message).toBe(`environments/prod.yaml:${text}`);
});

test("an environment is in stage 1 by default, and the stage changes no other value", () => {
  const [first] = load({ "prod.yaml": validYaml });
  const [second] = load({ "prod.yaml": `${validYaml}stage: 3\n` });
  expect(first?.stage).toBe(1);
  expect(second).toEqual({ ...first, stage: 3 });
});

test.each(["0", "5", "1.5", '"2"', "last"])("the stage %s is refused", (stage) => {
  const given = stage === "last" ? '"last"' : stage;
  expect(refusal({ "prod.yaml": `${validYaml}stage: ${stage}\n` }).message).toBe(
    `environments/prod.yaml:8:8  stage: ${given} is not a stage from 1 to 4.\n  Write one digit without quotes: stage: 2.`,
  );
});

test("a stage is refused in defaults.yaml and in an instance", () => {
  expect(
    problemsOf({ "defaults.yaml": "stage: 2\n", "dev.yaml": environment(undefined, "stage: 2") }).map(
      ({ file, path, fix }) => [file, path, fix],
    ),
  ).toEqual([
    ["environments/defaults.yaml", "stage", "Move the key to the file of an environment."],
    [
      "environments/dev.yaml",
      "instances[0].stage",
      "The key belongs to the environment. Move the key to the top level of the file.",
    ],
  ]);
});

describe("a suspended instance", () => {
  test("is marked as suspended, and the others are not", () => {
    const instances = load({ "prod.yaml": environment(undefined, "suspended: true", "suspended: false", "") });
    expect(instances.map(({ suspended }) => suspended)).toEqual([true, false, false]);
  });

  test("counts for its wave", () => {
    const yaml = environment("[canary, rest]", "wave: canary, suspended: true", "");
    expect(wavesOf(load({ "prod.yaml": yaml }))).toEqual(["0 canary", "1 rest"]);
  });

  test("keeps its names: another instance cannot use its table", () => {
    const yaml = environment(undefined, "suspended: true", "tableName: dextr-i0");
    expect(problemsOf({ "prod.yaml": yaml }).map(({ path }) => path)).toEqual(["instances[1].tableName"]);
  });

  test("is checked like any other instance", () => {
    const yaml = environment(undefined, "suspended: true, region: us-east1");
    expect(problemsOf({ "prod.yaml": yaml }).map(({ path }) => path)).toEqual(["instances[0].region"]);
  });
});

test("an environment loads exactly if every instance is in a known wave and every wave has an instance", () => {
  const name: fc.Arbitrary<string> = fc.constantFrom("canary", "few", "most", "rest");
  const waves = fc.uniqueArray(name, { minLength: 1 });
  const instances = fc.array(fc.option(name, { nil: undefined }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(waves, instances, (order, given) => {
      const expected = given.map((own) => own ?? String(order.at(-1)));
      const isRight = expected.every((own) => order.includes(own)) && order.every((wave) => expected.includes(wave));
      const yaml = environment(
        `[${order.join(", ")}]`,
        ...given.map((own) => (own === undefined ? "" : `wave: ${own}`)),
      );
      if (isRight) {
        expect(load({ "prod.yaml": yaml }).map(({ wave }) => wave)).toEqual(
          expected.map((own) => ({ name: own, index: order.indexOf(own) })),
        );
      } else {
        expect(problemsOf({ "prod.yaml": yaml }).length).toBeGreaterThan(0);
      }
    }),
  );
});

test("an environment without readable instances gets no errors about empty waves", () => {
  const noInstances = validYaml.slice(0, validYaml.indexOf("instances:"));
  expect(problemsOf({ "prod.yaml": `${noInstances}waves: [canary]\ninstances: []\n` }).map(({ path }) => path)).toEqual(
    ["instances"],
  );
  expect(loadOne(`${validYaml}waves: [canary]\n`).wave).toEqual({ name: "canary", index: 0 });
});
