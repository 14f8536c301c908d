/** Tests that every fault of network, server or configuration gives `nomatch` in time, with its reason, and is counted. */
import dns from "node:dns";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { REASONS } from "../../../lambda/blocked-calls/reasons";
import { selfSignedCertificate } from "../../../emulators/lambda-runtime/certificate";
import { CONTACT_ID, connectEvent, NUMBER, SETTINGS, startFunction, type LogLine } from "./connect-event";
import {
  count,
  dynamoDbError,
  http,
  match,
  startScriptedServer,
  type Script,
  type ScriptedServer,
} from "./scripted-server";

/** Time limit for a call: its budget, and an allowance for a busy test machine. */
const LIMIT_MS = SETTINGS.budgetMs + 250;

const servers: ScriptedServer[] = [];
async function serve(script: Script): Promise<ScriptedServer> {
  const server = await startScriptedServer(script);
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** The expected reason of a call, and the number of requests that the server receives. */
interface Expected {
  readonly reason: keyof typeof REASONS;
  readonly attempts: number;
  readonly error?: string;
  /** @default 1 */
  readonly coldStart?: 0 | 1;
}

function expectLine(line: LogLine | undefined, { reason, attempts, error, coldStart = 1 }: Expected): void {
  const { response, category } = REASONS[reason];
  expect(line).toMatchObject({
    Environment: "dev",
    Instance: "acme-dev",
    Lookups: attempts > 0 ? 1 : 0,
    Match: response === "match" ? 1 : 0,
    NoMatch: response === "nomatch" ? 1 : 0,
    Skipped: 0,
    LookupError: category === "error" ? 1 : 0,
    ColdStart: coldStart,
    [`Reason_${reason}`]: 1,
    reason,
    attempts,
    contactId: CONTACT_ID,
  });
  if (error !== undefined) expect(line).toHaveProperty("error", error);
  expect(line?.["LatencyMs"]).toBeLessThan(LIMIT_MS);
  expect(JSON.stringify(line)).not.toContain(NUMBER.slice(1, 9));
}

async function expectCall(endpoint: string, expected: Expected, environment: Record<string, string> = {}) {
  const { call, lines, connected } = startFunction(endpoint, {}, environment);
  await connected;
  const start = performance.now();
  const answer = await call(connectEvent());
  expect(performance.now() - start).toBeLessThan(LIMIT_MS);
  expect(answer).toEqual({ response: REASONS[expected.reason].response, reason: expected.reason });
  expect(lines).toHaveLength(1);
  expectLine(lines[0], expected);
}

const write =
  (bytes: string): Script =>
  (socket) =>
    socket.write(bytes);
/** Runs the next script for each request. After the last script, every further request runs the last script again. */
const inTurn =
  (...scripts: readonly [Script, ...Script[]]): Script =>
  (socket, request) => {
    (scripts[request.index] ?? scripts.at(-1) ?? scripts[0])(socket, request);
  };
const reset: Script = (socket) => socket.resetAndDestroy();
const close: Script = (socket) => socket.destroy();
const silence: Script = () => undefined;
const answerWithMatch: Script = (socket, { body }) => socket.write(match(body));
const messageWithNumber = `the number is ${NUMBER}`;

const rows: readonly (readonly [string, Script, Expected])[] = [
  // Successful queries, for comparison.
  ["a contact found", answerWithMatch, { reason: "blocked", attempts: 1 }],
  ["no contact found", write(count(0)), { reason: "not_blocked", attempts: 1 }],

  // Temporary faults. Another attempt succeeds.
  ["a reset, then an answer", inTurn(reset, answerWithMatch), { reason: "blocked", attempts: 2 }],
  [
    "a close in the middle of a response, then an answer",
    inTurn((socket, { body }) => socket.end(match(body).slice(0, -4)), answerWithMatch),
    { reason: "blocked", attempts: 2 },
  ],
  [
    "throttled twice, then an answer",
    inTurn(
      write(dynamoDbError(400, "ThrottlingException")),
      write(dynamoDbError(400, "ProvisionedThroughputExceededException")),
      answerWithMatch,
    ),
    { reason: "blocked", attempts: 3 },
  ],
  [
    "a 500, then an answer",
    inTurn(write(dynamoDbError(500, "InternalServerError")), answerWithMatch),
    { reason: "blocked", attempts: 2 },
  ],
  [
    "no answer to the first attempt, then an answer",
    inTurn(silence, answerWithMatch),
    { reason: "blocked", attempts: 2 },
  ],

  // Permanent faults.
  ["a reset before every answer", reset, { reason: "connection_lost", attempts: 3, error: "ECONNRESET" }],
  ["a close before the answer", close, { reason: "connection_lost", attempts: 3 }],
  [
    "a reset in the middle of the headers",
    (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Le", () => socket.resetAndDestroy()),
    { reason: "connection_lost", attempts: 3 },
  ],
  [
    "a reset in the middle of the body",
    (socket, { body }) => socket.write(match(body).slice(0, -4), () => socket.resetAndDestroy()),
    { reason: "connection_lost", attempts: 3 },
  ],
  ["no answer", silence, { reason: "timeout", attempts: 2 }],
  [
    "a byte a second",
    (socket) => {
      let sent = 0;
      const timer = setInterval(() => socket.write(count(1)[sent++] ?? ""), 1000);
      socket.once("close", () => {
        clearInterval(timer);
      });
    },
    { reason: "timeout", attempts: 2 },
  ],
  ["an answer that is not JSON", write(http(200, "OK")), { reason: "bad_answer", attempts: 1 }],
  ["a count that is not a number", write(http(200, '{"Count":"1"}')), { reason: "bad_answer", attempts: 1 }],
  [
    "a match without the key of the query",
    write(count(1)),
    { reason: "bad_answer", attempts: 3, error: "ForeignResponse" },
  ],
  [
    "a match for another number",
    (socket, { body }) => socket.write(match(body.replace(NUMBER, "+15555550199"))),
    { reason: "bad_answer", attempts: 3, error: "ForeignResponse" },
  ],
  [
    "a match for another Disposition",
    (socket, { body }) => socket.write(match(body.replace('"Blocked"', '"Sale"'))),
    { reason: "bad_answer", attempts: 3, error: "ForeignResponse" },
  ],
  [
    "a match for another number, then an answer",
    inTurn((socket, { body }) => socket.write(match(body.replace(NUMBER, "+15555550199"))), answerWithMatch),
    { reason: "blocked", attempts: 2 },
  ],
  ["a count below zero", write(count(-1)), { reason: "bad_answer", attempts: 1 }],
  ["JSON null", write(http(200, "null")), { reason: "bad_answer", attempts: 1 }],
  [
    "an HTML page",
    write(http(200, `<html>${messageWithNumber}</html>`, "Content-Type: text/html\r\n")),
    { reason: "bad_answer", attempts: 1 },
  ],
  [
    "an HTML page with status 403",
    write(http(403, `<html>${messageWithNumber}</html>`)),
    { reason: "bad_answer", attempts: 1 },
  ],
  ["a redirect", write(http(302, "", "Location: http://127.0.0.1:1/\r\n")), { reason: "bad_answer", attempts: 1 }],
  ["an empty body", write(http(200, "")), { reason: "bad_answer", attempts: 1 }],
  ["a response that is not HTTP", write("SSH-2.0-OpenSSH_9.6\r\n"), { reason: "bad_answer", attempts: 1 }],
  [
    "a protocol upgrade",
    write("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
    { reason: "connection_lost", attempts: 3 },
  ],
  [
    "a huge body",
    write(http(200, JSON.stringify({ Count: 1, Padding: "x".repeat(10_000_000) }))),
    { reason: "bad_answer", attempts: 1 },
  ],
  [
    "an endless body",
    (socket) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const more = (): void => {
        if (socket.writable) socket.write(`10000\r\n${"x".repeat(0x10000)}\r\n`, more);
      };
      more();
    },
    { reason: "bad_answer", attempts: 1 },
  ],

  // Errors of DynamoDB.
  [
    "throttled",
    write(dynamoDbError(400, "ProvisionedThroughputExceededException", messageWithNumber)),
    { reason: "throttled", attempts: 3, error: "ProvisionedThroughputExceededException" },
  ],
  ["throttled by rate", write(dynamoDbError(400, "ThrottlingException")), { reason: "throttled", attempts: 3 }],
  ["throttled by account", write(dynamoDbError(400, "RequestLimitExceeded")), { reason: "throttled", attempts: 3 }],
  ["429 from a proxy", write(http(429, "slow down")), { reason: "throttled", attempts: 3 }],
  [
    "an internal error",
    write(dynamoDbError(500, "InternalServerError", messageWithNumber)),
    { reason: "server_error", attempts: 3 },
  ],
  ["503 without a body", write(http(503, "")), { reason: "server_error", attempts: 3 }],
  [
    "access denied",
    write(
      dynamoDbError(400, "AccessDeniedException", "User: arn:aws:sts::111122223333:assumed-role/x is not authorized"),
    ),
    { reason: "access_denied", attempts: 1, error: "AccessDeniedException" },
  ],
  ["an expired token", write(dynamoDbError(400, "ExpiredTokenException")), { reason: "bad_credentials", attempts: 1 }],
  [
    "unknown credentials",
    write(dynamoDbError(400, "UnrecognizedClientException")),
    { reason: "bad_credentials", attempts: 1 },
  ],
  [
    "a wrong signature",
    write(dynamoDbError(400, "InvalidSignatureException", messageWithNumber)),
    { reason: "bad_credentials", attempts: 1 },
  ],
  [
    "no such table",
    write(dynamoDbError(400, "ResourceNotFoundException", "Requested resource not found")),
    { reason: "table_missing", attempts: 1 },
  ],
  [
    "no such index",
    write(
      dynamoDbError(
        400,
        "ValidationException",
        "The table does not have the specified index: Disposition-CustomerEndpoint-index",
      ),
    ),
    { reason: "index_missing", attempts: 1 },
  ],
  [
    "an index backfill",
    write(
      dynamoDbError(
        400,
        "ValidationException",
        "Cannot read from backfilling global secondary index: Disposition-CustomerEndpoint-index",
      ),
    ),
    { reason: "index_backfilling", attempts: 1 },
  ],
  [
    "another validation error",
    write(dynamoDbError(400, "ValidationException", `One or more parameter values were invalid: ${NUMBER}`)),
    { reason: "request_rejected", attempts: 1, error: "ValidationException" },
  ],
  [
    "an unknown error",
    write(dynamoDbError(418, "TeapotException")),
    { reason: "request_rejected", attempts: 1, error: "TeapotException" },
  ],
  [
    "an error name that contains the number",
    write(dynamoDbError(400, `Caller${NUMBER.slice(1)}Exception`)),
    { reason: "bad_answer", attempts: 1 },
  ],
];

test.each(rows)("the answer and the log line are correct after: %s", async (_, script, expected) => {
  const server = await serve(script);
  await expectCall(server.url, expected);
  expect(server.requests).toHaveLength(expected.attempts);
});

test.each(["EAI_FAIL", "EAI_AGAIN", "EAI_MEMORY"])(
  "the DNS error %s gives nomatch with the reason dns_failed",
  async (code) => {
    const lookup = jest.spyOn(dns, "lookup").mockImplementation(((_: string, __: object, done: (e: Error) => void) => {
      process.nextTick(done, Object.assign(new Error(code), { code }));
    }) as typeof dns.lookup);
    try {
      const attempts = code === "EAI_AGAIN" ? 3 : 1;
      await expectCall("http://dynamodb.invalid", { reason: "dns_failed", attempts, error: code });
    } finally {
      lookup.mockRestore();
    }
  },
);

test("an empty session token counts as missing", async () => {
  const server = await serve(answerWithMatch);
  await expectCall(server.url, { reason: "blocked", attempts: 1 }, { AWS_SESSION_TOKEN: "" });
  expect(server.requests[0]?.headers.toLowerCase()).not.toContain("x-amz-security-token");
});

test("a refused connection gives nomatch after three attempts", async () => {
  const server = await serve(answerWithMatch);
  await server.stop();
  servers.length = 0;
  await expectCall(server.url, { reason: "connection_failed", attempts: 3, error: "ECONNREFUSED" });
});

test("a host name that cannot be resolved gives nomatch after one attempt", async () => {
  // The resolver refuses a label of 64 characters without network access.
  await expectCall(`http://${"a".repeat(64)}.invalid`, { reason: "dns_failed", attempts: 1, error: "ENOTFOUND" });
});

test("a connection that is never established gives nomatch with the reason timeout", async () => {
  // The server accepts the connection and never answers the TLS handshake.
  const server = await serve(silence);
  await expectCall(`https://127.0.0.1:${server.port}`, { reason: "timeout", attempts: 3 });
});

test("a certificate of an unknown issuer gives nomatch with the reason tls_failed", async () => {
  const server = createServer(selfSignedCertificate(), (_, response) => response.end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await expectCall(url, { reason: "tls_failed", attempts: 1, error: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("without credentials, no request is sent and the answer is nomatch", async () => {
  await expectCall(
    (await serve(answerWithMatch)).url,
    { reason: "bad_credentials", attempts: 0 },
    { AWS_SECRET_ACCESS_KEY: "" },
  );
});

test("a defect, such as a header that Node refuses, gives an answer and not an exception", async () => {
  const environment = { AWS_SESSION_TOKEN: "two\nlines" };
  await expectCall((await serve(answerWithMatch)).url, { reason: "internal_error", attempts: 0 }, environment);
});

test.each([
  ["TABLE_NAME", "", "TABLE_NAME is not set."],
  ["AWS_REGION", "", "AWS_REGION is not set."],
  ["LOOKUP_BUDGET_MS", NUMBER.slice(0, 5) + "x", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["LOOKUP_BUDGET_MS", "99", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  ["LOOKUP_BUDGET_MS", "60000", "LOOKUP_BUDGET_MS is not a whole number from 100 to 7500."],
  [
    "AWS_ENDPOINT_URL_DYNAMODB",
    "ftp://example.com",
    "The DynamoDB endpoint is not an http or https URL. Correct AWS_ENDPOINT_URL_DYNAMODB or AWS_ENDPOINT_URL.",
  ],
])(
  "the error for the configuration %s=%p is counted for its instance, and the log names the variable",
  async (name, value, detail) => {
    const { call, lines } = startFunction("http://127.0.0.1:1", {}, { [name]: value });
    expect(await call(connectEvent())).toEqual({ response: "nomatch", reason: "bad_configuration" });
    expectLine(lines[0], { reason: "bad_configuration", attempts: 0 });
    expect(lines[0]).toHaveProperty("detail", detail);
  },
);

test("without the names of environment and instance, the error is still counted", async () => {
  const { call, lines } = startFunction("", {}, { ENVIRONMENT: "", INSTANCE_NAME: "" });
  expect(await call(connectEvent())).toEqual({ response: "nomatch", reason: "bad_configuration" });
  expect(lines[0]).toMatchObject({ Environment: "unknown", Instance: "unknown", LookupError: 1 });
});

describe("a kept-alive connection that closed while the function was frozen", () => {
  test("after a reset, the next call retries on a new connection", async () => {
    const server = await serve((socket, request) => {
      (request.indexOnConnection === 0 ? answerWithMatch : reset)(socket, request);
    });
    const { call, lines, connected } = startFunction(server.url);
    await connected;
    await call(connectEvent());
    expect(await call(connectEvent())).toEqual({ response: "match", reason: "blocked" });
    expectLine(lines[1], { reason: "blocked", attempts: 2, coldStart: 0 });
  });

  test("without a reset, the next call waits for half its budget and retries on a new connection", async () => {
    const server = await serve((socket, request) => {
      (request.indexOnConnection === 0 ? answerWithMatch : silence)(socket, request);
    });
    const { call, lines, connected } = startFunction(server.url);
    await connected;
    await call(connectEvent());
    expect(await call(connectEvent())).toEqual({ response: "match", reason: "blocked" });
    expectLine(lines[1], { reason: "blocked", attempts: 2, coldStart: 0 });
  });
});

test("a retry after a reset needs no pause", async () => {
  // A pause would take three quarters of its limit.
  const random = jest.spyOn(Math, "random").mockReturnValue(0.75);
  try {
    const server = await serve((socket, request) => {
      (request.indexOnConnection === 0 ? answerWithMatch : reset)(socket, request);
    });
    const { call, connected } = startFunction(server.url);
    await connected;
    await call(connectEvent());
    expect(await call(connectEvent())).toEqual({ response: "match", reason: "blocked" });
    expect(random).not.toHaveBeenCalled();
  } finally {
    random.mockRestore();
  }
});

describe("the other connections stay open", () => {
  const dispositionOf = (body: string): string | undefined => /":d":\{"S":"(\w+)"/.exec(body)?.[1];

  test("after a response that does not come from DynamoDB", async () => {
    const server = await serve(inTurn(write(http(200, "OK")), answerWithMatch));
    const { call, lines, connected } = startFunction(server.url, { blockedDispositions: ["Blocked", "Spam"] });
    await connected;
    const event = connectEvent({}, { BlockedDisposition: "Other" });
    expect(await call(event)).toMatchObject({ reason: "bad_answer" });
    expect(await call(event)).toMatchObject({ reason: "blocked" });
    expectLine(lines[1], { reason: "blocked", attempts: 1, coldStart: 0 });
    expect(server.connections()).toBe(2);
  });

  test("after a timeout on a new connection", async () => {
    // The first query for Spam is reset. The second one gets no answer on a new connection. The third one succeeds on the connection of the
    // query for Blocked, which is idle since the second one started.
    let spam = 0;
    let answerBlocked = (): void => undefined;
    const server = await serve((socket, { body }) => {
      if (dispositionOf(body) === "Blocked") answerBlocked = () => socket.write(count(0));
      else if (++spam === 1) socket.resetAndDestroy();
      else if (spam === 2) answerBlocked();
      else socket.write(count(0));
    });
    const { call, lines, connected } = startFunction(server.url, { blockedDispositions: ["Blocked", "Spam"] });
    await connected;
    expect(await call(connectEvent())).toMatchObject({ reason: "not_blocked" });
    expectLine(lines[0], { reason: "not_blocked", attempts: 4 });
    expect(server.connections()).toBe(3);
  });
});

test("after one timeout on a reused connection, all idle connections are closed", async () => {
  const server = await serve((socket, request) => {
    (request.indexOnConnection === 0 ? answerWithMatch : silence)(socket, request);
  });
  const { call, lines, connected } = startFunction(server.url, { blockedDispositions: ["Blocked", "Spam", "Fraud"] });
  await connected;
  await call(connectEvent());
  expect(await call(connectEvent({}, { BlockedDisposition: "Other" }))).toEqual({
    response: "match",
    reason: "blocked",
  });
  expectLine(lines[1], { reason: "blocked", attempts: 2, coldStart: 0 });
});

test("a throttling response does not close the connection", async () => {
  const server = await serve(inTurn(write(dynamoDbError(400, "ThrottlingException")), answerWithMatch));
  const { call, lines, connected } = startFunction(server.url);
  await connected;
  expect(await call(connectEvent())).toEqual({ response: "match", reason: "blocked" });
  expect(lines[0]).toMatchObject({ attempts: 2 });
  expect(server.connections()).toBe(1);
});

test("calls share the connection that was opened during init", async () => {
  const server = await serve(answerWithMatch);
  const { call, connected } = startFunction(server.url);
  await connected;
  expect(server.connections()).toBe(1);
  for (let i = 0; i < 5; i++) expect(await call(connectEvent())).toMatchObject({ response: "match" });
  expect(server.connections()).toBe(1);
});

describe("several blocked Dispositions", () => {
  const settings = { blockedDispositions: ["Blocked", "Nuisance:Confirmed", "Spam"] };
  const byDisposition =
    (answers: Record<string, Script>): Script =>
    (socket, request) => {
      const { ExpressionAttributeValues: values } = JSON.parse(request.body) as {
        ExpressionAttributeValues: Record<string, { S: string }>;
      };
      (answers[values[":d"]?.S ?? ""] ?? write(count(0)))(socket, request);
    };

  test("are looked up in parallel on connections opened during init", async () => {
    const waiting: (() => void)[] = [];
    const server = await serve((socket) => {
      waiting.push(() => socket.write(count(0)));
      if (waiting.length === 3) for (const answer of waiting) answer(); // Answer when all three queries have arrived.
    });
    const { call, lines, connected } = startFunction(server.url, settings);
    await connected;
    expect(await call(connectEvent())).toEqual({ response: "nomatch", reason: "not_blocked" });
    expect(lines[0]).toMatchObject({ attempts: 3, Lookups: 1 });
    expect(server.connections()).toBe(3);
  });

  test("a match under one Disposition wins although the query for another Disposition failed", async () => {
    const server = await serve(
      byDisposition({ Blocked: write(dynamoDbError(400, "AccessDeniedException")), Spam: answerWithMatch }),
    );
    const { call, lines } = startFunction(server.url, settings);
    expect(await call(connectEvent())).toEqual({ response: "match", reason: "blocked" });
    expect(lines[0]).toMatchObject({ LookupError: 0, Match: 1 });
  });

  test("a match under one Disposition does not wait for a query without an answer", async () => {
    const server = await serve(byDisposition({ Blocked: silence, "Nuisance:Confirmed": answerWithMatch }));
    const { call, lines, connected } = startFunction(server.url, { ...settings, budgetMs: 7500 });
    await connected;
    expect(await call(connectEvent())).toEqual({ response: "match", reason: "blocked" });
    expectLine(lines[0], { reason: "blocked", attempts: 3 });
  });

  test("without a match, one failed query decides the reason, because the answer is not proven", async () => {
    const server = await serve(byDisposition({ Spam: write(dynamoDbError(400, "AccessDeniedException")) }));
    const { call, lines } = startFunction(server.url, settings);
    expect(await call(connectEvent())).toEqual({ response: "nomatch", reason: "access_denied" });
    expect(lines[0]).toMatchObject({ LookupError: 1, attempts: 3 });
  });

  test("more Dispositions than connections share the connections", async () => {
    const server = await serve(write(count(0)));
    const many = { blockedDispositions: Array.from({ length: 40 }, (_, i) => `Disposition ${i}`) };
    const { call, lines, connected } = startFunction(server.url, many);
    await connected;
    const event = connectEvent({}, { BlockedDisposition: "Disposition 7" });
    expect(await call(event)).toEqual({ response: "nomatch", reason: "not_blocked" });
    expectLine(lines[0], { reason: "not_blocked", attempts: 40 });
    expect(server.requests).toHaveLength(40);
    expect(server.connections()).toBe(8);
  });

  test("a match counts the requests that were sent, not those that waited for a connection", async () => {
    let answerFirst = (): void => undefined;
    const server = await serve((socket, { index, body }) => {
      if (index === 0) answerFirst = () => socket.write(match(body));
      if (index === 7) answerFirst(); // All eight connections have a request.
      if (body.includes("Other")) socket.write(count(0));
    });
    const many = { blockedDispositions: Array.from({ length: 100 }, (_, i) => `Disposition ${i}`) };
    const { call, lines, connected } = startFunction(server.url, many);
    await connected;
    expect(await call(connectEvent({}, { BlockedDisposition: "Disposition 0" }))).toMatchObject({ reason: "blocked" });
    const sent = Number(lines[0]?.["attempts"]);
    expect([8, 9]).toContain(sent); // Node may give the first connection to the next request before the match is read.
    // After a later call, the server has read everything that was sent before. The waiting requests were never sent.
    expect(await call(connectEvent({}, { BlockedDisposition: "Other" }))).toMatchObject({ reason: "not_blocked" });
    expect(server.requests).toHaveLength(sent + 1);
  });
});
