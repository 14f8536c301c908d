/** Reports the status of the contact table and its indexes: Terraform does not check this status. */
import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { indexName } from "../../config/aws-names";
import { blockingIndexShape } from "../../config/blocking-index";
import type { InstanceConfig } from "../../config/types";
import type { InstanceClients } from "../aws/instance-clients";
import { describeExistingTable, fixForStatus, ourIndex, shapeOf } from "../aws/live-table";
import type { Violation } from "../guard/rule";
import { errorMessage } from "../output/error-message";

export interface TableStatus {
  /** The deployment would fail, or its lookups would. */
  readonly violations: readonly Violation[];
  /** What the deployment waits for, or cannot wait for. */
  readonly warnings: readonly string[];
}

const nothing: TableStatus = { violations: [], warnings: [] };

/** Reads the table once. A released instance needs no lookups, so its table is not read. */
export async function readTableStatus(instance: InstanceConfig, clients: InstanceClients): Promise<TableStatus> {
  if (instance.release !== undefined) return nothing;
  try {
    return tableStatusOf(instance, await describeExistingTable(clients.dynamodb, instance.table.name));
  } catch (error) {
    const warning = `The status of the table ${instance.table.name} and its indexes was not checked. ${errorMessage(error)}`;
    return { violations: [], warnings: [warning] };
  }
}

export function tableStatusOf(
  { table: { name, adopt }, stackName }: InstanceConfig,
  table: Pick<TableDescription, "TableStatus" | "GlobalSecondaryIndexes">,
): TableStatus {
  const { TableStatus = "ACTIVE" } = table;
  const refuse = (what: string, fix: string): TableStatus => ({
    violations: [{ rule: "table-status", address: "", what, fix }],
    warnings: [],
  });
  const warn = (warning: string): TableStatus => ({ violations: [], warnings: [warning] });
  // Lookups work while the table or an index is UPDATING.
  if (TableStatus !== "ACTIVE" && TableStatus !== "UPDATING") {
    const what = `The table ${name} is ${TableStatus}. Terraform cannot change the table, lookups fail, and no caller is blocked.`;
    return refuse(what, fixForStatus(TableStatus));
  }
  const index = ourIndex(table);
  const status = index?.IndexStatus;
  if (status === "DELETING") {
    return refuse(
      `The index ${indexName} of ${name} is DELETING. No caller is blocked, and the deployment would not create the index again.`,
      "Wait until it is deleted, and plan again. Find out who deletes the index.",
    );
  }
  // The provider reads only the last hash and the last range attribute of an index, so a plan can show our shape for another one.
  if (index !== undefined && shapeOf(index) !== blockingIndexShape) {
    return refuse(
      `The index ${indexName} of ${name} has another shape: ${shapeOf(index)}. With other keys, every lookup fails, and no caller is blocked.`,
      `Call blocking needs: ${blockingIndexShape}. Find out what uses the index. After it is deleted, ` +
        (adopt ? "plan again." : `create the index with npm run fleet -- index stack=${stackName}, and plan again.`),
    );
  }
  if (status === "CREATING") {
    return warn(
      `The index ${indexName} of ${name} is CREATING. Terraform does not wait for an index that exists already: until the index is ACTIVE, no ` +
        `caller is blocked, and the verification fails. Wait before you deploy: npm run fleet -- index --wait ${stackName}`,
    );
  }
  if (status !== undefined) return nothing;
  const busy = busyWith(table);
  if (busy.length === 0) return nothing;
  return warn(
    `${name}: ${busy.join(", ")}. Meanwhile DynamoDB refuses to add ${indexName} (LimitExceededException, ResourceInUseException). ${repeated} ` +
      "fleet deploy shows what it waits for.",
  );
}

/** What Terraform's provider does with the request that DynamoDB refuses. */
export const repeated = "Terraform's provider repeats the request for up to 84 minutes, without a message.";

/** Why DynamoDB refuses to add or to delete another index of the table, such as `the index i is CREATING`; empty if nothing is being changed. */
export function busyWith({
  TableStatus,
  GlobalSecondaryIndexes: indexes = [],
}: Pick<TableDescription, "TableStatus" | "GlobalSecondaryIndexes">): readonly string[] {
  const busy = indexes.filter(({ IndexStatus }) => IndexStatus === "CREATING" || IndexStatus === "DELETING");
  const named = busy.map(({ IndexName = "", IndexStatus = "" }) => `the index ${IndexName} is ${IndexStatus}`);
  return named.length === 0 && TableStatus === "UPDATING" ? ["the table is UPDATING"] : named;
}
