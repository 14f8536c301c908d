/** The arguments of every kind of stack exist in AWS provider 6.66, and the check finds errors in a stack. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { checkStack, typesIn, type StackConfiguration } from "../../../bench/provider-6/check-arguments";
import { acceptedDeprecations, allowedValues, deprecated } from "../../../bench/provider-6/documented-values";
import { pageFile, readSchema, withPage } from "../../../bench/provider-6/files";
import { readProviderSchema } from "../../../bench/provider-6/provider-schema";
import { sampleStacks, synthesizeOnProvider6 } from "../../../bench/provider-6/sample-stacks";
import { loadEnvironments } from "../../../config/load";
import { projectRoot } from "../../../lambda/packaging";
import { environment } from "../../config/mutated-yaml";

const schema = readSchema();
const samples = sampleStacks();
const problemsOf = (stack: StackConfiguration): readonly string[] => checkStack(stack, schema).problems;
const argumentsOf = (stacks: readonly StackConfiguration[]): ReadonlySet<string> =>
  new Set(stacks.flatMap((stack) => checkStack(stack, schema).arguments.map(({ argument }) => argument)));

test("every argument of the sample stacks exists, with its type, and every required argument is set", () => {
  expect(samples.flatMap(problemsOf)).toEqual([]);
  expect(typesIn(samples).resource).toEqual(Object.keys(schema.types.resource));
});

test("the sample stacks set every argument that environment files with every key set", () => {
  const scratch = mkdtempSync(path.join(tmpdir(), "provider-6-"));
  try {
    // In the file, each instance has another kind of exception, so both are also taken as normal instances.
    mkdirSync(path.join(scratch, "normal"));
    writeFileSync(path.join(scratch, "all.yaml"), environment);
    const normal = environment.replace("adopt: false", "adopt: true").replace("    release: keep-index\n", "");
    writeFileSync(path.join(scratch, "normal/all.yaml"), normal);
    const others = [scratch, path.join(scratch, "normal"), path.join(projectRoot(), "__tests__/another-company")]
      .flatMap((directory) => loadEnvironments(directory).instances)
      .map(synthesizeOnProvider6);
    expect(others.length).toBeGreaterThan(8);
    expect(others.flatMap(problemsOf)).toEqual([]);
    const sampled = argumentsOf(samples);
    expect([...argumentsOf(others)].filter((argument) => !sampled.has(argument))).toEqual([]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("ignore_changes covers every argument of the table except its name and the mirrored blocks", () => {
  const { arguments: own, blocks } = schema.types.resource["aws_dynamodb_table"] ?? { arguments: {}, blocks: {} };
  const mirrored = ["attribute", "global_secondary_index", "id", "name", "timeouts"];
  const wanted = [...Object.keys(own), ...Object.keys(blocks)].filter((name) => !mirrored.includes(name)).sort();
  const table = samples[0]?.resource?.["aws_dynamodb_table"]?.["contacts"];
  expect((table?.["lifecycle"] as { ignore_changes: string[] }).ignore_changes).toEqual(wanted);
  expect(wanted).toContain("restore_backup_arn");
});

/** An error, by its name: the resource, a text in its JSON, the text that replaces it, and the problem that the check must report. */
const planted: Readonly<Record<string, readonly [address: string, from: string, to: string, problem: string]>> = {
  "a wrong name": ["aws_lambda_function.blocked_calls", '"memory_size":', '"memory_mb":', "memory_mb does not exist"],
  "a wrong type": [
    "aws_lambda_function.blocked_calls",
    '"memory_size":512',
    '"memory_size":"512"',
    'memory_size must be number, but is "512"',
  ],
  "a wrong type in a list": [
    "aws_lambda_function.blocked_calls",
    '"architectures":["arm64"]',
    '"architectures":"arm64"',
    'architectures must be stringList, but is "arm64"',
  ],
  "a wrong name in a nested block": [
    "aws_lambda_function.blocked_calls",
    '"log_group":',
    '"group":',
    "logging_config.group does not exist",
  ],
  "a wrong name in a dynamic block": [
    "aws_dynamodb_table.contacts",
    '"non_key_attributes":',
    '"no_key_attributes":',
    "dynamic.global_secondary_index.no_key_attributes does not exist",
  ],
  "a wrong dynamic block": [
    "aws_dynamodb_table.contacts",
    '"local_secondary_index":{',
    '"local_index":{',
    "dynamic.local_index is not a block",
  ],
  "a text instead of a block": [
    "aws_dynamodb_table.contacts",
    '"timeouts":{"update":"1440m"}',
    '"timeouts":"1440m"',
    'timeouts must be a block, but is "1440m"',
  ],
  "a second block": [
    "aws_dynamodb_table.contacts",
    '"timeouts":{"update":"1440m"}',
    '"timeouts":[{"update":"1440m"},{}]',
    "timeouts has 2 blocks, but may have one",
  ],
  "a missing required argument": [
    "aws_iam_role.blocked_calls",
    '"assume_role_policy":',
    '"description":"","//":',
    "assume_role_policy is required",
  ],
  "an unknown name in ignore_changes": [
    "aws_dynamodb_table.contacts",
    '"restore_backup_arn"',
    '"restore_backup"',
    "lifecycle.ignore_changes: restore_backup does not exist",
  ],
  "a value that is not documented": [
    "aws_lambda_function.blocked_calls",
    '"nodejs22.x"',
    '"nodejs18.x"',
    'runtime is "nodejs18.x", but the documented values are nodejs20.x, nodejs22.x, nodejs24.x',
  ],
  "a deprecated argument": [
    "aws_iam_role.blocked_calls",
    '"name":',
    '"managed_policy_arns":[],"name":',
    "managed_policy_arns is deprecated",
  ],
};

describe("in a copy of a stack, the check finds", () => {
  const [sample = {}] = samples;
  /** The stack with another resource or data source at this address. */
  const withChange = (kind: "resource" | "data", address: string, change: (json: string) => string) => {
    const [type = "", id = ""] = address.split(".");
    const json = JSON.stringify(sample[kind]?.[type]?.[id]);
    const changed = JSON.parse(change(json)) as Readonly<Record<string, unknown>>;
    return { ...sample, [kind]: { ...sample[kind], [type]: { ...sample[kind]?.[type], [id]: changed } } };
  };
  const replacing =
    (from: string, to: string) =>
    (json: string): string => {
      expect(json).toContain(from);
      return json.replace(from, () => to);
    };

  test.each(Object.entries(planted))("%s", (_, [address, from, to, problem]) => {
    expect(problemsOf(withChange("resource", address, replacing(from, to)))).toEqual([`${address}.${problem}`]);
  });

  test("a reference to an attribute that does not exist", () => {
    const change = replacing(
      "aws_lambda_function.blocked_calls.version",
      "aws_lambda_function.blocked_calls.published",
    );
    expect(problemsOf(withChange("resource", "aws_lambda_alias.live", change))).toEqual([
      "a reference to aws_lambda_function.blocked_calls.published: the attribute does not exist",
    ]);
  });

  test("a condition with an attribute of self that does not exist", () => {
    const change = replacing("self.local_secondary_index", "self.local_index");
    expect(problemsOf(withChange("data", "aws_dynamodb_table.live", change))).toEqual([
      "data.aws_dynamodb_table.live: self.local_index does not exist",
    ]);
  });

  test("a resource type that does not exist", () => {
    expect(problemsOf({ ...sample, resource: { ...sample.resource, aws_iam_roles: { one: {} } } })).toEqual([
      "aws_iam_roles.one: the type aws_iam_roles does not exist",
    ]);
  });

  test("every renamed argument of every resource", () => {
    const places = Object.entries(sample.resource ?? {}).flatMap(([type, byId]) =>
      Object.entries(byId).flatMap(([id, values]) =>
        Object.keys(values)
          .filter((name) => !["depends_on", "dynamic", "lifecycle", "provider", "//"].includes(name))
          .map((name) => ({ address: `${type}.${id}`, name })),
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), ({ address, name }) => {
        const change = (json: string): string =>
          JSON.stringify(
            Object.fromEntries(
              Object.entries(JSON.parse(json) as object).map(([key, value]) => [
                key === name ? `${key}_x` : key,
                value,
              ]),
            ),
          );
        expect(problemsOf(withChange("resource", address, change))).toContain(`${address}.${name}_x does not exist`);
      }),
    );
  });
});

test("the documented values and deprecations belong to arguments that exist", () => {
  const exists = (name: string): boolean => {
    const [type = "", ...names] = name.split(".");
    const last = names.pop() ?? "";
    let block: { arguments: object; blocks: Readonly<Record<string, unknown>> } | undefined =
      schema.types.resource[type];
    for (const each of names) block = block?.blocks[each] as typeof block;
    return block !== undefined && (Object.hasOwn(block.arguments, last) || Object.hasOwn(block.blocks, last));
  };
  const all = [...Object.keys(allowedValues), ...deprecated, ...Object.keys(acceptedDeprecations)];
  expect(all.filter((name) => !exists(name))).toEqual([]);
  const set = argumentsOf(samples);
  expect(Object.keys(acceptedDeprecations).filter((name) => !set.has(name))).toEqual([]);
});

test("docs/provider-6.md is current", () => {
  const page = readFileSync(pageFile, "utf8");
  expect(withPage(page, schema, samples)).toBe(page);
});

describe("the reader of the bindings", () => {
  const bindings = path.join(projectRoot(), "node_modules/@cdktf/provider-aws");
  const read = (resource: readonly string[]) => readProviderSchema(bindings, { resource, data: [], provider: ["aws"] });

  test("reads arguments, blocks on every level, and attributes", () => {
    const { version, types } = read(["aws_dynamodb_table"]);
    const table = types.resource["aws_dynamodb_table"];
    expect(version).toMatch(/^6\.\d+\.0$/);
    expect(table?.arguments).toMatchObject({ name: "string required", hash_key: "string", tags: "stringMap" });
    expect(table?.blocks["attribute"]).toMatchObject({ several: true, required: false });
    expect(table?.blocks["ttl"]).toMatchObject({ several: false, arguments: { attribute_name: "string" } });
    expect(table?.blocks["global_secondary_index"]?.arguments).toMatchObject({ name: "string required" });
    expect(table?.attributes).toEqual(expect.arrayContaining(["arn", "name", "replica", "stream_arn"]));
    expect(types.provider["aws"]?.arguments).toMatchObject({ allowed_account_ids: "stringList" });
  });

  test("refuses a type that the bindings do not contain", () => {
    expect(() => read(["aws_no_such_thing"])).toThrow("no-such-thing");
  });
});
