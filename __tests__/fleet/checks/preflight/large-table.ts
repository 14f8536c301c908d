/** A DynamoDB emulator with tables that are filled with many contacts in seconds. */
import { once } from "node:events";
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";

/** An item in DynamoDB's JSON format, with binary values in base64. */
export type WireItem = Readonly<Record<string, unknown>>;

export interface LargeTable {
  readonly url: string;
  create(table: Omit<CreateTableCommandInput, "BillingMode">): Promise<void>;
  /** Replaces the items that have the same keys. */
  put(tableName: string, items: Iterable<WireItem>): Promise<void>;
  client(endpoint?: string): DynamoDBClient;
  stop(): Promise<void>;
}

/** The keys of ConnectPath's contact table. */
export const vendorKeys = {
  AttributeDefinitions: [
    { AttributeName: "hash", AttributeType: "S" },
    { AttributeName: "range", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "hash", KeyType: "HASH" },
    { AttributeName: "range", KeyType: "RANGE" },
  ],
} satisfies Partial<CreateTableCommandInput>;

/** Maximum number of items in one BatchWriteItem. */
const batchSize = 25;
const parallel = 4;

export async function startLargeTable(): Promise<LargeTable> {
  const server = dynalite({ createTableMs: 0 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const agent = new Agent({ keepAlive: true });
  const clients: DynamoDBClient[] = [];
  const client = (endpoint = url): DynamoDBClient => {
    const created = new DynamoDBClient({
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" },
      maxAttempts: 1,
    });
    clients.push(created);
    return created;
  };
  const admin = client();

  /** Sends a request without the SDK, because the SDK is slower than the emulator. */
  const post = (operation: string, body: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const headers = {
        "x-amz-target": `DynamoDB_20120810.${operation}`,
        "content-type": "application/x-amz-json-1.0",
        "x-amz-date": "20260101T000000Z",
        authorization:
          "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
      };
      const outgoing = request({ host: "127.0.0.1", port, agent, method: "POST", headers }, (incoming) => {
        let text = "";
        incoming.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        incoming.once("end", () => {
          if (incoming.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(text));
        });
      });
      outgoing.once("error", reject).end(JSON.stringify(body));
    });

  return {
    url,
    client,
    create: async (table) => {
      await admin.send(new CreateTableCommand({ BillingMode: "PAY_PER_REQUEST", ...table }));
      // The waiter of the SDK waits at least one second.
      const TableName = table.TableName ?? "";
      await waitUntilTableExists({ client: admin, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName });
    },
    put: async (tableName, items) => {
      const iterator = items[Symbol.iterator]();
      const write = async (): Promise<void> => {
        for (;;) {
          const batch: object[] = [];
          while (batch.length < batchSize) {
            const next = iterator.next();
            if (next.done === true) break;
            batch.push({ PutRequest: { Item: next.value } });
          }
          if (batch.length === 0) return;
          await post("BatchWriteItem", { RequestItems: { [tableName]: batch } });
        }
      };
      await Promise.all(Array.from({ length: parallel }, write));
    },
    stop: async () => {
      for (const created of clients) created.destroy();
      agent.destroy();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
