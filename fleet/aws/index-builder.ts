/** The calls of `fleet index`: describe the table, add our index, and read the progress of the backfill. */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { DynamoDBClient, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import type { TableDescription, UpdateTableCommandInput } from "@aws-sdk/client-dynamodb";
import { blockingIndex, blockingIndexKeys } from "../../config/blocking-index";
import type { InstanceConfig, RoleConfig } from "../../config/types";
import { backfillPercentage } from "./backfill-progress";
import { abortable, capacityOf, describeTable } from "./live-table";
import { readFilesAgain, sharedRoleCredentials } from "./security-token-service";

/** Milliseconds. Without a limit, a lost connection would be noticed only after hours. */
const timeouts = { connectionTimeout: 5_000, requestTimeout: 60_000 };

export class IndexBuilder {
  private clients: { readonly dynamodb: DynamoDBClient; readonly cloudwatch: CloudWatchClient };

  /** @param role the role to assume; undefined to use the credentials that the SDK finds */
  constructor(
    private readonly instance: Pick<InstanceConfig, "region" | "table">,
    private readonly role: RoleConfig | undefined,
  ) {
    this.clients = this.connect();
  }

  /** Undefined if the table does not exist. @throws the error of AWS; an AbortError if `stop` is aborted */
  describe(stop: AbortSignal): Promise<TableDescription | undefined> {
    return describeTable(abortable(this.clients.dynamodb, stop), this.instance.table.name);
  }

  /**
   * One request that adds our index. It is never repeated: after a lost answer, only a description of the table shows whether DynamoDB
   * accepted the request.
   *
   * @throws the error of AWS
   */
  async create(table: TableDescription): Promise<void> {
    await this.clients.dynamodb.send(new UpdateTableCommand(indexCreation(this.instance.table.name, table)));
  }

  /** Rounded percentage; undefined if it is unknown. @throws the error of AWS */
  percentage(): Promise<number | undefined> {
    return backfillPercentage(this.clients.cloudwatch, this.instance.table.name);
  }

  /** Gets new credentials from their source, for example after the user has signed in again. */
  renewCredentials(): void {
    this.destroy();
    this.clients = this.connect();
  }

  /** Closes all connections. */
  destroy(): void {
    for (const client of Object.values(this.clients)) client.destroy();
  }

  private connect(): typeof this.clients {
    const { region } = this.instance;
    const settings = {
      region,
      // The caller decides how long to repeat requests.
      maxAttempts: 1,
      requestHandler: timeouts,
      ...readFilesAgain,
      ...(this.role === undefined
        ? {}
        : { credentials: sharedRoleCredentials(region, this.role.arn, this.role.externalId) }),
    };
    return { dynamodb: new DynamoDBClient(settings), cloudwatch: new CloudWatchClient(settings) };
  }
}

/**
 * The request that adds our index, with the capacity of the table. The request repeats the attribute definitions of the table, as the
 * requests of Terraform's provider do.
 */
export function indexCreation(TableName: string, table: TableDescription): UpdateTableCommandInput {
  const { AttributeDefinitions: existing = [] } = table;
  const missing = blockingIndexKeys.filter((key) => !existing.some(({ AttributeName }) => AttributeName === key));
  const capacity = capacityOf(table);
  return {
    TableName,
    AttributeDefinitions: [
      ...existing,
      ...missing.map((AttributeName) => ({ AttributeName, AttributeType: blockingIndex.keyType })),
    ],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: blockingIndex.name,
          KeySchema: [
            { AttributeName: blockingIndex.hashKey, KeyType: "HASH" },
            { AttributeName: blockingIndex.rangeKey, KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: blockingIndex.projection },
          ...(capacity === undefined
            ? {}
            : { ProvisionedThroughput: { ReadCapacityUnits: capacity.read, WriteCapacityUnits: capacity.write } }),
        },
      },
    ],
  };
}
