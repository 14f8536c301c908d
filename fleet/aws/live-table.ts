/** Reads the description of a live table. */
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import type {
  DynamoDBClient,
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  TableDescription,
} from "@aws-sdk/client-dynamodb";
import { indexName } from "../../config/aws-names";
import { blockingIndexShape } from "../../config/blocking-index";
import type { InstanceConfig } from "../../config/types";
import { undefinedIfAbsent } from "./errors";

/** @throws ResourceNotFoundException if the table does not exist */
export async function describeExistingTable(
  dynamodb: Pick<DynamoDBClient, "send">,
  TableName: string,
): Promise<TableDescription> {
  return (await dynamodb.send(new DescribeTableCommand({ TableName }))).Table ?? {};
}

/** Undefined if the table does not exist. */
export async function describeTable(
  dynamodb: Pick<DynamoDBClient, "send">,
  TableName: string,
): Promise<TableDescription | undefined> {
  return undefinedIfAbsent(describeExistingTable(dynamodb, TableName));
}

/** The client for requests that end when `stop` is aborted. */
export function abortable(dynamodb: DynamoDBClient, stop: AbortSignal): Pick<DynamoDBClient, "send"> {
  const send = ((command: Parameters<typeof dynamodb.send>[0]) =>
    dynamodb.send(command, { abortSignal: stop })) as typeof dynamodb.send;
  return { send };
}

/** The index with our name, in any shape. */
export function ourIndex({
  GlobalSecondaryIndexes = [],
}: TableDescription): GlobalSecondaryIndexDescription | undefined {
  return GlobalSecondaryIndexes.find(({ IndexName }) => IndexName === indexName);
}

/** Whether lookups work in the index. An index is UPDATING while its capacity changes, and lookups work during the change. */
export function isUsable(index: GlobalSecondaryIndexDescription | undefined): boolean {
  return index?.IndexStatus === "ACTIVE" || index?.IndexStatus === "UPDATING";
}

/** What to do if the table has no index with our name: a stack that only reads the table does not create the index. */
export function creationStep({ table: { adopt }, stackName }: Pick<InstanceConfig, "table" | "stackName">): string {
  return adopt
    ? `Deploy ${stackName}.`
    : `Create the index with npm run fleet -- index stack=${stackName}, or ask the owner of the table to create it (${blockingIndexShape}).`;
}

/** Keys and projection of an index as text: `hash Disposition, range CustomerEndpoint, KEYS_ONLY`. */
export function shapeOf({ KeySchema = [], Projection }: LocalSecondaryIndexDescription): string {
  const key = (type: string): string => {
    const names = KeySchema.filter(({ KeyType }) => KeyType === type).map(({ AttributeName = "" }) => AttributeName);
    return names.length === 0 ? "none" : names.join(" + ");
  };
  return `hash ${key("HASH")}, range ${key("RANGE")}, ${Projection?.ProjectionType ?? "no projection"}`;
}

/** Capacity units per second of a provisioned table; undefined for an on-demand table. Tables that were never on demand have no `BillingModeSummary`. */
export function capacityOf({ BillingModeSummary, ProvisionedThroughput }: TableDescription) {
  if (BillingModeSummary?.BillingMode === "PAY_PER_REQUEST") return undefined;
  return { read: ProvisionedThroughput?.ReadCapacityUnits ?? 0, write: ProvisionedThroughput?.WriteCapacityUnits ?? 0 };
}

/** The fix for a table that cannot be read or changed because of its status. */
export function fixForStatus(status: string | undefined): string {
  return status === "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    ? "Restore DynamoDB's access to the table's KMS key. DynamoDB archives the table after 7 days without access."
    : "The table belongs to ConnectPath. Ask its administrators about its status.";
}

/** Names of the table's own keys, partition key first. */
export function tableKeys({ KeySchema = [] }: TableDescription): readonly string[] {
  return ["HASH", "RANGE"].flatMap((type) =>
    KeySchema.filter(({ KeyType }) => KeyType === type).map(({ AttributeName = "" }) => AttributeName),
  );
}

/** Keys of a table or an index as text: `hash (HASH), range (RANGE)`. */
export function keysText(keys: readonly KeySchemaElement[] = []): string {
  return keys.map(({ AttributeName = "", KeyType = "" }) => `${AttributeName} (${KeyType})`).join(", ");
}
