/** A DynamoDB emulator with tables that are filled with many contacts in seconds. */
import { once } from "node:events";
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import dynalite from "dynalite";
import { withoutLogger } from "../../../../fleet/aws/instance-clients";

/** An item in DynamoDB's JSON format, with binary values in base64. */
export type WireItem = Readonly<Record<string, unknown>>;

export interface LargeTable {
  readonly url: string;
  create(table: Omit<CreateTableCommandInput, "BillingMode">): Promise<void>;
  /** Writes the items of a new table into the emulator's storage. This takes 2 s for 100,000 items; requests would take 20 s. */
  fill(tableName: string, items: Iterable<WireItem>): Promise<void>;
  /** Replaces the items that have the same keys. */
  put(tableName: string, items: Iterable<WireItem>): Promise<void>;
  client(): DynamoDBClient;
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

/** The storage module of dynalite, which calculates the keys under which dynalite stores an item. */
interface StorageModule {
  create(options: object): Storage;
  createKey(item: WireItem, table: StoredTable): string;
  validateItem(item: WireItem, table: StoredTable): Error | null | undefined;
  getIndexActions(
    indexes: readonly object[],
    existing: undefined,
    item: WireItem,
    table: StoredTable,
  ): { readonly puts: readonly { readonly index: string; readonly key: string; readonly item: WireItem }[] };
}

interface StoredTable {
  readonly GlobalSecondaryIndexes?: readonly object[];
}

type Done<Result> = (error: Error | null, result: Result) => void;

interface Database {
  batch(operations: readonly { type: "put"; key: string; value: WireItem }[], done: Done<void>): void;
}

interface Storage {
  getTable(tableName: string, done: Done<StoredTable>): void;
  getItemDb(tableName: string): Database;
  getIndexDb(type: "Global", tableName: string, indexName: string): Database;
}

/** Maximum number of items in one BatchWriteItem. */
const batchSize = 25;
const parallel = 4;

export async function startLargeTable(): Promise<LargeTable> {
  const storageModule = jest.requireActual<StorageModule>("dynalite/db");
  // dynalite does not return its storage.
  const create = jest.spyOn(storageModule, "create");
  const server = dynalite({ createTableMs: 0 });
  const storage = create.mock.results[0]?.value as Storage;
  create.mockRestore();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const agent = new Agent({ keepAlive: true });
  const clients: DynamoDBClient[] = [];
  const client = (): DynamoDBClient => {
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
    const settings = { endpoint: url, region: "us-east-1", credentials, maxAttempts: 1 };
    const created = withoutLogger(new DynamoDBClient(settings));
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
    fill: async (tableName, items) => {
      const table = await promisify(storage.getTable.bind(storage))(tableName);
      const batches = new Map<Database, { type: "put"; key: string; value: WireItem }[]>();
      const add = (database: Database, key: string, value: WireItem): void => {
        const batch = batches.get(database) ?? [];
        batch.push({ type: "put", key, value });
        batches.set(database, batch);
      };
      for (const item of items) {
        const invalid = storageModule.validateItem(item, table);
        if (invalid) throw invalid;
        add(storage.getItemDb(tableName), storageModule.createKey(item, table), item);
        const indexes = table.GlobalSecondaryIndexes ?? [];
        for (const { index, key, item: projected } of storageModule.getIndexActions(indexes, undefined, item, table)
          .puts)
          add(storage.getIndexDb("Global", tableName, index), key, projected);
      }
      for (const [database, batch] of batches) await promisify(database.batch.bind(database))(batch);
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
