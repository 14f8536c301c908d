/** Tests that a second response to one call never answers the next call: over HTTP and TLS, at any time, also while frozen. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { selfSignedCertificate } from "../../../emulators/lambda-runtime/certificate";
import {
  startFunction as startPackage,
  type FunctionInstance,
} from "../../../emulators/lambda-runtime/function-instance";
import { Connection, RequestGroup } from "../../../lambda/blocked-calls/connection";
import { packageBlockedCalls } from "../../../lambda/packaging";
import { functionEnvironment } from "../../../lambda/settings";
import { callFrom, SETTINGS, startFunction } from "./connect-event";
import { count, match, startScriptedServer, type ScriptedServer } from "./scripted-server";

const RUNS = 50;
const BLOCKED = "+15555550100";
const NOT_BLOCKED = "+15555550101";
const LIMIT_MS = 60_000;

const certificate = selfSignedCertificate();
const directory = mkdtempSync(join(tmpdir(), "second-response-"));
const caFile = join(directory, "ca.pem");
writeFileSync(caFile, certificate.cert);

/** Sends the latest response again, on the same connection. */
let sendAgain: () => void = () => undefined;
let lastSocket: Socket | undefined;
/** A further action of the server after a match. */
let afterMatch: () => void = () => undefined;
/** Returns the bytes of the packet with a match: the response, and possibly further bytes. */
let packetWithMatch = (response: string): string => response;

async function serve(secure: boolean): Promise<ScriptedServer> {
  return startScriptedServer(
    (socket, { body }) => {
      const isMatch = body.includes(BLOCKED);
      const response = isMatch ? match(body) : count(0);
      lastSocket = socket;
      sendAgain = () => {
        if (socket.writable) socket.write(response);
      };
      socket.write(isMatch ? packetWithMatch(response) : response);
      if (isMatch) afterMatch();
    },
    secure ? certificate : undefined,
  );
}

let server: ScriptedServer | undefined;
beforeEach(() => {
  [sendAgain, afterMatch, packetWithMatch] = [() => undefined, () => undefined, (response) => response];
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe.each([
  ["HTTP", false],
  ["TLS", true],
])("over %s, in a process like Lambda's, the next call gets its own answer", (_, secure) => {
  /** One process for all tests, because a start takes longer than a test. Each test ends with an answered call. */
  let running: FunctionInstance;
  let table: ScriptedServer;
  beforeAll(async () => {
    table = await serve(secure);
    running = await startPackage({
      ...packageBlockedCalls(),
      environment: {
        ...functionEnvironment(SETTINGS),
        AWS_ENDPOINT_URL_DYNAMODB: table.url,
        NODE_EXTRA_CA_CERTS: caFile,
      },
    });
  });
  afterAll(async () => {
    await running.stop();
    await table.stop();
  });

  /** A blocked number calls, then `between` happens, then another number calls. */
  async function run(between: () => Promise<void> | void): Promise<void> {
    const first = await running.invoke(callFrom(BLOCKED));
    expect(first.payload).toEqual({ response: "match", reason: "blocked" });
    await between();
    const second = await running.invoke(callFrom(NOT_BLOCKED));
    expect(second.payload).toEqual({ response: "nomatch", reason: "not_blocked" });
  }

  test(
    "after a second response in the same packet",
    async () => {
      packetWithMatch = (response) => response + response;
      for (let i = 0; i < RUNS; i++) await run(() => undefined);
    },
    LIMIT_MS,
  );

  test(
    "after a second response in the same packet whose last bytes arrive later",
    async () => {
      packetWithMatch = (response) => response + response.slice(0, -4);
      for (let i = 0; i < RUNS; i++) await run(() => undefined);
    },
    LIMIT_MS,
  );

  test(
    "if a second response arrives before, during or after the start of the next call",
    async () => {
      afterMatch = () => setTimeout(sendAgain, 10);
      for (let i = 0; i < RUNS; i++) await run(() => sleep(i / 2));
    },
    LIMIT_MS,
  );

  test(
    "after a second response while the function is frozen",
    async () => {
      for (let i = 0; i < RUNS; i++) {
        await run(async () => {
          running.pause();
          sendAgain();
          await sleep(10);
          running.resume();
        });
      }
    },
    LIMIT_MS,
  );

  test(
    "after a second nomatch while the function is frozen, even if the next call is a match",
    async () => {
      for (let i = 0; i < 10; i++) {
        const first = await running.invoke(callFrom(NOT_BLOCKED));
        expect(first.payload).toEqual({ response: "nomatch", reason: "not_blocked" });
        running.pause();
        sendAgain();
        await sleep(50);
        running.resume();
        const second = await running.invoke(callFrom(BLOCKED));
        expect(second.payload).toEqual({ response: "match", reason: "blocked" });
        expect(JSON.parse(second.logs[0] ?? "")).toMatchObject({ attempts: 1 });
      }
    },
    LIMIT_MS,
  );

  test(
    "after a second response just before the next call",
    async () => {
      for (let i = 0; i < RUNS; i++) {
        await run(() => {
          sendAgain();
        });
      }
    },
    LIMIT_MS,
  );
});

describe("in this process", () => {
  test(
    "a second response while the event loop is blocked does not answer the next call",
    async () => {
      server = await serve(false);
      const { call, connected } = startFunction(server.url);
      await connected;
      for (let i = 0; i < RUNS; i++) {
        expect(await call(callFrom(BLOCKED))).toEqual({ response: "match", reason: "blocked" });
        sendAgain();
        for (const end = performance.now() + 5; performance.now() < end;);
        expect(await call(callFrom(NOT_BLOCKED))).toEqual({ response: "nomatch", reason: "not_blocked" });
      }
    },
    LIMIT_MS,
  );

  test("data on an idle connection closes it, and the next call needs no retry", async () => {
    server = await serve(false);
    const { call, lines, connected } = startFunction(server.url);
    await connected;
    for (let i = 1; i <= RUNS; i++) {
      const number = i % 2 === 0 ? BLOCKED : NOT_BLOCKED;
      expect(await call(callFrom(number))).toMatchObject({ response: number === BLOCKED ? "match" : "nomatch" });
      expect(lines.at(-1)).toMatchObject({ attempts: 1 });
      expect(server.connections()).toBe(i);
      if (lastSocket === undefined) throw new Error("the server has no connection");
      const closed = once(lastSocket, "close");
      sendAgain();
      await closed;
    }
  });

  test(
    "a second response does not answer a query that waits for the connection",
    async () => {
      // More Dispositions than connections: a connection is used again within the call.
      server = await startScriptedServer((socket, { body }) => {
        if (body.includes('"Disposition 0"')) socket.write(count(0) + count(0));
        else socket.write(body.includes('"Disposition 9"') ? match(body) : count(0));
      });
      const blockedDispositions = Array.from({ length: 10 }, (_, i) => `Disposition ${i}`);
      const { call, connected } = startFunction(server.url, { blockedDispositions });
      await connected;
      const event = callFrom(BLOCKED);
      event.Details.Parameters["BlockedDisposition"] = "Disposition 0";
      for (let i = 0; i < RUNS; i++) expect(await call(event)).toMatchObject({ reason: "blocked" });
    },
    LIMIT_MS,
  );

  test("a response that arrives before the request was written is refused", async () => {
    const listener = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", () => {
        socket.pause(); // the rest of the request stays unwritten
        socket.write(count(0));
      });
    }).listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const limits = { connectMs: 5000, totalMs: 5000 };
    const body = "x".repeat(50_000_000);
    const headers = { "content-length": String(body.length) };
    try {
      const connection = new Connection(new URL(`http://127.0.0.1:${port}`));
      expect(await connection.exchange("POST", headers, body, limits, new RequestGroup())).toEqual({
        failure: "bad_answer",
        retry: "at once",
        code: "EarlyResponse",
      });
    } finally {
      listener.close();
    }
  });
});
