/** A contact table as the vendor's CloudFormation creates it, with four indexes and finished contacts. */
import {
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  type GlobalSecondaryIndex,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";

export const attribute = (AttributeName: string, AttributeType: "S" | "N" | "B" = "S") => ({
  AttributeName,
  AttributeType,
});

/** A global index that projects all attributes. */
export function index(
  IndexName: string,
  hash: string,
  range?: string,
  more: Partial<GlobalSecondaryIndex> = {},
): GlobalSecondaryIndex {
  return {
    IndexName,
    KeySchema: [
      { AttributeName: hash, KeyType: "HASH" },
      ...(range === undefined ? [] : [{ AttributeName: range, KeyType: "RANGE" as const }]),
    ],
    Projection: { ProjectionType: "ALL" },
    ...more,
  };
}

export const keys = {
  KeySchema: [
    { AttributeName: "hash", KeyType: "HASH" as const },
    { AttributeName: "range", KeyType: "RANGE" as const },
  ],
};
export const keyAttributes = [attribute("hash"), attribute("range")];
export const keysOnly = { Projection: { ProjectionType: "KEYS_ONLY" as const } };

/** On demand, with four indexes of every kind. */
export const onDemandTable: Omit<CreateTableCommandInput, "TableName"> = {
  ...keys,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [...keyAttributes, attribute("g1"), attribute("g2", "N"), attribute("g3", "B")],
  GlobalSecondaryIndexes: [
    index("vendor-1", "g1", "g2"),
    index("vendor-2", "g3", undefined, keysOnly),
    index("vendor-3", "g1", "range", { Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["b", "a"] } }),
    index("vendor-4", "range", "hash"),
  ],
};

/** Text attributes of a contact. */
export type Contact = Readonly<Record<string, string>>;

/** Creates the table with these contacts. An attribute that is a key of another type in the table is left out. */
export async function createTableWithContacts(
  dynamodb: DynamoDBClient,
  table: CreateTableCommandInput,
  contacts: readonly Contact[],
): Promise<void> {
  await dynamodb.send(new CreateTableCommand(table));
  const types = new Map(table.AttributeDefinitions?.map((a) => [a.AttributeName, a.AttributeType]));
  for (const contact of contacts) {
    const Item: Record<string, AttributeValue> = {};
    // DynamoDB refuses a string for an index key of type number.
    for (const [name, value] of Object.entries(contact))
      if ((types.get(name) ?? "S") === "S") Item[name] = { S: value };
    await dynamodb.send(new PutItemCommand({ TableName: table.TableName, Item }));
  }
}
