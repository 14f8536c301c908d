/** Looks at the vendor's table and our index on it: both must be there, have the right shape and be ready to answer. */
import { GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import type { GlobalSecondaryIndexDescription, TableDescription } from "@aws-sdk/client-dynamodb";
import { indexName } from "../../../config/aws-names";
import type { InstanceConfig } from "../../../config/types";
import { absent } from "../../aws/errors";
import { failed, ok } from "../finding";
import type { InstanceClients } from "../../aws/instance-clients";
import { keysText, ourIndex, remedyOfStatus } from "../../aws/live-table";
import type { Check, Finding } from "./check";
import { runCheck } from "./check";

const rightKeys = "Disposition (HASH), CustomerEndpoint (RANGE)";

/** The checks `table` and `index`. @throws CannotAsk */
export async function tableChecks(instance: InstanceConfig, clients: InstanceClients): Promise<readonly Check[]> {
  let table: TableDescription | undefined;
  const first = await runCheck("table", async () => {
    const request = new DescribeTableCommand({ TableName: instance.table.name });
    table = (await absent(clients.dynamodb.send(request)))?.Table;
    return table === undefined ? noTable(instance) : tableFinding(instance, table);
  });
  if (table === undefined) return [first];
  const { AttributeDefinitions = [] } = table;
  const index = ourIndex(table);
  const types = new Map(AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]));
  return [first, await runCheck("index", () => indexFinding(instance, clients, index, types))];
}

function noTable({ table, account, region, name }: InstanceConfig): Finding {
  return failed(
    `There is no table ${table.name} in ${region} of account ${account}: nobody is blocked.`,
    `If ConnectPath's table has another name, set tableName of instance ${name}. If it is gone, restore it: see ConnectPath's support.`,
  );
}

function tableFinding({ table }: InstanceConfig, { TableStatus }: TableDescription): Finding {
  // While anything about it or its indexes is changed, a table goes on to answer.
  if (TableStatus === "ACTIVE" || TableStatus === "UPDATING") return ok(`${table.name} is ${TableStatus}.`);
  return failed(
    `${table.name} is ${TableStatus ?? "in no known state"}: lookups fail, and nobody is blocked.`,
    remedyOfStatus(TableStatus),
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
      `${instance.table.name} has no index ${indexName}: every lookup fails as index_missing, and nobody is blocked.`,
      `Deploy ${instance.stackName}.`,
    );
  }
  const keys = keysText(index.KeySchema ?? []);
  const wrongType = ["Disposition", "CustomerEndpoint"].find((attribute) => types.get(attribute) !== "S");
  if (keys !== rightKeys || wrongType !== undefined) {
    const wrong = keys === rightKeys ? `${wrongType ?? ""} of type ${types.get(wrongType) ?? "unknown"}` : keys;
    return failed(
      `${indexName} has the keys ${wrong} instead of ${rightKeys}, both of type S: every lookup fails, and nobody is blocked.`,
      "Somebody made an index of this name. Find out what uses it; once it is deleted, deploy again.",
    );
  }
  const { IndexStatus = "unknown", Backfilling = false, ItemCount = 0, Projection } = index;
  // UPDATING is a change of its capacity, during which it answers.
  if (IndexStatus === "ACTIVE" || IndexStatus === "UPDATING") {
    return ok(
      `${indexName} is ${IndexStatus}, ${Projection?.ProjectionType ?? ""}, about ${ItemCount} items (DynamoDB counts every six hours).`,
    );
  }
  if (IndexStatus !== "CREATING") {
    return failed(`${indexName} is ${IndexStatus}: nobody is blocked.`, `Wait until it is gone, then deploy again.`);
  }
  const stage = Backfilling ? "is being filled from the table" : "waits for its resources";
  return failed(
    `${indexName} is CREATING and ${stage}${await progress(instance, clients)}: until it is ACTIVE lookups fail as index_backfilling, and nobody is blocked.`,
    "Wait, and verify again: a large table takes hours. Calls go through meanwhile.",
  );
}

/** How often DynamoDB reports on an index in the making, and how far back to look for a report: both in seconds. */
const [reportEvery, lookBack] = [60, 1800];

/**
 * How much of the index is built, as text to put behind a sentence; empty where CloudWatch does not say or may not be asked.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html (OnlineIndexPercentageProgress)
 */
async function progress({ table }: InstanceConfig, { cloudwatch }: InstanceClients): Promise<string> {
  const now = Date.now();
  try {
    const { MetricDataResults } = await cloudwatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(now - lookBack * 1000),
        EndTime: new Date(now),
        ScanBy: "TimestampDescending",
        MetricDataQueries: [
          {
            Id: "progress",
            MetricStat: {
              Stat: "Maximum",
              Period: reportEvery,
              Metric: {
                Namespace: "AWS/DynamoDB",
                MetricName: "OnlineIndexPercentageProgress",
                Dimensions: [
                  { Name: "TableName", Value: table.name },
                  { Name: "GlobalSecondaryIndexName", Value: indexName },
                ],
              },
            },
          },
        ],
      }),
    );
    const latest = MetricDataResults?.[0]?.Values?.[0];
    return latest === undefined ? "" : ` (${Math.round(latest)} % done)`;
  } catch {
    // The check has its answer without it.
    return "";
  }
}
