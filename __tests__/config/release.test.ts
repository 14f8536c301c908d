/** Letting go of an instance: what its file may say, and every way to say it wrongly. */
import { load, loadOne, refusal, validYaml } from "./environment-files";

const withLine = (line: string) => `${validYaml}    ${line}\n`;

test.each([
  ["release: remove-index", "remove-index"],
  ["release: true", "forget"],
  ["release: keep-index", "keep-index"],
  ["release: false", undefined],
  ["wave: all", undefined],
])("an instance with %s is %s", (line, release) => {
  expect(loadOne(withLine(line).replace("instances:", "waves: [all]\ninstances:")).release).toBe(release);
});

const allowed =
  "Allowed: remove-index (the first of two steps), true (the second) and keep-index (one step, and the index stays), without quotes around true.";

test.each([
  [
    "a word of its own",
    'release: "yes"',
    `8:14  instances[0].release: "yes" is not a way to let go of an instance.\n  ${allowed}`,
  ],
  [
    "the true of a string",
    'release: "true"',
    `8:14  instances[0].release: "true" is not a way to let go of an instance.\n  ${allowed}`,
  ],
  [
    "what it is called inside",
    "release: forget",
    `8:14  instances[0].release: "forget" is not a way to let go of an instance.\n  ${allowed}`,
  ],
  [
    "a map",
    "release: { index: keep }",
    `8:14  instances[0].release: a map is not a way to let go of an instance.\n  ${allowed}`,
  ],
  ["no value", "release:", "8:5  instances[0].release: The key has no value.\n  Give it one, or remove the line."],
])("%s is refused, with what is allowed", (_, line, text) => {
  expect(refusal({ "dev.yaml": withLine(line) }).message).toBe(`environments/dev.yaml:${text}`);
});

test("it cannot be said of a whole environment", () => {
  expect(refusal({ "dev.yaml": `${validYaml}release: true\n` }).message).toBe(
    'environments/dev.yaml:8:1  release: "release" is not a key.\n  It belongs to one instance: put it below instances.',
  );
});

test("a suspended instance is not released, since nothing would be deployed", () => {
  const yaml = withLine("suspended: true\n    release: keep-index");
  expect(refusal({ "dev.yaml": yaml }).message).toBe(
    "environments/dev.yaml:9:14  instances[0].release: A suspended instance is left out of rollouts, so release: keep-index would never be deployed.\n" +
      "  Remove one of the two.",
  );
  expect(load({ "dev.yaml": withLine("suspended: true\n    release: false") })).toHaveLength(1);
});
