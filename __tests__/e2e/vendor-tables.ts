/** Tables that a vendor's CloudFormation may have created: every kind that this project adopts or refuses. */
import {
  type CreateTableCommandInput,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  ScanCommand,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
} from "@aws-sdk/client-dynamodb";
import {
  attribute,
  createTableWithContacts,
  index,
  keyAttributes,
  keys,
  keysOnly,
  onDemandTable,
} from "../../emulators/vendor-table";

export { index };

export const INDEX = "Disposition-CustomerEndpoint-index";

/** The customer managed key of one table. */
export const KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/5f3c1c1e-8f0d-4f5e-9d5a-0c2f0f7a1b2c";

/** One table, and the expected result of a deployment. */
export interface VendorTable {
  /** Connect instance; the table is `dextr-<name>`. */
  readonly name: string;
  readonly what: string;
  readonly table: Omit<CreateTableCommandInput, "TableName">;
  /** TTL and point-in-time recovery, which CreateTable does not accept. */
  readonly more?: { readonly ttlAttribute?: string; readonly pointInTimeRecovery?: boolean };
  /** The capacity that our index must get. Undefined if the table is on demand or the index exists. */
  readonly indexCapacity?: { readonly ReadCapacityUnits: number; readonly WriteCapacityUnits: number };
  /** Whether our index already exists, so that nothing may be written. */
  readonly hasOurIndex?: true;
}

const ourIndex = index(INDEX, "Disposition", "CustomerEndpoint", keysOnly);

export const adoptable: readonly VendorTable[] = [
  {
    name: "on-demand",
    what: "on demand, with four foreign indexes of every kind",
    table: onDemandTable,
  },
  {
    name: "provisioned",
    what: "provisioned, each index with another capacity",
    table: {
      ...keys,
      BillingMode: "PROVISIONED",
      ProvisionedThroughput: { ReadCapacityUnits: 17, WriteCapacityUnits: 9 },
      AttributeDefinitions: [...keyAttributes, attribute("g1"), attribute("g2")],
      GlobalSecondaryIndexes: [
        index("vendor-1", "g1", undefined, { ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 4 } }),
        index("vendor-2", "g2", "range", { ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 6 } }),
      ],
    },
    indexCapacity: { ReadCapacityUnits: 17, WriteCapacityUnits: 9 },
  },
  {
    name: "rich",
    what: "with TTL, streams, PITR, KMS, deletion protection, infrequent access, throughput limits and tags",
    table: {
      ...keys,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [...keyAttributes, attribute("g1")],
      GlobalSecondaryIndexes: [
        index("vendor-1", "g1", undefined, {
          OnDemandThroughput: { MaxReadRequestUnits: 40, MaxWriteRequestUnits: 20 },
        }),
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      SSESpecification: {
        Enabled: true,
        SSEType: "KMS",
        KMSMasterKeyId: KEY_ARN,
      },
      TableClass: "STANDARD_INFREQUENT_ACCESS",
      DeletionProtectionEnabled: true,
      OnDemandThroughput: { MaxReadRequestUnits: 400, MaxWriteRequestUnits: 200 },
      Tags: [
        { Key: "vendor", Value: "ConnectPath" },
        { Key: "team", Value: "not ours" },
      ],
    },
    more: { ttlAttribute: "expires", pointInTimeRecovery: true },
  },
  {
    name: "local-index",
    what: "with a local index",
    table: {
      ...keys,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [...keyAttributes, attribute("l1"), attribute("g1")],
      LocalSecondaryIndexes: [
        {
          IndexName: "vendor-local",
          KeySchema: [
            { AttributeName: "hash", KeyType: "HASH" },
            { AttributeName: "l1", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "INCLUDE", NonKeyAttributes: ["z", "y"] },
        },
      ],
      GlobalSecondaryIndexes: [index("vendor-1", "g1")],
    },
  },
  {
    name: "hash-only",
    what: "without a sort key and without any index",
    table: {
      KeySchema: [{ AttributeName: "hash", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [attribute("hash")],
    },
  },
  {
    name: "made-by-hand",
    what: "with our index already made by hand",
    table: {
      ...keys,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        ...keyAttributes,
        attribute("Disposition"),
        attribute("CustomerEndpoint"),
        attribute("g1"),
      ],
      GlobalSecondaryIndexes: [index("vendor-1", "g1"), ourIndex],
    },
    hasOurIndex: true,
  },
];

export const refused: readonly (VendorTable & { readonly sentence: string })[] = [
  {
    name: "other-shape",
    what: "with our index's name taken by another shape",
    table: {
      ...keys,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [...keyAttributes, attribute("Disposition")],
      GlobalSecondaryIndexes: [index(INDEX, "Disposition")],
    },
    sentence:
      "Table dextr-other-shape already has an index named Disposition-CustomerEndpoint-index with another shape: " +
      "hash Disposition, range none, ALL. Call blocking needs: hash Disposition, range CustomerEndpoint, KEYS_ONLY.",
  },
  {
    name: "projects-all",
    what: "with our index made by hand with the right keys and another projection",
    table: {
      ...keys,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [...keyAttributes, attribute("Disposition"), attribute("CustomerEndpoint")],
      GlobalSecondaryIndexes: [index(INDEX, "Disposition", "CustomerEndpoint")],
    },
    sentence:
      "Table dextr-projects-all already has an index named Disposition-CustomerEndpoint-index with another shape: " +
      "hash Disposition, range CustomerEndpoint, ALL.",
  },
  {
    name: "number",
    what: "with Disposition defined as a number",
    table: {
      ...keys,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [...keyAttributes, attribute("Disposition", "N")],
      GlobalSecondaryIndexes: [index("vendor-1", "Disposition")],
    },
    sentence: "Table dextr-number already defines Disposition as N, as a key of another index.",
  },
  {
    name: "full",
    what: "with twenty indexes already",
    table: {
      ...keys,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: keyAttributes,
      GlobalSecondaryIndexes: Array.from({ length: 20 }, (_, n) => index(`vendor-${n}`, "range")),
    },
    sentence: "Table dextr-full already has 20 global secondary indexes, and DynamoDB allows 20:",
  },
];

/** Contacts without the two attributes, with one of them, and with both. */
const contacts = [
  { hash: "contact-1", range: "ctr", g1: "x", l1: "y" },
  { hash: "contact-2", range: "ctr", CustomerEndpoint: "+15555550100" },
  { hash: "contact-3", range: "ctr", CustomerEndpoint: "+15555550100", Disposition: "Resolved", g1: "z" },
  { hash: "contact-4", range: "ctr", CustomerEndpoint: "+15555550101", Disposition: "Blocked" },
];

/** Creates the table and writes contacts to it. */
export async function createVendorTable(dynamodb: DynamoDBClient, vendor: VendorTable): Promise<void> {
  const TableName = `dextr-${vendor.name}`;
  await createTableWithContacts(dynamodb, { TableName, ...vendor.table }, contacts);
  if (vendor.more?.ttlAttribute !== undefined)
    await dynamodb.send(
      new UpdateTimeToLiveCommand({
        TableName,
        TimeToLiveSpecification: { Enabled: true, AttributeName: vendor.more.ttlAttribute },
      }),
    );
  if (vendor.more?.pointInTimeRecovery === true)
    await dynamodb.send(
      new UpdateContinuousBackupsCommand({
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      }),
    );
}

/** All properties of a table, and every item. */
export interface TableState {
  readonly table: Readonly<Record<string, unknown>>;
  readonly indexes: ReadonlyMap<string, unknown>;
  readonly attributes: ReadonlyMap<string, string>;
  readonly items: readonly unknown[];
}

/** Reads everything that a deployment could change. */
export async function readTable(dynamodb: DynamoDBClient, name: string): Promise<TableState> {
  const TableName = `dextr-${name}`;
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
  if (Table === undefined) throw new Error(`the table ${TableName} does not exist`);
  const { GlobalSecondaryIndexes = [], AttributeDefinitions = [], ...rest } = Table;
  const { TimeToLiveDescription } = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
  const backups = await dynamodb.send(new DescribeContinuousBackupsCommand({ TableName }));
  const { Tags } = await dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: Table.TableArn }));
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName, ConsistentRead: true }));
  return {
    table: {
      ...rest,
      TimeToLiveDescription,
      ContinuousBackups:
        backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus,
      Tags: [...(Tags ?? [])].sort((a, b) => (a.Key ?? "").localeCompare(b.Key ?? "")),
    },
    indexes: new Map(GlobalSecondaryIndexes.map((i) => [i.IndexName ?? "", i])),
    attributes: new Map(AttributeDefinitions.map((a) => [a.AttributeName ?? "", a.AttributeType ?? ""])),
    items: Items,
  };
}
