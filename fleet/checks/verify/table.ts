/** Checks that the contact table and our index exist, have the right shape and are ready for lookups. */
import type { GlobalSecondaryIndexDescription, TableDescription } from "@aws-sdk/client-dynamodb";
import { indexName } from "../../../config/aws-names";
import { blockingIndex, blockingIndexKeys } from "../../../config/blocking-index";
import type { InstanceConfig } from "../../../config/types";
import { failed, ok } from "../finding";
import { backfillPercentage } from "../../aws/backfill-progress";
import type { InstanceClients } from "../../aws/instance-clients";
import { creationStep, describeTable, isUsable, keysText, ourIndex, fixForStatus } from "../../aws/live-table";
import { mirrorProblem } from "../../aws/table-mirror";
import type { Check, Finding } from "./check";
import { runCheck } from "./check";

const rightKeys = `${blockingIndex.hashKey} (HASH), ${blockingIndex.rangeKey} (RANGE)`;

/** The checks `table` and `index`. @throws CredentialsError */
export async function tableChecks(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  let table: TableDescription | undefined;
  const first = await runCheck("table", async () => {
    table = await describeTable(clients.dynamodb, instance.table.name);
    return table === undefined ? noTable(instance) : tableFinding(instance, table);
  });
  if (table === undefined) return [first];
  const { AttributeDefinitions = [] } = table;
  const index = ourIndex(table);
  const types = new Map(AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
  return [first, await runCheck("index", () => indexFinding(instance, clients, index, types))];
}

/**
 * The faults in the status of the table and of our index, if the index exists. A plan does not show this status.
 *
 * @throws the error of AWS
 */
export async function tableStateFindings(
  instance: InstanceConfig,
  clients: InstanceClients,
): Promise<readonly Finding[]> {
  const table = await describeTable(clients.dynamodb, instance.table.name);
  if (table === undefined) return [noTable(instance)];
  const index = ourIndex(table);
  if (index === undefined) return [tableFinding(instance, table)];
  const types = new Map(
    table.AttributeDefinitions?.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  );
  return [tableFinding(instance, table), await indexFinding(instance, clients, index, types)];
}

function noTable({ table, account, region, name }: InstanceConfig): Finding {
  return failed(
    `There is no table ${table.name} in ${region} of account ${account}. No caller is blocked.`,
    `If ConnectPath's table has another name, set tableName of instance ${name}. If the table was deleted, ask ConnectPath's support to restore it.`,
  );
}

function tableFinding(instance: InstanceConfig, description: TableDescription): Finding {
  const { table } = instance;
  const { TableStatus } = description;
  // Lookups work while the table or its indexes are updated, and while Terraform cannot mirror the table.
  if (TableStatus === "ACTIVE" || TableStatus === "UPDATING") {
    const problem = mirrorProblem(description, instance);
    return ok(`${table.name} is ${TableStatus}.${problem === undefined ? "" : ` ${problem}`}`);
  }
  return failed(
    `${table.name} is ${TableStatus ?? "in an unknown state"}. Lookups fail, and no caller is blocked.`,
    fixForStatus(TableStatus),
  );
}

async function indexFinding(
  instance: InstanceConfig,
  clients: InstanceClients,
  index: GlobalSecondaryIndexDescription | undefined,
  types: ReadonlyMap<string | undefined, string | undefined>,
): Promise<Finding> {
  if (index === undefined) {
    return failed(
      `${instance.table.name} has no index ${indexName}. Every lookup fails with index_missing, and no caller is blocked.`,
      creationStep(instance),
    );
  }
  const keys = keysText(index.KeySchema ?? []);
  const wrongType = blockingIndexKeys.find((key) => types.get(key) !== blockingIndex.keyType);
  if (keys !== rightKeys || wrongType !== undefined) {
    const wrong = keys === rightKeys ? `${wrongType ?? ""} of type ${types.get(wrongType) ?? "unknown"}` : keys;
    return failed(
      `${indexName} has the keys ${wrong} instead of ${rightKeys}, both of type S. Every lookup fails, and no caller is blocked.`,
      `Another index has this name. Find out what uses it, and wait until it is deleted. ${creationStep(instance)}`,
    );
  }
  const { IndexStatus = "unknown", Backfilling = false, ItemCount = 0, Projection } = index;
  if (isUsable(index)) {
    return ok(
      `${indexName} is ${IndexStatus}, ${Projection?.ProjectionType ?? ""}, about ${ItemCount} items (DynamoDB updates the count every six hours).`,
    );
  }
  if (IndexStatus !== "CREATING") {
    return failed(
      `${indexName} is ${IndexStatus}. No caller is blocked.`,
      `Wait until it is deleted. ${creationStep(instance)}`,
    );
  }
  const stage = Backfilling ? "is backfilling" : "waits for resources";
  return failed(
    `${indexName} is CREATING and ${stage}${await progress(instance, clients)}. Until it is ACTIVE, lookups fail with index_backfilling, and no caller is blocked.`,
    "Wait, then verify again. A large table takes hours. Meanwhile all calls go through.",
  );
}

/** Progress of the index backfill, such as ` (40 % done)`; empty if CloudWatch has no data or may not be read: the progress is optional. */
async function progress({ table }: InstanceConfig, { cloudwatch }: InstanceClients): Promise<string> {
  const percentage = await backfillPercentage(cloudwatch, table.name).catch(() => undefined);
  return percentage === undefined ? "" : ` (${percentage} % done)`;
}
