/** Tests that the committed JSON Schema is current and complete, and accepts the same files as the loader. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { environmentJsonSchema } from "../../scripts/environment-schema";
import { builtInDefaults } from "../../config/schema";
import { projectRoot } from "../../lambda/packaging";

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}

const root = projectRoot();
const committed = JSON.parse(readFileSync(path.join(root, "environments/schema.json"), "utf8")) as Node;

/** Returns every key of the schema with its path, including the keys of maps and instances. */
function keys(node: Node, at = ""): [string, Node][] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => [
    [`${at}${name}`, child] as [string, Node],
    ...keys(child, `${at}${name}.`),
    ...keys(child.items ?? {}, `${at}${name}[].`),
  ]);
}

test("the committed schema is current; if not, run: npm run schema", () => {
  expect(committed).toEqual(JSON.parse(JSON.stringify(environmentJsonSchema())));
});

test("every key has a description, and a default or a statement that it is required", () => {
  const undescribed = keys(committed).filter(([, { description = "" }]) => !/^[A-Z].*\.$/.test(description));
  expect(undescribed).toEqual([]);
  const undefaulted = keys(committed).filter(
    ([, { description = "", default: value, properties, type }]) =>
      value === undefined && properties === undefined && type !== "array" && !/Required|Default: /.test(description),
  );
  expect(undefaulted).toEqual([]);
  expect(keys(committed).length).toBeGreaterThan(50);
});

test("editors show the defaults that are used", () => {
  const shown = Object.fromEntries(keys(committed).map(([key, node]) => [key, node.default]));
  expect(shown).toMatchObject({
    awsProvider: builtInDefaults.awsProvider,
    anonymousCallers: builtInDefaults.anonymousCallers,
    "lookup.budgetMs": builtInDefaults.lookup.budgetMs,
    "lookup.flowTimeLimitSeconds": builtInDefaults.lookup.flowTimeLimitSeconds,
    "function.runtime": builtInDefaults.function.runtime,
    "function.memoryMb": builtInDefaults.function.memoryMb,
    "function.logRetentionDays": builtInDefaults.function.logRetentionDays,
    "table.indexTimeoutMinutes": builtInDefaults.table.indexTimeoutMinutes,
  });
});

test("only tags accepts unknown keys, and an instance requires name and id", () => {
  const open = keys(committed).filter(([, node]) => node.type === "object" && node.additionalProperties !== false);
  expect(open.map(([key]) => key)).toEqual(["tags", "instances[].tags"]);
  expect(committed.additionalProperties).toBe(false);
  expect(committed.properties?.["instances"]?.items?.required).toEqual(["name", "id"]);
});

test("a JSON Schema validator accepts the examples and refuses what the loader refuses", () => {
  const schema = z.fromJSONSchema(committed as Parameters<typeof z.fromJSONSchema>[0]);
  const read = (name: string) => {
    const values = parse(readFileSync(path.join(root, "examples", `${name}.yaml`), "utf8")) as Record<string, unknown>;
    // zod compiles patterns without the flag u, which JSON Schema requires. It would refuse every tag.
    const withoutTags = (one: Record<string, unknown>) => ({ ...one, tags: {}, ignoreTags: {} });
    return { ...withoutTags(values), instances: (values["instances"] as Record<string, unknown>[]).map(withoutTags) };
  };
  for (const name of ["dev", "staging", "prod"]) expect(schema.safeParse(read(name)).success).toBe(true);
  const dev = read("dev");
  for (const mistake of [
    { region: "us-east1" },
    { account: 111122223333 },
    { colour: "red" },
    { waves: [] },
    { instances: [{}] },
  ]) {
    expect(schema.safeParse({ ...dev, ...mistake }).success).toBe(false);
  }
});

test("every pattern compiles with the flag u, as JSON Schema requires, and in Java", () => {
  const patterns = [...JSON.stringify(committed).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
    ([, json = ""]) => JSON.parse(json) as string,
  );
  expect(patterns.length).toBeGreaterThan(20);
  for (const pattern of patterns) {
    expect(() => new RegExp(pattern, "u")).not.toThrow();
    // [^] means any character in JavaScript and is an unclosed class in other languages.
    expect(pattern).not.toContain("[^]");
  }
});
