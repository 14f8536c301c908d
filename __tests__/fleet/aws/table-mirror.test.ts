/** Whether Terraform can mirror a table is decided by the keys that the AWS provider reads, not by the kind of an index. */
import type { KeySchemaElement, TableDescription } from "@aws-sdk/client-dynamodb";
import { mirrorObstacle, mirrorProblem } from "../../../fleet/aws/table-mirror";
import { sampleInstance } from "../../stacks/sample-instance";

const hash = (AttributeName: string): KeySchemaElement => ({ AttributeName, KeyType: "HASH" });
const range = (AttributeName: string): KeySchemaElement => ({ AttributeName, KeyType: "RANGE" });

/** A table with the keys hash and range, these further attribute definitions, and an index for each of these keys. */
const table = (attributes: readonly string[], ...keys: readonly KeySchemaElement[][]): TableDescription => ({
  KeySchema: [hash("hash"), range("range")],
  AttributeDefinitions: ["hash", "range", ...attributes].map((AttributeName) => ({
    AttributeName,
    AttributeType: "S",
  })),
  GlobalSecondaryIndexes: keys.map((KeySchema, n) => ({ IndexName: `vendor-${n + 1}`, KeySchema })),
});

const eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
const five = "~> 5.100.0";
const six = ">= 6.44, < 7";

const unread = (attributes: string): string =>
  `the AWS provider does not read the index with the key ${attributes} (an index with several hash or range attributes, or a vector index)`;

test.each<[string, TableDescription, string | undefined]>([
  ["no index", table([]), undefined],
  ["an index with one key", table(["a"], [hash("a")]), undefined],
  ["an index with both keys", table(["a", "b"], [hash("a"), range("b")]), undefined],
  ["our attributes without an index", table(["Disposition", "CustomerEndpoint"]), undefined],
  ["two hash attributes", table(["a", "b"], [hash("a"), hash("b"), range("range")]), unread("a")],
  ["two range attributes", table(["a", "b", "c"], [hash("a"), range("b"), range("c")]), unread("b")],
  [
    "four hash and four range attributes",
    table(eight, [...eight.slice(0, 4).map(hash), ...eight.slice(4).map(range)]),
    unread("a, b, c, e, f, g"),
  ],
  ["the attributes of a vector index", table(["a", "language"], [hash("a")]), unread("language")],
  [
    "two hash attributes that are keys of other indexes too",
    table(["a", "b"], [hash("a"), hash("b")], [hash("a")]),
    undefined,
  ],
  [
    "Disposition as the first of two hash attributes",
    table(["Disposition", "b"], [hash("Disposition"), hash("b")]),
    undefined,
  ],
])("provider 5.x and a table with %s", (_, description, expected) => {
  expect(mirrorObstacle(description, five)).toBe(expected);
});

test("a local index counts like a global one", () => {
  const KeySchema = [hash("hash"), range("l1")];
  expect(mirrorObstacle({ ...table(["l1"]), LocalSecondaryIndexes: [{ IndexName: "l", KeySchema }] }, five)).toBe(
    undefined,
  );
});

test("provider 6.x also needs one hash and at most one range attribute in each index", () => {
  const both = table(["a", "b"], [hash("a"), hash("b")], [hash("a")]);
  expect(mirrorObstacle(both, six)).toBe(
    "the AWS provider does not read exactly one hash attribute and at most one range attribute of the index vendor-1",
  );
  expect(mirrorObstacle(table(["a", "b"], [hash("a"), range("b")]), six)).toBeUndefined();
});

test("the problem is one sentence with the alternative, and a stack that only reads the table has none", () => {
  const description = table(["a", "b"], [hash("a"), hash("b")]);
  expect(mirrorProblem(description, sampleInstance)).toBe(
    `Terraform cannot mirror the table dextr-acme, because ${unread("a")}: nothing was changed, calls continue as before, and to deploy without ` +
      "managing the table, set table: { adopt: false } for acme in environments/test.yaml.",
  );
  const reading = { ...sampleInstance, table: { ...sampleInstance.table, adopt: false } };
  expect(mirrorProblem(description, reading)).toBeUndefined();
});
