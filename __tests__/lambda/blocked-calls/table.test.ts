/** Tests the lookup with a DynamoDB emulator and contacts in the format of ConnectPath. */
import {
  type AttributeValue,
  CreateTableCommand,
  DynamoDBClient,
  PutItemCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { forwardTo, serveAws } from "../../../emulators/aws/aws-endpoint";
import { parseJson } from "../../../emulators/aws/aws-request";
import { type ContactTable, contactTable, startContactTable } from "../../../emulators/contact-table";
import { startLargeTable } from "../../fleet/checks/preflight/large-table";
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

test("a contact under any configured Disposition blocks its number and no other number", async () => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition: "Nuisance:Confirmed" });
  expect(await isBlocked()).toBe("blocked");
  expect(await isBlocked("+15555550101")).toBe("not_blocked");
  expect(await isBlocked("+1555555010")).toBe("not_blocked");
});

test("a Disposition that differs only in case, space or level does not block", async () => {
  for (const [i, disposition] of ["Sale", "blocked", "Blocked ", "Nuisance", "Nuisance:Confirmed:Twice"].entries()) {
    await table.put({ contactId: String(i), customerEndpoint: NUMBER, disposition });
  }
  expect(await isBlocked()).toBe("not_blocked");
  await table.put({ contactId: "exact", customerEndpoint: NUMBER, disposition: "Blocked" });
  expect(await isBlocked()).toBe("blocked");
});

test("items without a Disposition or a number do not change the answer", async () => {
  await putRaw({ hash: { S: "a" }, range: { S: "r" }, CustomerEndpoint: { S: NUMBER } });
  await putRaw({ hash: { S: "b" }, range: { S: "r" }, Disposition: { S: "Blocked" } });
  await putRaw({ hash: { S: "c" }, range: { S: "r" } });
  expect(await isBlocked()).toBe("not_blocked");
});

test("an override to a blocked Disposition blocks; an override to another one unblocks", async () => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition: "Needs review" });
  expect(await isBlocked()).toBe("not_blocked");
  await table.overrideDisposition("1", "Blocked");
  expect(await isBlocked()).toBe("blocked");
  await table.overrideDisposition("1", "Not a nuisance");
  expect(await isBlocked()).toBe("not_blocked");
});

test("a number stays blocked while one of its contacts has a blocked Disposition", async () => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition: "Blocked" });
  await table.put({ contactId: "2", customerEndpoint: NUMBER, disposition: "Nuisance:Confirmed" });
  await table.overrideDisposition("1", "Sale");
  expect(await isBlocked()).toBe("blocked");
});

test("a contact with the address Anonymous does not block a withheld caller", async () => {
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
])("the Disposition %p is looked up", async (disposition) => {
  await table.put({ contactId: "1", customerEndpoint: NUMBER, disposition });
  const event = connectEvent({}, { BlockedDisposition: disposition });
  expect(await lookup.call(event)).toEqual({ response: "match", reason: "blocked" });
});

test("a missing table and a missing index have different reasons", async () => {
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
  // The emulator, like AWS, first reports a table as CREATING, and answers queries as if the table did not exist.
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName: "dextr-other" });
  expect((await noTable.call(connectEvent())).reason).toBe("index_missing");
});

test("with 100,000 contacts under one Disposition, one page with one item is read", async () => {
  const large = await startLargeTable();
  await large.create({ TableName: SETTINGS.tableName, ...contactTable });
  const contacts = Array.from({ length: 100_000 }, (_, n) => ({
    hash: { S: String(n) },
    range: { S: "contact" },
    Disposition: { S: "Blocked" },
    // A thousand contacts of each number, except the number that is not listed.
    CustomerEndpoint: { S: `+155555501${String(n % 99).padStart(2, "0")}` },
  }));
  await large.fill(SETTINGS.tableName, contacts);
  const exchanges: Record<string, unknown>[] = [];
  const forward = forwardTo(large.url);
  const proxy = await serveAws(async (incoming) => {
    const answer = await forward(incoming);
    if (incoming.method === "POST") {
      const { Limit } = incoming.input as { Limit?: unknown };
      const { Count, ScannedCount } = parseJson(Buffer.from(answer.body)) as Record<string, unknown>;
      exchanges.push({ Limit, Count, ScannedCount });
    }
    return answer;
  });
  try {
    const single = startFunction(proxy.url);
    await single.connected;
    expect((await single.call(callFrom("+15555550142"))).reason).toBe("blocked");
    expect((await single.call(callFrom("+15555550199"))).reason).toBe("not_blocked");
  } finally {
    await proxy.close();
    await large.stop();
  }
  expect(exchanges).toEqual([
    { Limit: 1, Count: 1, ScannedCount: 1 },
    { Limit: 1, Count: 0, ScannedCount: 0 },
  ]);
});
