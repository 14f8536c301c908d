/** A `dextr-` table in an emulator, with contacts as ConnectPath leaves them behind. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { indexName } from "../config/aws-names";

/** One finished contact. ConnectPath keeps more of it; these are the attributes that blocking reads. */
export interface FinishedContact {
  readonly contactId: string;
  /** E.164, or what the network sent instead of a withheld number. */
  readonly customerEndpoint: string;
  /** What the agent chose, absent when no choice was made before the timer ran out. */
  readonly disposition?: string;
}

export interface ContactTable {
  /** Goes into `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly endpoint: string;
  put(contact: FinishedContact): Promise<void>;
  /** What a privileged user does after review. */
  overrideDisposition(contactId: string, disposition: string): Promise<void>;
  /** Cuts all connections: from then on the table cannot be reached. */
  stop(): Promise<void>;
}

/** Starts DynamoDB (dynalite) on a free port of the loopback interface and makes the table, with the index in it. */
export async function startContactTable(tableName: string, region: string): Promise<ContactTable> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // On Node 20 the SDK prints its plans for 2027 into the middle of what people came to look at.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  const client = new DynamoDBClient({
    endpoint,
    region,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" },
  });
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["hash", "range", "Disposition", "CustomerEndpoint"].map((AttributeName) => ({
        AttributeName,
        AttributeType: "S",
      })),
      KeySchema: [
        { AttributeName: "hash", KeyType: "HASH" },
        { AttributeName: "range", KeyType: "RANGE" },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: indexName,
          KeySchema: [
            { AttributeName: "Disposition", KeyType: "HASH" },
            { AttributeName: "CustomerEndpoint", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
    }),
  );
  // Until the table is ACTIVE the emulator, like AWS, answers for it as if it were not there.
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
    stop: async () => {
      client.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
