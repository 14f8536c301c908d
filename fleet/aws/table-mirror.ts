/** Decides from the description of a live table whether Terraform can mirror the table, like the conditions of the stack. */
import type { KeySchemaElement, TableDescription } from "@aws-sdk/client-dynamodb";
import { blockingIndexKeys } from "../../config/blocking-index";
import { cannotMirrorText, severalKeysCause, unreadKeysCause } from "../../config/table-mirror";
import type { AwsProviderConstraint, InstanceConfig } from "../../config/types";

type KeyType = NonNullable<KeySchemaElement["KeyType"]>;

const keysOf = (schema: readonly KeySchemaElement[] = [], type: KeyType): readonly string[] =>
  schema.filter(({ KeyType }) => KeyType === type).map(({ AttributeName = "" }) => AttributeName);

/** Why Terraform cannot mirror the table, in one sentence; undefined if it can, or if the stack only reads the table. */
export function mirrorProblem(table: TableDescription, instance: InstanceConfig): string | undefined {
  if (!instance.table.adopt) return undefined;
  const cause = mirrorObstacle(table, instance.awsProvider);
  return cause === undefined ? undefined : cannotMirrorText(instance.table.name, cause, instance);
}

/**
 * The cause, as it follows "because"; undefined if Terraform can mirror the table.
 *
 * Provider 5.x reads the last hash and the last range attribute of an index. The provider refuses a table if an attribute definition is not
 * one of the keys that the provider reads. Provider 6.29 and later reads an index with several hash attributes without `hash_key`. Neither
 * reads vector indexes, but the table defines their attributes.
 */
export function mirrorObstacle(table: TableDescription, provider: AwsProviderConstraint): string | undefined {
  const { KeySchema, AttributeDefinitions = [], GlobalSecondaryIndexes = [], LocalSecondaryIndexes = [] } = table;
  const schemas = [KeySchema, ...[...GlobalSecondaryIndexes, ...LocalSecondaryIndexes].map((index) => index.KeySchema)];
  const read = schemas.flatMap((schema) => [keysOf(schema, "HASH").at(-1), keysOf(schema, "RANGE").at(-1)]);
  const known: readonly (string | undefined)[] = [...blockingIndexKeys, ...read];
  const unread = AttributeDefinitions.map(({ AttributeName = "" }) => AttributeName).filter(
    (name) => !known.includes(name),
  );
  if (unread.length > 0) return unreadKeysCause(unread.sort().join(", "));
  if (provider.startsWith("~> 5.")) return undefined;
  const several = GlobalSecondaryIndexes.filter(
    (index) => keysOf(index.KeySchema, "HASH").length !== 1 || keysOf(index.KeySchema, "RANGE").length > 1,
  ).map(({ IndexName = "" }) => IndexName);
  return several.length === 0 ? undefined : severalKeysCause(several.sort().join(", "));
}
