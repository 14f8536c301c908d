/** The key `release`: its values, and the error for each wrong value. */
import { load, loadOne, refusal, validYaml } from "./environment-files";

const withLine = (line: string) => `${validYaml}    ${line}\n`;

test.each([
  ["release: remove-index", "remove-index"],
  ["release: forget", "forget"],
  ["release: keep-index", "keep-index"],
  ["release: false", undefined],
  ["wave: all", undefined],
])("an instance with %s has the release %s", (line, release) => {
  expect(loadOne(withLine(line).replace("instances:", "waves: [all]\ninstances:")).release).toBe(release);
});

const allowed =
  "Allowed: remove-index (step 1 of 2), forget (step 2 of 2), and keep-index (one step; the index stays).";

test.each([
  [
    "an unknown word",
    'release: "yes"',
    `8:14  instances[0].release: "yes" is not a way to release an instance.\n  ${allowed}`,
  ],
  [
    "the old value true",
    "release: true",
    `8:14  instances[0].release: release: true has a new name: release: forget.\n  ${allowed}`,
  ],
  [
    "the old value true in quotes",
    'release: "true"',
    `8:14  instances[0].release: release: true has a new name: release: forget.\n  ${allowed}`,
  ],
  [
    "a map",
    "release: { index: keep }",
    `8:14  instances[0].release: a map is not a way to release an instance.\n  ${allowed}`,
  ],
  ["no value", "release:", "8:5  instances[0].release: The key has no value.\n  Add a value, or remove the line."],
])("%s is refused, and the error lists the allowed values", (_, line, text) => {
  expect(refusal({ "dev.yaml": withLine(line) }).message).toBe(`environments/dev.yaml:${text}`);
});

test("release is refused for a whole environment", () => {
  expect(refusal({ "dev.yaml": `${validYaml}release: forget\n` }).message).toBe(
    'environments/dev.yaml:8:1  release: "release" is not a key.\n  The key belongs to one instance. Put the key below instances.',
  );
});

test("release is refused for a suspended instance, because it would not be deployed", () => {
  const yaml = withLine("suspended: true\n    release: keep-index");
  expect(refusal({ "dev.yaml": yaml }).message).toBe(
    "environments/dev.yaml:9:14  instances[0].release: A suspended instance is excluded from rollouts, so release: keep-index would never be deployed.\n" +
      "  Remove suspended or release.",
  );
  expect(load({ "dev.yaml": withLine("suspended: true\n    release: false") })).toHaveLength(1);
});

test.each(["remove-index", "forget"])("release: %s is refused if the stack does not adopt the table", (release) => {
  const yaml = `${withLine(`release: ${release}`)}table: { adopt: false }\n`;
  expect(refusal({ "dev.yaml": yaml }).message).toBe(
    `environments/dev.yaml:8:14  instances[0].release: With table.adopt: false, the stack manages neither the table nor the index, so release: ${release} has nothing to release.\n` +
      "  Use release: keep-index. The index stays on the table. After the release, its owner can delete the index in DynamoDB.",
  );
  expect(loadOne(yaml.replace(release, "keep-index")).table.adopt).toBe(false);
});
