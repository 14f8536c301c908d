/** The part of DynamoDB that adds indexes: tables whose new index is built as slowly as a test needs, and the refusals of AWS. */
import type { AttributeDefinition, GlobalSecondaryIndexDescription, TableDescription } from "@aws-sdk/client-dynamodb";
import type { AwsResponse, Responder } from "./aws-endpoint";

/** AWS's quotas of global secondary indexes: for each table, and for indexes that are built at the same time in an account and region. */
const [perTable, atTheSameTime] = [20, 5];

type Table = { -readonly [Key in keyof TableDescription]: TableDescription[Key] } & {
  readonly TableName: string;
  readonly TableArn: string;
};

interface NewIndex extends GlobalSecondaryIndexDescription {
  readonly IndexName: string;
}

interface UpdateTable {
  readonly TableName: string;
  readonly AttributeDefinitions?: readonly AttributeDefinition[];
  readonly GlobalSecondaryIndexUpdates?: readonly { readonly Create?: NewIndex }[];
}

/**
 * Tables with the calls `DescribeTable` and `UpdateTable` (one new index). A new index is CREATING, then also backfilling, then ACTIVE. The
 * status changes after a number of `DescribeTable` calls and not after a time, so tests need not wait.
 */
export class IndexBuilds {
  /** By name. Tests may change them. */
  readonly tables = new Map<string, Table>();
  private readonly descriptions = new Map<string, number>();

  /** @param pace the numbers of `DescribeTable` calls after which a new index is backfilling, and ACTIVE */
  constructor(public pace: { readonly backfilling: number; readonly active: number }) {}

  readonly respond: Responder = ({ operation, input }) => {
    const { TableName } = input as UpdateTable;
    const table = this.tables.get(TableName);
    if (table === undefined)
      return failure("ResourceNotFoundException", `Requested resource not found: Table: ${TableName} not found`);
    if (operation === "DescribeTable") {
      this.advance(table);
      return json({ Table: table });
    }
    const refusal = this.refusal(table, input as UpdateTable);
    if (refusal !== undefined) return refusal;
    this.create(table, input as UpdateTable);
    return json({ TableDescription: table });
  };

  private create(table: Table, { AttributeDefinitions = [], GlobalSecondaryIndexUpdates = [] }: UpdateTable): void {
    const added = GlobalSecondaryIndexUpdates.flatMap(({ Create }) => Create ?? []);
    const indexes = added.map((index) => ({
      ...index,
      IndexStatus: "CREATING" as const,
      Backfilling: false,
      ItemCount: 0,
    }));
    table.GlobalSecondaryIndexes = [...(table.GlobalSecondaryIndexes ?? []), ...indexes];
    table.AttributeDefinitions = [...AttributeDefinitions];
    table.TableStatus = "UPDATING";
    this.descriptions.set(table.TableName, 0);
  }

  private advance(table: Table): void {
    const count = (this.descriptions.get(table.TableName) ?? 0) + 1;
    this.descriptions.set(table.TableName, count);
    const { backfilling, active } = this.pace;
    table.GlobalSecondaryIndexes?.forEach((index) => {
      if (index.IndexStatus !== "CREATING") return;
      if (count > backfilling) Object.assign(index, { Backfilling: true });
      if (count <= active) return;
      delete index.Backfilling;
      index.IndexStatus = "ACTIVE";
      table.TableStatus = "ACTIVE";
    });
  }

  private refusal(table: Table, update: UpdateTable): AwsResponse | undefined {
    const { GlobalSecondaryIndexes: indexes = [], TableName, TableStatus } = table;
    const isBuilding = ({ IndexStatus }: GlobalSecondaryIndexDescription) =>
      IndexStatus === "CREATING" || IndexStatus === "DELETING";
    if (indexes.some(isBuilding)) {
      return limit("Only 1 online index can be created or deleted simultaneously per table");
    }
    if (TableStatus !== "ACTIVE") {
      return failure(
        "ResourceInUseException",
        `Attempt to change a resource which is still in use: Table is being updated: ${TableName}`,
      );
    }
    if (indexes.length >= perTable) return limit(`There is a limit of ${perTable} indexes per table`);
    const all = [...this.tables.values()].flatMap(({ GlobalSecondaryIndexes = [] }) => GlobalSecondaryIndexes);
    if (all.filter(isBuilding).length >= atTheSameTime) {
      return limit(`Only ${atTheSameTime} online indexes can be created or deleted simultaneously`);
    }
    const problem = invalid(table, update);
    return problem === undefined ? undefined : failure("ValidationException", problem);
  }
}

function invalid(
  table: Table,
  { AttributeDefinitions = [], GlobalSecondaryIndexUpdates = [] }: UpdateTable,
): string | undefined {
  const added = GlobalSecondaryIndexUpdates.flatMap(({ Create }) => Create ?? []);
  if (added.length !== 1) return "One or more parameter values were invalid: exactly one new index is emulated";
  const keys = [
    table,
    ...(table.GlobalSecondaryIndexes ?? []),
    ...(table.LocalSecondaryIndexes ?? []),
    ...added,
  ].flatMap(({ KeySchema = [] }) => KeySchema.map(({ AttributeName = "" }) => AttributeName));
  const defined = AttributeDefinitions.map(({ AttributeName = "" }) => AttributeName);
  const missing = keys.filter((key) => !defined.includes(key));
  if (missing.length > 0)
    return `One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [${missing.join(", ")}]`;
  const unused = defined.filter((name) => !keys.includes(name));
  if (unused.length > 0)
    return `One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [${unused.join(", ")}]`;
  const isOnDemand = table.BillingModeSummary?.BillingMode === "PAY_PER_REQUEST";
  const hasCapacity = added[0]?.ProvisionedThroughput !== undefined;
  if (isOnDemand && hasCapacity)
    return "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST";
  return !isOnDemand && !hasCapacity
    ? `One or more parameter values were invalid: ProvisionedThroughput must be specified for index: ${added[0]?.IndexName ?? ""}`
    : undefined;
}

const json = (body: object): AwsResponse => ({
  status: 200,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: JSON.stringify(body),
});

/** An error as DynamoDB sends it. */
export const failure = (name: string, message: string, status = 400): AwsResponse => ({
  status,
  headers: { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": name },
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message }),
});

const limit = (message: string): AwsResponse =>
  failure("LimitExceededException", `Subscriber limit exceeded: ${message}`);
