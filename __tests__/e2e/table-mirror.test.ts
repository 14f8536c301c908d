/** For random tables, the conditions that Terraform evaluates and the checks of `fleet` agree on whether Terraform can mirror the table. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { KeySchemaElement, TableDescription } from "@aws-sdk/client-dynamodb";
import { Testing } from "cdktf";
import fc from "fast-check";
import type { AwsProviderConstraint } from "../../config/types";
import { mirrorObstacle } from "../../fleet/aws/table-mirror";
import { CallBlockingStack } from "../../stacks/call-blocking-stack";
import { sampleInstance } from "../stacks/sample-instance";

jest.setTimeout(60_000);

const names = ["a", "b", "c", "d", "Disposition", "CustomerEndpoint"];
const someNames = (minLength: number, maxLength: number) =>
  fc.uniqueArray(fc.constantFrom(...names), { minLength, maxLength });

const keySchema: fc.Arbitrary<KeySchemaElement[]> = fc
  .tuple(someNames(1, 3), someNames(0, 3))
  .map(([hashes, ranges]) => [
    ...hashes.map((AttributeName) => ({ AttributeName, KeyType: "HASH" as const })),
    ...ranges.map((AttributeName) => ({ AttributeName, KeyType: "RANGE" as const })),
  ]);

/** Tables with any number of key attributes, and with attribute definitions that no listed index uses, as for a vector index. */
const tables: fc.Arbitrary<TableDescription> = fc
  .tuple(fc.array(keySchema, { maxLength: 3 }), someNames(0, 1), someNames(0, 1))
  .map(([schemas, locals, others]) => {
    const hash = { AttributeName: "hash", KeyType: "HASH" as const };
    const localKeys = locals.map((AttributeName) => [hash, { AttributeName, KeyType: "RANGE" as const }]);
    const keys = [...schemas, ...localKeys].flat().map(({ AttributeName = "" }) => AttributeName);
    return {
      KeySchema: [hash],
      AttributeDefinitions: [...new Set(["hash", ...keys, ...others])].map((AttributeName) => ({ AttributeName })),
      GlobalSecondaryIndexes: schemas.map((KeySchema, n) => ({ IndexName: `vendor-${n}`, KeySchema })),
      LocalSecondaryIndexes: localKeys.map((KeySchema, n) => ({ IndexName: `local-${n}`, KeySchema })),
    } as TableDescription;
  });

const keysOf = (schema: readonly KeySchemaElement[] = [], type: string): readonly (string | undefined)[] =>
  schema.filter(({ KeyType }) => KeyType === type).map(({ AttributeName }) => AttributeName);

/** What the data source of the provider returns for the table. */
function dataSource(table: TableDescription, provider: AwsProviderConstraint): object {
  const isSix = !provider.startsWith("~> 5.");
  const lastKeys = (schema?: readonly KeySchemaElement[]) => ({
    hash_key: isSix && keysOf(schema, "HASH").length > 1 ? null : keysOf(schema, "HASH").at(-1),
    range_key: keysOf(schema, "RANGE").at(-1) ?? "",
    ...(isSix ? { key_schema: schema?.map(({ AttributeName }) => ({ attribute_name: AttributeName })) } : {}),
  });
  return {
    name: "dextr-acme",
    hash_key: "hash",
    range_key: "",
    attribute: table.AttributeDefinitions?.map(({ AttributeName }) => ({ name: AttributeName, type: "S" })),
    global_secondary_index: table.GlobalSecondaryIndexes?.map(({ IndexName, KeySchema }) => ({
      name: IndexName,
      ...lastKeys(KeySchema),
    })),
    local_secondary_index: table.LocalSecondaryIndexes?.map(({ IndexName, KeySchema }) => ({
      name: IndexName,
      range_key: keysOf(KeySchema, "RANGE").at(-1),
    })),
  };
}

/** The conditions of the synthesized stack about the mirror, as expressions about `table`. */
function conditions(awsProvider: AwsProviderConstraint): readonly string[] {
  const built = { zipPath: __filename, sha256: "ab".repeat(32), sourceCodeHash: "q6s=", handler: "index.handler" };
  const stack = new CallBlockingStack(Testing.app(), {
    instance: { ...sampleInstance, awsProvider },
    functionPackages: { blockedCalls: built, canary: built },
  });
  const { data } = JSON.parse(Testing.synth(stack)) as {
    data: {
      aws_dynamodb_table: { live: { lifecycle: { postcondition: { condition: string; error_message: string }[] } } };
    };
  };
  return data.aws_dynamodb_table.live.lifecycle.postcondition
    .filter(({ error_message }) => error_message.startsWith("Terraform cannot mirror"))
    .map(({ condition }) => condition.slice(2, -1).replaceAll("self.", "table."));
}

const directory = mkdtempSync(path.join(tmpdir(), "table-mirror-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

test.each<AwsProviderConstraint>(["~> 5.100.0", ">= 6.44, < 7"])("with the provider %s", (provider) => {
  const sample = fc.sample(tables, 300);
  const found = conditions(provider);
  expect(found).toHaveLength(2);
  const configuration = {
    locals: { tables: sample.map((table) => dataSource(table, provider)) },
    output: { mirrored: { value: `\${[for table in local.tables : ${found.join(" && ")}]}` } },
  };
  writeFileSync(path.join(directory, "main.tf.json"), JSON.stringify(configuration));
  const terraform = (...args: readonly string[]): string =>
    execFileSync("terraform", args, { cwd: directory, encoding: "utf8", env: { ...process.env, TF_LOG: "" } });
  terraform("apply", "-auto-approve", "-input=false", "-no-color");
  const mirrored = JSON.parse(terraform("output", "-json", "mirrored")) as readonly boolean[];
  expect(mirrored).toEqual(sample.map((table) => mirrorObstacle(table, provider) === undefined));
  // Both answers occur often.
  expect(mirrored.filter(Boolean).length).toBeGreaterThan(30);
  expect(mirrored.filter((can) => !can).length).toBeGreaterThan(30);
});
