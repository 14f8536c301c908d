/** The description of a contact table, as ConnectPath creates it. */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import type { InstanceConfig } from "../../../config/types";

/** Members of the description that differ. */
export type TableChanges = Omit<TableDescription, "TableName" | "TableArn"> & { readonly TableArn?: string };

type Described = TableDescription & { TableName: string; TableArn: string };

/** On demand, with one index of the vendor. */
export function vendorTable({ table }: Pick<InstanceConfig, "table">, changes: TableChanges = {}): Described {
  return {
    TableName: table.name,
    TableArn: table.arn,
    TableStatus: "ACTIVE",
    ItemCount: 1000,
    BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
    AttributeDefinitions: ["hash", "range", "queue"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: [
      { AttributeName: "hash", KeyType: "HASH" },
      { AttributeName: "range", KeyType: "RANGE" },
    ],
    GlobalSecondaryIndexes: [vendorIndex("queue-index")],
    ...changes,
  };
}

export const vendorIndex = (IndexName: string) => ({
  IndexName,
  IndexStatus: "ACTIVE" as const,
  KeySchema: [{ AttributeName: "queue", KeyType: "HASH" as const }],
  Projection: { ProjectionType: "ALL" as const },
});
