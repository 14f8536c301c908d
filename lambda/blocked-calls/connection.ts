/** Exchanges HTTP requests and responses with DynamoDB over kept-alive connections, with limits on time and size. */
import type * as http from "node:http";
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import * as https from "node:https";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { FailureReason } from "./reasons";

export interface Limits {
  /** Time for opening the connection, TLS included, in milliseconds. */
  readonly connectMs: number;
  /** Time for the whole exchange, in milliseconds. */
  readonly totalMs: number;
}

/** The result of one exchange: a response of any status, or a failure. */
export type Exchange =
  | { readonly status: number; readonly body: string }
  | { readonly failure: FailureReason; readonly retry: Retry; readonly code: string | undefined };

/** Whether and when another attempt can help. */
export type Retry = "never" | "after a pause" | "at once";

/**
 * A larger response does not come from DynamoDB. The response to our query has a count and at most one key: at most 7 KB, or 42 KB if
 * JSON escapes every character.
 */
const MAX_RESPONSE_BYTES = 64 * 1024;

/** Further parallel lookups share these connections, because each connection costs the CPU time of a TLS handshake. */
const MAX_CONNECTIONS = 8;

/** The exchanges of one call. They are counted together, and abandoned together when one of them decides the call. */
export class RequestGroup {
  /** Requests that got a connection or started one; not those that only waited for a connection. */
  attempts = 0;
  ended = false;
  /** For each exchange that has not ended, a function that abandons it. */
  readonly abandon = new Set<() => void>();

  /** Stops all timers. Otherwise a timer could expire while the execution environment is frozen, and fire after it thaws. */
  end(): void {
    this.ended = true;
    for (const abandon of this.abandon) abandon();
  }
}

/** The connections to one endpoint. */
export class Connection {
  readonly #request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ClientRequest;
  readonly #agent: Agent;
  readonly #target: RequestOptions;
  readonly #connectEvent: string;
  /** Open connections. `reusedSocket` does not identify them: it is false for a request that waited in the queue of the agent. */
  readonly #connectedSockets = new WeakSet<Socket>();
  /** Abandoned requests that still wait for their response. */
  readonly #abandoned = new Set<ClientRequest>();
  /** The `Host` header, with the port unless it is the default port of the scheme. */
  readonly host: string;
  readonly path: string;

  constructor({ protocol, host, hostname, port, pathname }: URL) {
    const secure = protocol === "https:";
    const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
    // `import` in an ES module reads every export of node:http, and one of them loads undici, which costs 20 ms of CPU time
    // (aws/aws-sdk-js-v3#6914). Only emulators use http.
    const { Agent, request } = secure ? https : (createRequire("file:///")("node:http") as typeof http);
    this.#agent = new Agent(options);
    this.#request = request;
    this.#connectEvent = secure ? "secureConnect" : "connect";
    this.host = host;
    this.path = pathname;
    // An IPv6 address has brackets in a URL, but not in the options of a connection.
    this.#target = { agent: this.#agent, host: hostname.replace(/^\[|\]$/g, ""), port, path: pathname };
  }

  /**
   * Opens `count` connections and leaves them idle for later requests. If this fails, the first request meets the failure.
   * DynamoDB answers `GET /` with a few bytes and without credentials.
   */
  async open(count: number, limits: Limits): Promise<void> {
    const exchanges = Array.from({ length: Math.min(count, MAX_CONNECTIONS) }, () =>
      this.exchange("GET", {}, "", limits, new RequestGroup()),
    );
    await Promise.all(exchanges);
  }

  /** Starts the requests of a call. Closes the connections on which abandoned requests of earlier calls still wait for a response. */
  newRequestGroup(): RequestGroup {
    for (const request of this.#abandoned) request.destroy();
    return new RequestGroup();
  }

  /**
   * Sends one request and waits for the complete response, at most until the time limit. A network fault does not reject the promise.
   * If a reused connection is dead, the idle connections are closed too: they probably died together while the execution environment
   * was frozen.
   */
  exchange(
    method: "GET" | "POST",
    headers: Record<string, string>,
    body: string,
    limits: Limits,
    group: RequestGroup,
  ): Promise<Exchange> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      let ended = false;
      let connectTimer: NodeJS.Timeout | undefined;

      const end = (result: Exchange): void => {
        if (ended) return;
        ended = true;
        stopTimers();
        group.abandon.delete(abandon);
        this.#abandoned.delete(request);
        if ("failure" in result) request.destroy();
        resolve(result);
      };
      const stopTimers = (): void => {
        clearTimeout(connectTimer);
        clearTimeout(totalTimer);
      };
      const fail = (failure: FailureReason, retry: Retry, code?: string): void => {
        if (ended) return;
        const dead = request.reusedSocket && (failure === "connection_lost" || failure === "timeout");
        if (dead && !group.ended) this.#closeIdle();
        end({ failure, retry: dead ? "at once" : retry, code });
      };
      // The response can still arrive. The connection then serves the next call.
      const abandon = (): void => {
        stopTimers();
        if (request.socket === null) fail("connection_lost", "never");
        else this.#abandoned.add(request);
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        const [failure, retry] = classify(error.code ?? "");
        fail(failure, retry, error.code);
      };
      const onTimeout = (): void => {
        fail("timeout", "after a pause");
      };

      const request = this.#request({ ...this.#target, method, headers }, (response) => {
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_RESPONSE_BYTES) fail("bad_answer", "never");
          else chunks.push(chunk);
        });
        response.on("end", () => {
          end({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
        response.on("error", onError);
      });
      const totalTimer = setTimeout(onTimeout, limits.totalMs);
      group.abandon.add(abandon);
      request.on("socket", (socket) => {
        group.attempts++;
        if (this.#connectedSockets.has(socket)) return;
        connectTimer = setTimeout(onTimeout, limits.connectMs);
        socket.once(this.#connectEvent, () => {
          this.#connectedSockets.add(socket);
          clearTimeout(connectTimer);
        });
      });
      request.on("error", onError);
      // Any other end of the request, such as a protocol upgrade, is a lost connection. This event also follows every response.
      request.on("close", () => {
        fail("connection_lost", "after a pause");
      });
      request.end(body);
    });
  }

  #closeIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}

/** Maps an error code of a socket, of DNS or of TLS to a reason, and tells when another attempt can help. */
function classify(code: string): readonly [FailureReason, Retry] {
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return ["connection_failed", "after a pause"];
  if (code === "EAI_AGAIN") return ["dns_failed", "after a pause"];
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return ["dns_failed", "never"];
  if (code.startsWith("HPE_")) return ["bad_answer", "never"];
  if (/CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code)) return ["tls_failed", "never"];
  return ["connection_lost", "after a pause"];
}
