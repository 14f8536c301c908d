/** Reads the vendor's live `dextr-` table at plan time, and stops the plan if a condition on the table fails. */
import { DataAwsDynamodbTable } from "@cdktf/provider-aws/lib/data-aws-dynamodb-table";
import { TerraformLocal } from "cdktf";
import type { Construct } from "constructs";
import { indexName } from "../config/aws-names";
import { blockingIndex } from "../config/blocking-index";

const { hashKey: HASH_KEY, rangeKey: RANGE_KEY, keyType: KEY_TYPE, projection: PROJECTION } = blockingIndex;

/** A condition of Terraform on the live table (`self`), with the message of the failed plan. */
export interface TableCondition {
  readonly condition: string;
  readonly errorMessage: string;
}

/** A Terraform expression on the live table (`self`). It is false only if an index has our name and another shape. */
export const noForeignIndex = `alltrue([for i in self.global_secondary_index : i.name != "${indexName}" || (i.hash_key == "${HASH_KEY}" && i.range_key == "${RANGE_KEY}" && i.projection_type == "${PROJECTION}")])`;

/** A Terraform expression on the live table (`self`): whether an index has our name. */
export const hasIndexOfOurName = `contains([for i in self.global_secondary_index : i.name], "${indexName}")`;

/** A Terraform template for messages: the shape of the existing index with our name. */
export const existingShape = `\${join("", [for i in self.global_secondary_index : "hash \${coalesce(i.hash_key, "none")}, range \${coalesce(i.range_key, "none")}, \${i.projection_type}" if i.name == "${indexName}"])}`;

/** Fails if another index uses an attribute of our index as a key of another type than string. */
export const rightKeyTypes: TableCondition = {
  condition: `\${alltrue([for a in self.attribute : !contains(["${HASH_KEY}", "${RANGE_KEY}"], a.name) || a.type == "${KEY_TYPE}"])}`,
  errorMessage:
    `Table \${self.name} already defines ` +
    `\${join(" and ", [for a in self.attribute : "\${a.name} as \${a.type}" if contains(["${HASH_KEY}", "${RANGE_KEY}"], a.name) && a.type != "${KEY_TYPE}"])}` +
    `, as a key of another index. Call blocking needs type S (string), and an attribute has only one type. Nothing was changed. ` +
    `This instance cannot have call blocking while that index exists. Ask the owner of the table to delete that index.`,
};

/** The data source of the live table: `data.aws_dynamodb_table.live`. */
export function readLiveTable(
  scope: Construct,
  tableName: string,
  postcondition: readonly TableCondition[],
): DataAwsDynamodbTable {
  const table = new DataAwsDynamodbTable(scope, "live", {
    name: tableName,
    lifecycle: { postcondition: [...postcondition] },
  });
  table.overrideLogicalId("live");
  return table;
}

/** The Terraform address of a data source. */
export const dataAddress = ({ terraformResourceType, friendlyUniqueId }: DataAwsDynamodbTable): string =>
  `data.${terraformResourceType}.${friendlyUniqueId}`;

/** A local value for the ARN of the KMS key that encrypts the table. @returns its reference */
export function tableKeyArn(scope: Construct, table: DataAwsDynamodbTable): string {
  const local = new TerraformLocal(
    scope,
    "key_arn",
    `\${one(${dataAddress(table)}.server_side_encryption[*].kms_key_arn)}`,
  );
  local.overrideLogicalId("table_key_arn");
  return `local.${local.friendlyUniqueId}`;
}
