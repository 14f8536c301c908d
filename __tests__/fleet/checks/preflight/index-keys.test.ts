/** Values that DynamoDB accepts as a key of the index, compared with written rules and with an emulator. */
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { AttributeValue, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { indexKeyNames, violation } from "../../../../fleet/checks/preflight/index-keys";
import type { IndexKey, Shape } from "../../../../fleet/checks/preflight/index-keys";
import { startLargeTable } from "./large-table";
import type { LargeTable } from "./large-table";
import { unicodeString } from "../../../unicode-string";

jest.setTimeout(60_000);

/**
 * The rules: the violation for each type of a value that is used as a key of type S. Strings are refused if they are empty or
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
const maxBytes: Readonly<Record<IndexKey, number>> = { Disposition: 2048, CustomerEndpoint: 1024 };

function expectedViolation(key: IndexKey, value: AttributeValue): Shape | undefined {
  const [[type, content]] = Object.entries(value) as [[string, unknown]];
  if (type !== "S") return ruleOfType[type];
  const bytes = new TextEncoder().encode(content as string).length;
  if (bytes === 0) return "empty string";
  return bytes > maxBytes[key] ? "too long" : undefined;
}

const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 });
const numberText = fc.integer().map(String);
/** Arbitrary strings, and strings around both limits with characters of one to four bytes. */
const texts = fc.oneof(
  fc.string(),
  unicodeString(),
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

test("every value of every type has the violation that the rules expect", () => {
  fc.assert(
    fc.property(fc.constantFrom(...indexKeyNames), values, (key, value) => {
      expect(violation(key, value)).toBe(expectedViolation(key, value));
    }),
    { numRuns: 2000 },
  );
});

test("an item without the attribute has no violation", () => {
  for (const key of indexKeyNames) expect(violation(key, undefined)).toBeUndefined();
});

test("the limits are 2,048 and 1,024 bytes in UTF-8", () => {
  expect(violation("Disposition", { S: "é".repeat(1024) })).toBeUndefined();
  expect(violation("Disposition", { S: `${"é".repeat(1024)}x` })).toBe("too long");
  expect(violation("CustomerEndpoint", { S: "€".repeat(341) })).toBeUndefined();
  expect(violation("CustomerEndpoint", { S: "€".repeat(342) })).toBe("too long");
});

describe("compared with an emulator", () => {
  let table: LargeTable;
  let dynamodb: DynamoDBClient;

  beforeAll(async () => {
    table = await startLargeTable();
    dynamodb = table.client();
    // The rules for keys of a table and of an index are the same, but the emulator checks only keys of a table.
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

  /** dynalite measures keys in UTF-16 units, which equal bytes only for ASCII. */
  const measurable = (value: AttributeValue): boolean => value.S === undefined || /^[\x20-\x7e]*$/.test(value.S);

  test("DynamoDB refuses a pair of values if and only if one of the values is a violation", async () => {
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
