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

/** When another attempt can help, if at all. */
export type Retry = "never" | "after a pause" | "at once";

/**
 * Maximum size of a response. The response to our query has a count and at most one key: at most 7 KB, or 42 KB if JSON escapes every
 * character. A larger response does not come from DynamoDB.
 */
const MAX_RESPONSE_BYTES = 64 * 1024;

/** Maximum number of connections. Further parallel lookups share them, because each connection costs the CPU time of a TLS handshake. */
const MAX_CONNECTIONS = 8;

/** The exchanges of one call. They are counted together, and abandoned together when one of them decides the call. */
export class RequestGroup {
  /** Number of requests that got or opened a connection. Requests that only waited for a connection are not counted. */
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
  /** Abandoned requests that still wait for their response. */
  readonly #abandoned = new Set<ClientRequest>();
  /**
   * Exchanges that wait for a connection, in order. The queue of Node's `Agent` is not used, because it sends the next request in the
   * same turn of the event loop in which the previous response ended. Unexpected data on the connection would not be noticed yet.
   */
  readonly #waiting = new Set<() => void>();
  #inUse = 0;
  /** The `Host` header, with the port unless it is the default port of the scheme. */
  readonly host: string;
  readonly path: string;

  constructor({ protocol, host, hostname, port, pathname }: URL) {
    const secure = protocol === "https:";
    // `import` in an ES module reads every export of node:http, and one of them loads undici, which costs 20 ms of CPU time
    // (aws/aws-sdk-js-v3#6914). Only emulators use http.
    const { Agent, request } = secure ? https : (createRequire("file:///")("node:http") as typeof http);
    this.#agent = new Agent({ keepAlive: true });
    this.#agent.on("free", (socket: Socket) => socket.on("data", closeOnData));
    this.#request = request;
    this.#connectEvent = secure ? "secureConnect" : "connect";
    this.host = host;
    this.path = pathname;
    // An IPv6 address has brackets in a URL, but not in the options of a connection.
    this.#target = { agent: this.#agent, host: hostname.replace(/^\[|\]$/g, ""), port, path: pathname };
  }

  /**
   * Opens `count` connections and leaves them idle for later requests. A connection that cannot be opened is no error here: the first
   * request opens it again and reports the fault. DynamoDB answers `GET /` with a few bytes and without credentials.
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
   * Sends one request and waits for the complete response, at most until the time limit. Never rejects. If a reused connection is dead,
   * the idle connections are closed too: they probably died together while the execution environment was frozen.
   *
   * HTTP/1.1 does not say to which request a response belongs. A server or proxy can write a second response to an earlier request.
   * Therefore a connection is closed if data arrives on it while it is idle, or if `isForeign` returns true for its response.
   *
   * @param isForeign - whether a response is proven to belong to another request
   */
  exchange(
    method: "GET" | "POST",
    headers: Record<string, string>,
    body: string,
    limits: Limits,
    group: RequestGroup,
    isForeign: (status: number, body: string) => boolean = () => false,
  ): Promise<Exchange> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      let ended = false;
      let connectTimer: NodeJS.Timeout | undefined;
      let request: ClientRequest | undefined;
      let complete: (() => void) | undefined;

      const end = (result: Exchange): void => {
        if (ended) return;
        ended = true;
        stopTimers();
        group.abandon.delete(abandon);
        this.#waiting.delete(send);
        if (request !== undefined) this.#abandoned.delete(request);
        if ("failure" in result) {
          request?.destroy();
          // After the end of a response, Node has already marked the request as destroyed, and destroy() does nothing.
          request?.socket?.destroy();
        }
        resolve(result);
      };
      const stopTimers = (): void => {
        clearTimeout(connectTimer);
        clearTimeout(totalTimer);
      };
      const fail = (failure: FailureReason, retry: Retry, code?: string): void => {
        if (ended) return;
        const dead = request?.reusedSocket === true && (failure === "connection_lost" || failure === "timeout");
        if (dead && !group.ended) this.#closeIdle();
        end({ failure, retry: dead ? "at once" : retry, code });
      };
      // The response can still arrive. The connection then serves the next call.
      const abandon = (): void => {
        stopTimers();
        if (request === undefined) fail("connection_lost", "never");
        else this.#abandoned.add(request);
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        const [failure, retry] = classify(error.code ?? "");
        fail(failure, retry, error.code);
      };
      const onTimeout = (): void => {
        fail("timeout", "after a pause");
      };

      const onResponse = (sent: ClientRequest, response: IncomingMessage): void => {
        const check = (): void => {
          const [status, text] = [response.statusCode ?? 0, Buffer.concat(chunks).toString()];
          if (!sent.writableFinished) fail("bad_answer", "at once", "EarlyResponse");
          else if (isForeign(status, text)) fail("bad_answer", "at once", "ForeignResponse");
          else end({ status, body: text });
        };
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_RESPONSE_BYTES) fail("bad_answer", "never");
          else chunks.push(chunk);
        });
        response.on("end", () => {
          if (sent.writableFinished) {
            check();
          } else {
            // Over TLS, Node can report the end of a write one turn of the event loop late, and then emits "close" at once.
            complete = check;
            setImmediate(check);
          }
        });
        response.on("error", onError);
      };
      const send = (): void => {
        if (ended) {
          this.#release();
          return;
        }
        let sent: ClientRequest;
        try {
          sent = this.#request({ ...this.#target, method, headers }, (response) => {
            onResponse(sent, response);
          });
        } catch (error) {
          this.#release();
          fail("internal_error", "never", error instanceof Error ? error.name : undefined);
          return;
        }
        request = sent;
        group.attempts++;
        sent.on("socket", (socket) => {
          socket.off("data", closeOnData);
          if (sent.reusedSocket) return;
          connectTimer = setTimeout(onTimeout, limits.connectMs);
          socket.once(this.#connectEvent, () => {
            clearTimeout(connectTimer);
          });
        });
        sent.on("error", onError);
        // Any other end of the request, such as a protocol upgrade, is a lost connection. This event also follows every response.
        sent.on("close", () => {
          this.#release();
          complete?.();
          fail("connection_lost", "after a pause");
        });
        sent.end(body);
      };

      const totalTimer = setTimeout(onTimeout, limits.totalMs);
      group.abandon.add(abandon);
      this.#acquire(send);
    });
  }

  /** Calls `send` when a connection is available, and after idle connections have been checked for unexpected data. */
  #acquire(send: () => void): void {
    if (this.#inUse < MAX_CONNECTIONS) {
      this.#inUse++;
      afterPoll(send);
    } else this.#waiting.add(send);
  }

  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#inUse--;
    else {
      this.#waiting.delete(next);
      afterPoll(next);
    }
  }

  #closeIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}

/** Closes an idle connection on which data arrives. No request can have caused the data. */
function closeOnData(this: Socket): void {
  this.destroy();
}

/**
 * Calls back after the event loop has polled all sockets at least once, so that data that arrived earlier has been delivered. After the
 * execution environment thaws, an event can be delivered before data that arrived earlier. The first `setImmediate` can run before the next
 * poll, the second cannot. The two `setImmediate` calls together take less than 0.1 ms.
 */
function afterPoll(callback: () => void): void {
  setImmediate(() => setImmediate(callback));
}

/** Maps an error code of a socket, of DNS or of TLS to a reason, and to whether and when another attempt can help. */
function classify(code: string): readonly [FailureReason, Retry] {
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return ["connection_failed", "after a pause"];
  if (code === "EAI_AGAIN") return ["dns_failed", "after a pause"];
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return ["dns_failed", "never"];
  if (code.startsWith("HPE_")) return ["bad_answer", "never"];
  if (/CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code)) return ["tls_failed", "never"];
  return ["connection_lost", "after a pause"];
}
