/** Conflicts between instances of one or several environments. */
import { load, problemsOf, refusal, validYaml } from "./environment-files";

const ids = ["0f0e0d0c-1b1a-4918-8716-151413121110", "1f0e0d0c-1b1a-4918-8716-151413121110"] as const;
const [, otherId] = ids;

/** `validYaml` with a second instance, from line 8, that has these lines. */
const andAlso = (...lines: readonly string[]) => `${validYaml}  - ${lines.join("\n    ")}\n`;

test("two instances with the same name and region cause one error, not one for each derived name", () => {
  expect(refusal({ "prod.yaml": andAlso("name: acme", `id: ${otherId}`) }).message).toBe(
    'environments/prod.yaml:8:11  instances[1].name: instances[0] (environments/prod.yaml:6:5) has the same stack name, "prod-acme-us-east-1".\n' +
      "  Rename or remove one of the instances.",
  );
});

test("the same instance in two environments conflicts in its id and its table", () => {
  expect(refusal({ "dev.yaml": validYaml, "prod.yaml": validYaml }).message).toBe(
    'environments/prod.yaml:6:11  instances[0].name: instances[0] (environments/dev.yaml:6:5) has the same table name, "dextr-acme".\n' +
      "  Two stacks must not manage one table. Correct tableName, or remove one of the instances.\n" +
      'environments/prod.yaml:7:9  instances[0].id: instances[0] (environments/dev.yaml:6:5) has the same Connect instance id, "0f0e0d0c-1b1a-4918-8716-151413121110".\n' +
      "  Correct one of the ids, or remove one of the instances.",
  );
});

test("the same id conflicts, as a bare id or as an ARN", () => {
  const arn = `arn:aws:connect:us-east-1:111122223333:instance/${ids[0]}`;
  expect(problemsOf({ "prod.yaml": andAlso("name: other", `id: ${arn}`) }).map(({ path }) => path)).toEqual([
    "instances[1].id",
  ]);
});

test("a replica in another region may have the same id and name", () => {
  expect(load({ "prod.yaml": andAlso("name: acme", `id: ${ids[0]}`, "region: us-west-2") })).toHaveLength(2);
});

test("the same name in another account is another instance", () => {
  expect(
    load({
      "dev.yaml": validYaml,
      "prod.yaml": validYaml.replace("111122223333", "444455556666").replace(ids[0], otherId),
    }),
  ).toHaveLength(2);
});

test.each([
  ["tableName: dextr-acme", 'table name, "dextr-acme"', "tableName"],
  ["function: { name: blockedCalls-acme }", 'function name, "blockedCalls-acme"', "function.name"],
  [
    "function: { roleName: blockedCalls-acme-us-east-1 }",
    'role name, "blockedCalls-acme-us-east-1"',
    "function.roleName",
  ],
])("%s conflicts with another instance", (line, what, path) => {
  const [problem, ...others] = problemsOf({ "prod.yaml": andAlso("name: other", `id: ${otherId}`, line) });
  expect(others).toEqual([]);
  expect(problem?.path).toBe(`instances[1].${path}`);
  expect(problem?.position?.line).toBe(10);
  expect(problem?.message).toBe(`instances[0] (environments/prod.yaml:6:5) has the same ${what}.`);
});

test("a table name can be used again in another region, a role name cannot", () => {
  const west = (line: string) => andAlso("name: other", `id: ${otherId}`, "region: us-west-2", line);
  expect(load({ "prod.yaml": west("tableName: dextr-acme") })).toHaveLength(2);
  expect(load({ "prod.yaml": west("function: { name: blockedCalls-acme }") })).toHaveLength(2);
  expect(problemsOf({ "prod.yaml": west("function: { roleName: blockedCalls-acme-us-east-1 }") })).toHaveLength(1);
});

test("stack names that are equal after joining with hyphens conflict", () => {
  const files = {
    "a.yaml": validYaml.replace("name: acme", "name: b-c"),
    "a-b.yaml": validYaml.replace("name: acme", "name: c").replace(ids[0], otherId),
  };
  expect(problemsOf(files).map(({ message }) => message)).toEqual([
    'instances[0] (environments/a-b.yaml:6:5) has the same stack name, "a-b-c-us-east-1".',
  ]);
});

test("names that differ only in case conflict, as in IAM and on some file systems", () => {
  const [problem] = problemsOf({ "prod.yaml": andAlso("name: ACME", `id: ${otherId}`) });
  expect(problem?.message).toContain('has the same stack name, "prod-ACME-us-east-1".');
});

test("a name given for all instances is reported at its place", () => {
  const yaml = `${andAlso("name: other", `id: ${otherId}`)}function: { name: blockedCalls }\n`;
  expect(problemsOf({ "prod.yaml": yaml }).map(({ position, path }) => [position?.line, path])).toEqual([
    [10, "function.name"],
  ]);
});

test("an instance with another mistake is still checked for conflicts", () => {
  const yaml = andAlso("name: acme", `id: ${otherId}`, "blockedDispositions: []");
  expect(problemsOf({ "prod.yaml": yaml }).map(({ path }) => path)).toEqual([
    "instances[1].name",
    "instances[1].blockedDispositions",
  ]);
});

test("instances with unknown accounts are not compared by account", () => {
  const files = {
    "dev.yaml": validYaml.replace('account: "111122223333"\n', ""),
    "prod.yaml": validYaml.replace('account: "111122223333"\n', "").replace(ids[0], otherId),
  };
  expect(problemsOf(files).map(({ file, path }) => `${file} ${path}`)).toEqual([
    "environments/dev.yaml account",
    "environments/prod.yaml account",
  ]);
});
