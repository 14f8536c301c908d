/** What is read off the description of a live table. */
import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  TableDescription,
} from "@aws-sdk/client-dynamodb";
import { indexName } from "../../config/aws-names";

/** The index of our name, of whatever shape. */
export function ourIndex({
  GlobalSecondaryIndexes = [],
}: TableDescription): GlobalSecondaryIndexDescription | undefined {
  return GlobalSecondaryIndexes.find(({ IndexName }) => IndexName === indexName);
}

/** `hash Disposition, range CustomerEndpoint, KEYS_ONLY` */
export function shapeOf({ KeySchema = [], Projection }: LocalSecondaryIndexDescription): string {
  const key = (type: string): string => {
    const names = KeySchema.filter(({ KeyType }) => KeyType === type).map(({ AttributeName = "" }) => AttributeName);
    return names.length === 0 ? "none" : names.join(" + ");
  };
  return `hash ${key("HASH")}, range ${key("RANGE")}, ${Projection?.ProjectionType ?? "no projection"}`;
}

/** Capacity units a second of a provisioned table, or undefined on demand. A summary is absent on tables that never were on demand. */
export function capacityOf({ BillingModeSummary, ProvisionedThroughput }: TableDescription) {
  if (BillingModeSummary?.BillingMode === "PAY_PER_REQUEST") return undefined;
  return { read: ProvisionedThroughput?.ReadCapacityUnits ?? 0, write: ProvisionedThroughput?.WriteCapacityUnits ?? 0 };
}

/** What to do about a table whose status keeps it from being read or changed. */
export function remedyOfStatus(status: string | undefined): string {
  return status === "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    ? "Give DynamoDB access to the table's KMS key again; after 7 days without it DynamoDB archives the table."
    : "It is ConnectPath's table: ask its administrators what is happening to it.";
}

/** Names of the table's own keys, the partition key first. */
export function tableKeys({ KeySchema = [] }: TableDescription): readonly string[] {
  return ["HASH", "RANGE"].flatMap((type) =>
    KeySchema.filter(({ KeyType }) => KeyType === type).map(({ AttributeName = "" }) => AttributeName),
  );
}

/** `hash (HASH), range (RANGE)`, of a table or an index. */
export function keysText(keys: readonly KeySchemaElement[]): string {
  return keys.map(({ AttributeName = "", KeyType = "" }) => `${AttributeName} (${KeyType})`).join(", ");
}
