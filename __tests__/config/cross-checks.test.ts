/** Clashes between instances of one or several environments. */
import { load, problemsOf, refusal, validYaml } from "./environment-files";

const ids = ["0f0e0d0c-1b1a-4918-8716-151413121110", "1f0e0d0c-1b1a-4918-8716-151413121110"] as const;
const [, otherId] = ids;

/** `validYaml` with a second instance, from line 8, that has these lines. */
const andAlso = (...lines: readonly string[]) => `${validYaml}  - ${lines.join("\n    ")}\n`;

test("the same name in the same region is one clash, not one for everything that follows from the name", () => {
  expect(refusal({ "prod.yaml": andAlso("name: acme", `id: ${otherId}`) }).message).toBe(
    'environments/prod.yaml:8:11  instances[1].name: The stack name "prod-acme-us-east-1" is also that of instances[0] (environments/prod.yaml:6:5).\n' +
      "  Give one of the two another name, or remove it.",
  );
});

test("the same instance in two environments clashes by its id and its table", () => {
  expect(refusal({ "dev.yaml": validYaml, "prod.yaml": validYaml }).message).toBe(
    'environments/prod.yaml:6:11  instances[0].name: The table name "dextr-acme" is also that of instances[0] (environments/dev.yaml:6:5).\n' +
      "  Two stacks must not manage one table: correct tableName, or remove one of the two.\n" +
      'environments/prod.yaml:7:9  instances[0].id: The Connect instance id "0f0e0d0c-1b1a-4918-8716-151413121110" is also that of instances[0] (environments/dev.yaml:6:5).\n' +
      "  Correct one of the two, or remove it.",
  );
});

test("the same id clashes, whether it is given bare or as an ARN", () => {
  const arn = `arn:aws:connect:us-east-1:111122223333:instance/${ids[0]}`;
  expect(problemsOf({ "prod.yaml": andAlso("name: other", `id: ${arn}`) }).map(({ path }) => path)).toEqual([
    "instances[1].id",
  ]);
});

test("a replica in another region keeps its id and its name", () => {
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
  ["tableName: dextr-acme", 'The table name "dextr-acme"', "tableName"],
  ["function: { name: blockedCalls-acme }", 'The function name "blockedCalls-acme"', "function.name"],
  [
    "function: { roleName: blockedCalls-acme-us-east-1 }",
    'The role name "blockedCalls-acme-us-east-1"',
    "function.roleName",
  ],
])("%s takes what another instance has", (line, what, path) => {
  const [problem, ...others] = problemsOf({ "prod.yaml": andAlso("name: other", `id: ${otherId}`, line) });
  expect(others).toEqual([]);
  expect(problem?.path).toBe(`instances[1].${path}`);
  expect(problem?.position?.line).toBe(10);
  expect(problem?.message).toBe(`${what} is also that of instances[0] (environments/prod.yaml:6:5).`);
});

test("a table's name is free in another region, a role's is not", () => {
  const west = (line: string) => andAlso("name: other", `id: ${otherId}`, "region: us-west-2", line);
  expect(load({ "prod.yaml": west("tableName: dextr-acme") })).toHaveLength(2);
  expect(load({ "prod.yaml": west("function: { name: blockedCalls-acme }") })).toHaveLength(2);
  expect(problemsOf({ "prod.yaml": west("function: { roleName: blockedCalls-acme-us-east-1 }") })).toHaveLength(1);
});

test("names of stacks that meet where hyphens join them clash", () => {
  const files = {
    "a.yaml": validYaml.replace("name: acme", "name: b-c"),
    "a-b.yaml": validYaml.replace("name: acme", "name: c").replace(ids[0], otherId),
  };
  expect(problemsOf(files).map(({ message }) => message)).toEqual([
    'The stack name "a-b-c-us-east-1" is also that of instances[0] (environments/a-b.yaml:6:5).',
  ]);
});

test("names that differ in case alone clash, as roles do in IAM and directories on some disks", () => {
  const [problem] = problemsOf({ "prod.yaml": andAlso("name: ACME", `id: ${otherId}`) });
  expect(problem?.message).toContain('The stack name "prod-ACME-us-east-1" is also that of instances[0]');
});

test("a name given once for all instances is told where it is given", () => {
  const yaml = `${andAlso("name: other", `id: ${otherId}`)}function: { name: blockedCalls }\n`;
  expect(problemsOf({ "prod.yaml": yaml }).map(({ position, path }) => [position?.line, path])).toEqual([
    [10, "function.name"],
  ]);
});

test("an instance with another mistake is still compared with the rest", () => {
  const yaml = andAlso("name: acme", `id: ${otherId}`, "blockedDispositions: []");
  expect(problemsOf({ "prod.yaml": yaml }).map(({ path }) => path)).toEqual([
    "instances[1].name",
    "instances[1].blockedDispositions",
  ]);
});

test("instances whose accounts are not known yet are not compared by account", () => {
  const files = {
    "dev.yaml": validYaml.replace('account: "111122223333"\n', ""),
    "prod.yaml": validYaml.replace('account: "111122223333"\n', "").replace(ids[0], otherId),
  };
  expect(problemsOf(files).map(({ file, path }) => `${file} ${path}`)).toEqual([
    "environments/dev.yaml account",
    "environments/prod.yaml account",
  ]);
});
