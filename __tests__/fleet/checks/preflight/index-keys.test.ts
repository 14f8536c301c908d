/** What DynamoDB takes as a key of the index: a written table of rules, and an emulator of DynamoDB asked the same. */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { indexKeyNames, violation } from "../../../../fleet/checks/preflight/index-keys";
import type { IndexKey, Shape } from "../../../../fleet/checks/preflight/index-keys";
import { startLargeTable } from "./large-table";
import type { LargeTable } from "./large-table";

jest.setTimeout(60_000);

/**
 * The rules, written down: by type of the value, what it is as a key of type S. Of strings: empty ones are refused, and those
 * over the limit. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
const ruleOfType: Readonly<Record<string, Shape>> = {
  N: "number",
  NULL: "null",
  BOOL: "boolean",
  M: "map",
  L: "list",
  B: "binary",
  SS: "string set",
  NS: "number set",
  BS: "binary set",
};
const bytesOf: Readonly<Record<IndexKey, number>> = { Disposition: 2048, CustomerEndpoint: 1024 };

function byTheRules(key: IndexKey, value: AttributeValue): Shape | undefined {
  const [[type, content]] = Object.entries(value) as [[string, unknown]];
  if (type !== "S") return ruleOfType[type];
  const bytes = new TextEncoder().encode(content as string).length;
  if (bytes === 0) return "empty string";
  return bytes > bytesOf[key] ? "too long" : undefined;
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 });
const numberText = fc.integer().map(String);
/** Strings around both limits, of characters of one byte to four, beside arbitrary ones. */
const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc
    .tuple(fc.constantFrom("x", "é", "€", "😀"), fc.constantFrom(1024, 2048), fc.integer({ min: -4, max: 4 }))
    .map(([unit, around, more]) => {
      const size = Buffer.byteLength(unit);
      return unit.repeat(Math.floor((around + more) / size)) + "x".repeat((around + more) % size);
    }),
);
const simple: fc.Arbitrary<AttributeValue> = fc.oneof(
  texts.map((S) => ({ S })),
  numberText.map((N) => ({ N })),
  fc.constant({ NULL: true as const }),
  fc.boolean().map((BOOL) => ({ BOOL })),
  bytes.map((B) => ({ B })),
  fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }).map((SS) => ({ SS })),
  fc.uniqueArray(numberText, { minLength: 1, maxLength: 4 }).map((NS) => ({ NS })),
  fc.uniqueArray(bytes, { minLength: 1, maxLength: 4, selector: String }).map((BS) => ({ BS })),
);
const values: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 3, arbitrary: simple },
  { weight: 1, arbitrary: fc.array(simple, { maxLength: 3 }).map((L) => ({ L })) },
  { weight: 1, arbitrary: fc.dictionary(fc.string({ minLength: 1 }), simple, { maxKeys: 3 }).map((M) => ({ M })) },
);

test("any value of any type is what the rules say it is", () => {
  fc.assert(
    fc.property(fc.constantFrom(...indexKeyNames), values, (key, value) => {
      expect(violation(key, value)).toBe(byTheRules(key, value));
    }),
    { numRuns: 2000 },
  );
});

test("an item that lacks the attribute is merely not in the index", () => {
  for (const key of indexKeyNames) expect(violation(key, undefined)).toBeUndefined();
});

test("the limits are bytes of UTF-8, 2,048 and 1,024", () => {
  expect(violation("Disposition", { S: "é".repeat(1024) })).toBeUndefined();
  expect(violation("Disposition", { S: `${"é".repeat(1024)}x` })).toBe("too long");
  expect(violation("CustomerEndpoint", { S: "€".repeat(341) })).toBeUndefined();
  expect(violation("CustomerEndpoint", { S: "€".repeat(342) })).toBe("too long");
});

describe("asked of an emulator", () => {
  let table: LargeTable;
  let dynamodb: DynamoDBClient;

  beforeAll(async () => {
    table = await startLargeTable();
    dynamodb = table.client();
    // Keys of a table are held to the rules of an index's keys, and emulators know them better.
    await table.create({
      TableName: "as-keys",
      AttributeDefinitions: indexKeyNames.map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: [
        { AttributeName: "Disposition", KeyType: "HASH" },
        { AttributeName: "CustomerEndpoint", KeyType: "RANGE" },
      ],
    });
  });
  afterAll(() => table.stop());

  /** dynalite measures keys in UTF-16 units, which are bytes for ASCII alone. */
  const measurable = (value: AttributeValue): boolean => value.S === undefined || /^[\x20-\x7e]*$/.test(value.S);

  test("DynamoDB refuses exactly the pairs of values of which one is a violation", async () => {
    await fc.assert(
      fc.asyncProperty(values.filter(measurable), values.filter(measurable), async (Disposition, CustomerEndpoint) => {
        const wrong = [violation("Disposition", Disposition), violation("CustomerEndpoint", CustomerEndpoint)];
        const put = dynamodb.send(
          new PutItemCommand({ TableName: "as-keys", Item: { Disposition, CustomerEndpoint } }),
        );
        const refused = await put.then(
          () => false,
          (error: unknown) => error instanceof Error && error.name === "ValidationException",
        );
        expect(refused).toBe(wrong.some((shape) => shape !== undefined));
      }),
      { numRuns: 400 },
    );
  });
});
