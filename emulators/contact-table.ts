/** A contact table in a DynamoDB emulator, with contacts as ConnectPath stores them. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { blockingIndex, blockingIndexKeys } from "../config/blocking-index";

/** One finished contact, with only the attributes that blocking reads. */
export interface FinishedContact {
  readonly contactId: string;
  /** E.164, or the text that the network sent for a withheld number. */
  readonly customerEndpoint: string;
  /** Undefined if the agent did not choose a Disposition in time. */
  readonly disposition?: string;
}

export interface ContactTable {
  /** Value for `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly endpoint: string;
  put(contact: FinishedContact): Promise<void>;
  /** Changes the Disposition, as a privileged user does after review. */
  overrideDisposition(contactId: string, disposition: string): Promise<void>;
  /** Deletes the contact, if it exists. */
  remove(contactId: string): Promise<void>;
  /** Closes all connections. The table is then unreachable. */
  stop(): Promise<void>;
}

const attributes = ["hash", "range", ...blockingIndexKeys];

/** The definition of the table with our index. */
export const contactTable = {
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: attributes.map((AttributeName) => ({ AttributeName, AttributeType: "S" as const })),
  KeySchema: [
    { AttributeName: "hash", KeyType: "HASH" },
    { AttributeName: "range", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: blockingIndex.name,
      KeySchema: [
        { AttributeName: blockingIndex.hashKey, KeyType: "HASH" },
        { AttributeName: blockingIndex.rangeKey, KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: blockingIndex.projection },
    },
  ],
} satisfies Partial<CreateTableCommandInput>;

/** Starts dynalite on a free loopback port and creates the table with our index. */
export async function startContactTable(tableName: string, region: string): Promise<ContactTable> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // On Node.js 20 the SDK prints a deprecation warning.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const client = new DynamoDBClient({
    endpoint,
    region,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" },
  });
  await client.send(new CreateTableCommand({ TableName: tableName, ...contactTable }));
  // Until the table is ACTIVE, requests fail as for a missing table, as on AWS.
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: tableName });
  const key = (contactId: string) => ({ hash: { S: contactId }, range: { S: "contact" } });
  return {
    endpoint,
    put: async ({ contactId, customerEndpoint, disposition }) => {
      await client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: {
            ...key(contactId),
            CustomerEndpoint: { S: customerEndpoint },
            ...(disposition === undefined ? {} : { Disposition: { S: disposition } }),
          },
        }),
      );
    },
    overrideDisposition: async (contactId, disposition) => {
      await client.send(
        new UpdateItemCommand({
          TableName: tableName,
          Key: key(contactId),
          UpdateExpression: "SET Disposition = :d",
          ExpressionAttributeValues: { ":d": { S: disposition } },
        }),
      );
    },
    remove: async (contactId) => {
      await client.send(new DeleteItemCommand({ TableName: tableName, Key: key(contactId) }));
    },
    stop: async () => {
      client.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
