/** The command `blocked` on a DynamoDB emulator: every line agrees with `check`, and an interrupted list continues. */
import fc from "fast-check";
import { forwardTo, serveAws } from "../../../emulators/aws/aws-endpoint";
import { blockingIndex } from "../../../config/blocking-index";
import { answerFor } from "../../../fleet/checks/caller/answer";
import { instanceClients } from "../../../fleet/aws/instance-clients";
import { EXPLANATIONS } from "../../../lambda/explanations";
import { loadOne, validYaml } from "../../config/environment-files";
import { type LargeTable, startLargeTable, vendorKeys } from "../checks/preflight/large-table";
import { runFleet, startFleet } from "../run-fleet";

jest.setTimeout(120_000);

const yaml = `${validYaml.replace("[Blocked]", '[Blocked, "Nuisance:Confirmed"]')}exemptNumbers: ["+15555550103", "+1555555019*"]
anonymousCallers: block
`;
const { name: IndexName, hashKey, rangeKey } = blockingIndex;

let table: LargeTable;
beforeEach(async () => {
  table = await startLargeTable();
  await table.create({
    TableName: "dextr-acme",
    KeySchema: vendorKeys.KeySchema,
    AttributeDefinitions: [
      ...vendorKeys.AttributeDefinitions,
      { AttributeName: hashKey, AttributeType: "S" },
      { AttributeName: rangeKey, AttributeType: "S" },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName,
        KeySchema: [
          { AttributeName: hashKey, KeyType: "HASH" },
          { AttributeName: rangeKey, KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "KEYS_ONLY" },
      },
    ],
  });
});
afterEach(() => table.stop());

const contact = (id: string, address: string, disposition: string) => ({
  hash: { S: id },
  range: { S: "contact" },
  [hashKey]: { S: disposition },
  [rangeKey]: { S: address },
});

const settings = (endpoint = table.url) => ({
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "emulated",
});

const blocked = (...args: readonly string[]) => runFleet(["blocked", ...args], { "dev.yaml": yaml }, settings());

interface Row {
  readonly address: string;
  readonly status: string;
  readonly contacts: number;
  readonly dispositions: readonly string[];
  readonly keys: readonly Record<string, string>[];
}

const rowsOf = (stdout: string): Row[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);

test("each number is one line with its Dispositions and contacts, and the summary names what blocks nobody", async () => {
  await table.put("dextr-acme", [
    contact("1", "+15555550102", "Nuisance:Confirmed"),
    contact("2", "+15555550101", "Blocked"),
    contact("3", "+15555550101", "Nuisance:Confirmed"),
    contact("4", "+15555550101", "Blocked"),
    contact("5", "+15555550103", "Blocked"),
    contact("6", "22000", "Blocked"),
    contact("7", "+15555550104", "blocked"),
    contact("8", "+15555550105", "Sale"),
  ]);
  const { exitCode, stdout } = await blocked("env=dev");
  expect(stdout).toBe(`dev-acme-us-east-1
number                status             contacts  Dispositions
--------------------  -----------------  --------  ------------
+1••••••••01          blocked                   3  Blocked, Nuisance:Confirmed
+1••••••••02          blocked                   1  Nuisance:Confirmed
+1••••••••03          exempt                    1  Blocked
22000                 not_e164                  1  Blocked

dev-acme-us-east-1: 2 numbers are blocked. The list has 6 contacts.
  1 address with the status exempt: The number matches a number or a prefix in exemptNumbers.
  1 address with the status not_e164: ${EXPLANATIONS.not_e164.cause}
  1 contact has the Disposition "blocked", which blocks no caller. Is it a misspelled blocked Disposition?

`);
  expect(exitCode).toBe(0);
});

test("whole numbers are shown only on request", async () => {
  await table.put("dextr-acme", [contact("of +15555550101", "+15555550101", "Blocked")]);
  for (const format of ["--csv", "--json"]) {
    expect((await blocked("env=dev", format)).stdout).not.toContain("5555550101");
    expect((await blocked("env=dev", format, "--numbers")).stdout).toContain("+15555550101");
  }
});

test("a cell of the CSV cannot start a formula, add a column or add a row", async () => {
  await table.put("dextr-acme", [
    contact("1", '=HYPERLINK("http://example.com")', "Blocked"),
    contact("2", "+cmd|' /C calc'!A0", "Blocked"),
    contact("3", "a,b\r\nc", "Blocked"),
  ]);
  const { stdout } = await blocked("env=dev", "--csv", "--numbers");
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe("stack,number,status,contacts,dispositions,keys");
  expect(lines.slice(1).every((line) => /^dev-acme-us-east-1,("?'[=+]|"?a)/.test(line))).toBe(true);
});

test("every line of a generated table agrees with check", async () => {
  const address = fc.oneof(
    fc.nat({ max: 30 }).map((n) => `+155555501${String(n).padStart(2, "0")}`),
    fc.constantFrom("anonymous", "15555550101", "sip:a@example.com", "+15555550190", "é", "\u{1f600}", "z"),
  );
  const contacts = fc.array(
    fc.record({ address, disposition: fc.constantFrom("Blocked", "Nuisance:Confirmed", "blocked", "Sale") }),
    { minLength: 60, maxLength: 60 },
  );
  const [drawn = []] = fc.sample(contacts, 1);
  await table.put(
    "dextr-acme",
    drawn.map((one, n) => contact(String(n), one.address, one.disposition)),
  );
  const rows = rowsOf((await blocked("env=dev", "--json", "--numbers")).stdout);
  const listed = drawn.filter(({ disposition }) => ["Blocked", "Nuisance:Confirmed"].includes(disposition));
  const addresses = [...new Set(listed.map((one) => one.address))].sort((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
  expect(rows.map((row) => row.address)).toEqual(addresses);
  const clients = { ...instanceClients(loadOne(yaml)), dynamodb: table.client() };
  for (const row of rows) {
    const of = listed.filter((one) => one.address === row.address);
    expect(row).toMatchObject({ contacts: of.length, keys: { length: of.length } });
    expect([...row.dispositions].sort()).toEqual([...new Set(of.map(({ disposition }) => disposition))].sort());
    const answer = await answerFor(loadOne(yaml), row.address, clients);
    expect([row.address, row.status]).toEqual([row.address, answer.reason]);
  }
  clients.destroy();

  // The list, and check for a list of numbers: the same status, Dispositions, contacts and keys for every number.
  const numbers = [...rows.filter((row) => row.address.startsWith("+")).map((row) => row.address), "+15555550198"];
  const input = numbers.join("\r\n");
  const listing = ["check", "--numbers-from", "-", "env=dev", "--json", "--show-numbers"];
  const checked = await runFleet(listing, { "dev.yaml": yaml }, settings(), input);
  expect(checked).toMatchObject({ exitCode: 0 });
  const stack = "dev-acme-us-east-1";
  const unlisted = { stack, address: "+15555550198", status: "exempt", contacts: 0, dispositions: [], keys: [] };
  expect(rowsOf(checked.stdout)).toEqual(
    [...rows.filter((row) => row.address.startsWith("+")), unlisted].map((row, n) => ({ line: n + 1, ...row })),
  );
});

test("--details reads the named attributes of each contact by its key, and no others", async () => {
  const details = {
    AgentName: { S: "Ann of +1 555 555 0142" },
    "queue.name": { S: "Support" },
    Secret: { S: "secret" },
  };
  await table.put("dextr-acme", [
    { ...contact("1", "+15555550101", "Blocked"), ...details, EndTime: { N: "1793268000" } },
    { ...contact("2", "+15555550102", "Blocked"), EndTime: { S: "2026-11-24T10:15:00Z" } },
    contact("3", "+15555550104", "Blocked"),
  ]);
  const named = `${yaml}contactDetails: { agent: AgentName, time: EndTime, queue: queue.name }\n`;
  const requests: string[] = [];
  const forward = forwardTo(table.url);
  const endpoint = await serveAws((request) => {
    if (request.operation === "GetItem") requests.push(String(request.body));
    return forward(request);
  });
  const run = (...args: string[]) =>
    runFleet(["blocked", "env=dev", "--details", ...args], { "dev.yaml": named }, settings(endpoint.url));
  const first = { agent: "Ann of +1••••••••42", time: "2026-10-29T10:00:00.000Z", queue: "Support" };
  const [json, csv, { stdout }] = [await run("--json"), await run("--csv"), await run()];
  await endpoint.close();
  expect(rowsOf(json.stdout)).toMatchObject([
    { address: "+1••••••••01", keys: [{ hash: "1" }], details: [first] },
    { address: "+1••••••••02", keys: [{ hash: "2" }], details: [{ time: "2026-11-24T10:15:00Z" }] },
    { address: "+1••••••••04", keys: [{ hash: "3" }], details: [{}] },
  ]);
  expect(csv.stdout).toContain(`"[{""agent"":""Ann of +1••••••••42"",`);
  expect(stdout).toContain("\n  agent Ann of +1••••••••42, time 2026-10-29T10:00:00.000Z, queue Support\n");
  expect(stdout).toContain("\n  the contact has none of the attributes\n");
  expect(stdout).not.toContain("secret");
  expect(requests).toHaveLength(9);
  for (const request of requests)
    expect(JSON.parse(request)).toMatchObject({
      ProjectionExpression: "#agent, #time, #queue",
      ExpressionAttributeNames: { "#agent": "AgentName", "#time": "EndTime", "#queue": "queue.name" },
    });
  const without = await blocked("env=dev", "--details");
  expect(without).toMatchObject({ exitCode: 1, stdout: "" });
  expect(without.stderr).toContain("the environment file has no contactDetails for dev-acme-us-east-1");
});

test("a list that was stopped twice continues, and each number is listed once", async () => {
  const numbers = Array.from({ length: 9000 }, (_, n) => `+1555${String(n).padStart(7, "0")}`);
  await table.fill(
    "dextr-acme",
    numbers.map((number, n) => contact(String(n), number, n % 2 === 0 ? "Blocked" : "Nuisance:Confirmed")),
  );
  const listed: string[] = [];
  for (let run = 0; run < 3; run++) {
    let requests = 0;
    const forward = forwardTo(table.url);
    const endpoint = await serveAws(async (request) => {
      // The third run is not stopped. A run reads about 1,000 entries with each request.
      if (++requests === 5 && run < 2) started.child.kill("SIGINT");
      return forward(request);
    });
    const args = ["blocked", "env=dev", "--json", "--numbers", "--rate", "10000", ...(run === 0 ? [] : ["--resume"])];
    const started = startFleet(args, { "dev.yaml": yaml }, settings(endpoint.url));
    const { exitCode, stdout, stderr } = await started.finished;
    await endpoint.close();
    listed.push(...rowsOf(stdout).map(({ address }) => address));
    expect([run, exitCode]).toEqual([run, run < 2 ? 130 : 0]);
    if (run < 2) expect(stderr).toContain("repeat the command with --resume");
  }
  expect(listed).toEqual(numbers);
  const again = await blocked("env=dev", "--json", "--numbers", "--resume");
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("no interrupted list") as string });
});

test("the command stays below its rate", async () => {
  await table.fill(
    "dextr-acme",
    Array.from({ length: 4000 }, (_, n) => contact(String(n), `+1555${String(n).padStart(7, "0")}`, "Blocked")),
  );
  const times: { readonly at: number; readonly units: number }[] = [];
  const forward = forwardTo(table.url);
  const endpoint = await serveAws(async (request) => {
    const at = performance.now();
    const response = await forward(request);
    const units = /"CapacityUnits":([\d.]+)/.exec(String(response.body))?.[1];
    if (request.operation === "Query" && units !== undefined) times.push({ at, units: Number(units) });
    return response;
  });
  const { exitCode } = await runFleet(
    ["blocked", "env=dev", "--json", "--rate", "20"],
    { "dev.yaml": yaml },
    settings(endpoint.url),
  );
  await endpoint.close();
  expect(exitCode).toBe(0);
  const total = times.reduce((sum, { units }) => sum + units, 0);
  expect(total).toBeGreaterThan(30);
  // The units of the last request are consumed after its start. Without the pauses, the rate is more than a hundred.
  const [first, last] = [times[0]?.at ?? 0, times.at(-1)?.at ?? 0];
  const lastUnits = times.at(-1)?.units ?? 0;
  expect((total - lastUnits) / ((last - first) / 1000)).toBeLessThan(25);
});

test("AWS that refuses the request is reported with the policy, and the exit code is 1", async () => {
  const endpoint = await serveAws(() => ({
    status: 400,
    headers: { "content-type": "application/x-amz-json-1.0" },
    body: JSON.stringify({ __type: "AccessDeniedException", message: "not authorized" }),
  }));
  const { exitCode, stderr } = await runFleet(["blocked", "env=dev"], { "dev.yaml": yaml }, settings(endpoint.url));
  await endpoint.close();
  expect(exitCode).toBe(1);
  expect(stderr).toContain("the list is incomplete");
  expect(stderr).toContain("Attach the policy read-and-invoke");
});
