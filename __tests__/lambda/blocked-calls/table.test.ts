/** The lookup against a DynamoDB emulator with contacts as ConnectPath leaves them. */
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { startContactTable, type ContactTable } from "../../../emulators/contact-table";
import { callFrom, connectEvent, NUMBER, SETTINGS, startFunction, type Function } from "./connect-event";

let table: ContactTable;
let client: DynamoDBClient;
let lookup: Function;
beforeEach(async () => {
  table = await startContactTable(SETTINGS.tableName, "us-east-1");
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "emulated" };
  client = new DynamoDBClient({ endpoint: table.endpoint, region: "us-east-1", credentials });
  lookup = startFunction(table.endpoint, { blockedDispositions: ["Blocked", "Nuisance:Confirmed"] });
});
afterEach(async () => {
  client.destroy();
  await table.stop();
});

const putRaw = (Item: Record<string, AttributeValue>) =>
  client.send(new PutItemCommand({ TableName: SETTINGS.tableName, Item }));
const isBlocked = async (number = NUMBER) => (await lookup.call(callFrom(number))).reason;

test("a number without contacts is not blocked", async () => {
  expect(await isBlocked()).toBe("not_blocked");
});

test("a number is blocked by a contact under any configured Disposition, others are not", async () => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition: "Nuisance:Confirmed" });
  expect(await isBlocked()).toBe("blocked");
  expect(await isBlocked("+15555550101")).toBe("not_blocked");
  expect(await isBlocked("+1555555010")).toBe("not_blocked");
});

test("contacts with other Dispositions do not block, also not one that differs in case or level alone", async () => {
  for (const [i, disposition] of ["Sale", "blocked", "Blocked ", "Nuisance", "Nuisance:Confirmed:Twice"].entries()) {
    await table.put({ contactId: String(i), customerEndpoint: NUMBER, disposition });
  }
  expect(await isBlocked()).toBe("not_blocked");
  await table.put({ contactId: "the one", customerEndpoint: NUMBER, disposition: "Blocked" });
  expect(await isBlocked()).toBe("blocked");
});

test("items without a Disposition or without a number are not in the way", async () => {
  await putRaw({ hash: { S: "a" }, range: { S: "r" }, CustomerEndpoint: { S: NUMBER } });
  await putRaw({ hash: { S: "b" }, range: { S: "r" }, Disposition: { S: "Blocked" } });
  await putRaw({ hash: { S: "c" }, range: { S: "r" } });
  expect(await isBlocked()).toBe("not_blocked");
});

test("an override to a blocked Disposition blocks, and an override away from it lifts the block", async () => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition: "Needs review" });
  expect(await isBlocked()).toBe("not_blocked");
  await table.overrideDisposition("1", "Blocked");
  expect(await isBlocked()).toBe("blocked");
  await table.overrideDisposition("1", "Not a nuisance");
  expect(await isBlocked()).toBe("not_blocked");
});

test("a number stays blocked while any of its contacts is", async () => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition: "Blocked" });
  await table.put({ contactId: "2", customerEndpoint: NUMBER, disposition: "Nuisance:Confirmed" });
  await table.overrideDisposition("1", "Sale");
  expect(await isBlocked()).toBe("blocked");
});

test("a withheld caller is not blocked by a contact under the same word", async () => {
  await table.put({ contactId: "1", customerEndpoint: "Anonymous", disposition: "Blocked" });
  expect(await isBlocked("Anonymous")).toBe("anonymous_allowed");
  expect(lookup.lines.at(-1)).toMatchObject({ attempts: 0, Skipped: 1, Lookups: 0 });
});

test.each([
  "a:b:c",
  'say "no"',
  "it's",
  "with space",
  "tab\there",
  "拒否",
  "🚫🚫",
  "e\u0301",
  "back\\slash",
  "#d = :d",
])("a Disposition may be %p", async (disposition) => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition });
  const event = connectEvent({}, { BlockedDisposition: disposition });
  expect(await lookup.call(event)).toEqual({ response: "match", reason: "blocked" });
});

test("a table that is not there, and one without the index, are told apart", async () => {
  const noTable = startFunction(table.endpoint, { tableName: "dextr-other" });
  expect((await noTable.call(connectEvent())).reason).toBe("table_missing");
  await client.send(
    new CreateTableCommand({
      TableName: "dextr-other",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "hash", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "hash", KeyType: "HASH" }],
    }),
  );
  // The emulator, like AWS, knows a table for its first moments as CREATING, and answers for it as if it were not there.
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: "dextr-other" });
  expect((await noTable.call(connectEvent())).reason).toBe("index_missing");
});

test("among 100,000 contacts under one Disposition one page is read, of one item", async () => {
  const contacts = 100_000;
  for (let first = 0; first < contacts; first += 25) {
    const puts = Array.from({ length: 25 }, (_, i) => ({
      PutRequest: {
        Item: {
          hash: { S: String(first + i) },
          range: { S: "contact" },
          Disposition: { S: "Blocked" },
          // Every number but the one below, a thousand times.
          CustomerEndpoint: { S: `+155555501${String((first + i) % 99).padStart(2, "0")}` },
        },
      },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [SETTINGS.tableName]: puts } }));
  }
  const exchanges: Record<string, unknown>[] = [];
  const hop = createServer((incoming, response) => {
    void (async () => {
      const { method, headers } = incoming;
      const body = await text(incoming);
      const onward = request({ port: new URL(table.endpoint).port, host: "127.0.0.1", method, headers }).end(body);
      const [answer] = (await once(onward, "response")) as [IncomingMessage];
      const answered = await text(answer);
      if (method === "POST") {
        const [asked, told] = [body, answered].map((json) => JSON.parse(json) as Record<string, unknown>);
        exchanges.push({ Limit: asked?.["Limit"], Count: told?.["Count"], ScannedCount: told?.["ScannedCount"] });
      }
      response.writeHead(answer.statusCode ?? 500).end(answered);
    })();
  }).listen(0, "127.0.0.1");
  await once(hop, "listening");
  try {
    const single = startFunction(`http://127.0.0.1:${(hop.address() as AddressInfo).port}`);
    await single.connected;
    expect((await single.call(callFrom("+15555550142"))).reason).toBe("blocked");
    expect((await single.call(callFrom("+15555550199"))).reason).toBe("not_blocked");
  } finally {
    hop.closeAllConnections();
    hop.close();
  }
  expect(exchanges).toEqual([
    { Limit: 1, Count: 1, ScannedCount: 1 },
    { Limit: 1, Count: 0, ScannedCount: 0 },
  ]);
}, 180_000);
