/** Tests the deployed zip in a process like Lambda's, over TLS. */
import { once } from "node:events";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { packageBlockedCalls } from "../../../lambda/packaging";
import { functionEnvironment } from "../../../lambda/settings";
import { selfSignedCertificate } from "../../../emulators/lambda-runtime/certificate";
import { startFunction, type FunctionInstance } from "../../../emulators/lambda-runtime/function-instance";
import { callFrom, connectEvent, CONTACT_ID, SETTINGS, type LogLine } from "./connect-event";
import { match as matchResponse } from "./scripted-server";

const directory = mkdtempSync(join(tmpdir(), "packaged-"));
const caFile = join(directory, "ca.pem");

let server: Server;
let instance: FunctionInstance | undefined;
const sockets = new Set<Socket>();
const requests: string[] = [];
let handshakes = 0;
/** Answers a query. The default is an immediate match. */
let respond: (response: ServerResponse, body: string) => void;
/** The body of the response to a query that finds a contact. */
const match = (query: string): string => matchResponse(query).split("\r\n\r\n")[1] ?? "";

beforeEach(async () => {
  const certificate = selfSignedCertificate();
  writeFileSync(caFile, certificate.cert);
  handshakes = 0;
  requests.length = 0;
  respond = (response, body) => response.end(match(body));
  server = createServer(certificate, (request, response) => {
    requests.push(`${request.method ?? ""} ${String(request.headers["x-amz-target"])}`);
    void text(request).then((body) => {
      if (request.method === "POST") respond(response, body);
      else response.end("healthy");
    });
  });
  server.on("secureConnection", (socket: Socket) => {
    handshakes++;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  await instance?.stop();
  instance = undefined;
  server.closeAllConnections();
  server.close();
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** The longest budget. Few tests depend on the time of a lookup, and a busy machine must not repeat a request. */
const patient = { ...SETTINGS, budgetMs: 7500 };

async function start(environment: Record<string, string> = {}): Promise<FunctionInstance> {
  const { zip, handler } = packageBlockedCalls();
  const { port } = server.address() as AddressInfo;
  instance = await startFunction({
    zip,
    handler,
    environment: {
      ...functionEnvironment(patient),
      AWS_ENDPOINT_URL_DYNAMODB: `https://127.0.0.1:${port}`,
      NODE_EXTRA_CA_CERTS: caFile,
      ...environment,
    },
  });
  return instance;
}

test("init opens the connection, TLS included, and the first call uses it", async () => {
  const { invoke } = bind(await start());
  expect(handshakes).toBe(1);
  expect(requests).toEqual(["GET undefined"]);
  expect((await invoke()).payload).toEqual({ response: "match", reason: "blocked" });
  expect((await invoke()).payload).toEqual({ response: "match", reason: "blocked" });
  expect(handshakes).toBe(1);
  expect(requests.slice(1)).toEqual(["POST DynamoDB_20120810.Query", "POST DynamoDB_20120810.Query"]);
});

test("each call writes one JSON line to the log; the first is marked as a cold start", async () => {
  const { invoke } = bind(await start());
  const lines = [await invoke(), await invoke()].map(({ logs }) => {
    expect(logs).toHaveLength(1);
    return JSON.parse(logs[0] ?? "") as LogLine;
  });
  expect(lines.map(({ ColdStart }) => ColdStart)).toEqual([1, 0]);
  const [line] = lines;
  expect(line).toMatchObject({ contactId: CONTACT_ID, reason: "blocked", Environment: "dev", Instance: "acme-dev" });
  const [directive] = line?._aws.CloudWatchMetrics ?? [];
  expect(directive?.Namespace).toBe("ConnectPathCallBlocking");
  expect(directive?.Dimensions).toEqual([["Environment", "Instance"]]);
  const metrics = ["Lookups", "Match", "NoMatch", "Skipped", "LookupError", "ColdStart", "Reason_blocked", "LatencyMs"];
  expect(directive?.Metrics.map(({ Name }) => Name)).toEqual(metrics);
  for (const metric of metrics) expect(typeof line?.[metric]).toBe("number");
});

test("a function that was frozen while the server closed the connection answers the next call", async () => {
  const running = await start();
  const { invoke } = bind(running);
  await invoke();
  running.pause();
  for (const socket of sockets) socket.destroy();
  running.resume();
  expect((await invoke()).payload).toEqual({ response: "match", reason: "blocked" });
  expect(handshakes).toBe(2);
});

describe("a function that is frozen after a match, while other queries wait for a response", () => {
  /** A busy machine must answer within this time. */
  const BUDGET_MS = 1200;
  const held: { readonly response: ServerResponse; readonly body: string }[] = [];
  let running: FunctionInstance;
  beforeEach(async () => {
    held.length = 0;
    const blocked: typeof held = [];
    respond = (response, body) => {
      (body.includes('"Blocked"') ? blocked : held).push({ response, body });
      if (held.length !== 2) return;
      for (const first of blocked.splice(0)) first.response.end(match(first.body));
    };
    const settings = { ...SETTINGS, blockedDispositions: ["Blocked", "Spam", "Fraud"], budgetMs: BUDGET_MS };
    running = await start(functionEnvironment(settings));
    expect(handshakes).toBe(3);
  });

  /** Makes a call, then freezes the function for longer than every limit of that call. `meanwhile` runs while it is frozen. */
  async function callAndFreeze(meanwhile: () => void): Promise<void> {
    const { payload } = await running.invoke(connectEvent());
    expect(payload).toEqual({ response: "match", reason: "blocked" });
    running.pause();
    meanwhile();
    await setTimeout(BUDGET_MS);
    running.resume();
    // When this call without a lookup ends, the function has processed all data that arrived while it was frozen.
    expect((await running.invoke(callFrom("Anonymous"))).payload).toMatchObject({ reason: "anonymous_allowed" });
  }

  test("keeps every connection if the responses arrive", async () => {
    for (let calls = 1; calls <= 3; calls++) {
      await callAndFreeze(() => {
        for (const { response, body } of held.splice(0)) response.end(match(body));
      });
    }
    expect(handshakes).toBe(3);
    expect(requests.filter((request) => request.startsWith("POST"))).toHaveLength(9);
  });

  test("loses only the two connections that are reset", async () => {
    await callAndFreeze(() => {
      for (const { response } of held) response.socket?.destroy();
    });
    respond = (response) => response.end('{"Count":0,"ScannedCount":0}');
    expect((await running.invoke(connectEvent())).payload).toEqual({ response: "nomatch", reason: "not_blocked" });
    expect(handshakes).toBe(5);
  });

  test("loses the two connections without a response, and the next call does not wait for them", async () => {
    await callAndFreeze(() => undefined);
    expect(handshakes).toBe(3);
    respond = (response) => response.end('{"Count":0,"ScannedCount":0}');
    for (let calls = 1; calls <= 2; calls++) {
      const { payload, logs } = await running.invoke(connectEvent());
      expect(payload).toEqual({ response: "nomatch", reason: "not_blocked" });
      expect(JSON.parse(logs[0] ?? "")).toMatchObject({ attempts: 3 });
    }
    expect(handshakes).toBe(5);
    for (const end = Date.now() + 2000; sockets.size !== 3 && Date.now() < end;) await setTimeout(10);
    expect(sockets.size).toBe(3);
  });
});

test("many calls with more Dispositions than connections cause no warning of Node in the log", async () => {
  respond = (response) => response.end('{"Count":0,"ScannedCount":0}');
  const blockedDispositions = Array.from({ length: 20 }, (_, i) => `Disposition ${i}`);
  const running = await start(functionEnvironment({ ...patient, blockedDispositions }));
  const event = connectEvent({}, { BlockedDisposition: "Disposition 7" });
  // Node warns about the eleventh listener on one connection.
  for (let calls = 1; calls <= 20; calls++) {
    const { payload, logs } = await running.invoke(event);
    expect(payload).toEqual({ response: "nomatch", reason: "not_blocked" });
    expect(logs).toEqual([expect.stringContaining('"attempts":20')]);
  }
  expect(handshakes).toBe(8);
});

// The measured time depends on the load of the machine. It is measured once, on the Node.js version of the test process.
const testOnce = process.env["LAMBDA_NODE"] === undefined ? test : test.skip;
testOnce(
  "an unreachable endpoint delays init by less than half a second, and a call still gets an answer",
  async () => {
    // A socket that accepts and never answers is the slowest case.
    const silent = createTcpServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    try {
      const { port } = silent.address() as AddressInfo;
      const environment = {
        ...functionEnvironment(SETTINGS),
        AWS_ENDPOINT_URL_DYNAMODB: `https://127.0.0.1:${port}`,
      };
      let running = await start(environment);
      // Other programs can delay one start, but not every start.
      for (let starts = 1; running.loadMs >= 500 && starts < 10; starts++) {
        await running.stop();
        running = await start(environment);
      }
      expect(running.loadMs).toBeLessThan(500);
      expect((await bind(running).invoke()).payload).toEqual({ response: "nomatch", reason: "timeout" });
    } finally {
      await instance?.stop();
      instance = undefined;
      silent.close();
    }
  },
);

test("an invalid configuration gives an answer, not an exception", async () => {
  const { invoke } = bind(await start({ BLOCKED_DISPOSITIONS: "Blocked" }));
  const { payload, error, logs } = await invoke();
  expect(error).toBeUndefined();
  expect(payload).toEqual({ response: "nomatch", reason: "bad_configuration" });
  expect(logs[0]).toContain("BLOCKED_DISPOSITIONS is not a JSON list");
});

const bind = (running: FunctionInstance) => ({ invoke: () => running.invoke(connectEvent(), { timeoutMs: 3000 }) });
