/** One HTTP exchange with DynamoDB over kept-alive connections, with limits on time and size. */
import type * as http from "node:http";
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import * as https from "node:https";
import { createRequire } from "node:module";
import type { FailureReason } from "./reasons";

export interface Limits {
  /** Time until the connection stands, TLS included, in milliseconds. */
  readonly connectMs: number;
  /** Time until the whole answer is there, in milliseconds. */
  readonly totalMs: number;
}

/** What came of one exchange: an answer of any status, or a failure. */
export type Exchange =
  | { readonly status: number; readonly body: string }
  | { readonly failure: FailureReason; readonly retry: boolean; readonly code: string | undefined };

/**
 * The answer to our Query is a count and at most one key, 7 KB with every part at its limit and six times that with every
 * character escaped; anything larger is not DynamoDB.
 */
const MAX_ANSWER_BYTES = 64 * 1024;

/** More parallel lookups than this share connections: each connection costs a TLS handshake of CPU. */
export const MAX_CONNECTIONS = 8;

/** Connections to one endpoint. */
export class Connection {
  readonly #request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ClientRequest;
  readonly #agent: Agent;
  readonly #to: RequestOptions;
  readonly #connected: string;
  /** The `Host` header: with the port where it is not the scheme's own. */
  readonly host: string;
  readonly path: string;

  constructor({ protocol, host, hostname, port, pathname }: URL) {
    const secure = protocol === "https:";
    const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
    // Not by an import: of an ES module, that reads every export, and one of node:http's loads the whole of undici, 20 ms of
    // CPU (aws/aws-sdk-js-v3#6914). DynamoDB is https; only emulators come here.
    const { Agent, request } = secure ? https : (createRequire("file:///")("node:http") as typeof http);
    this.#agent = new Agent(options);
    this.#request = request;
    this.#connected = secure ? "secureConnect" : "connect";
    this.host = host;
    this.path = pathname;
    // An IPv6 address stands in brackets in a URL and without them in a connection's options.
    this.#to = { agent: this.#agent, host: hostname.replace(/^\[|\]$/g, ""), port, path: pathname };
  }

  /**
   * Opens `count` connections and leaves them idle, ready for requests; a failure is left to the first request to find.
   * `GET /` is what DynamoDB answers without credentials, with a few bytes.
   */
  async open(count: number, limits: Limits): Promise<void> {
    const exchanges = Array.from({ length: Math.min(count, MAX_CONNECTIONS) }, () =>
      this.exchange("GET", {}, "", limits),
    );
    await Promise.all(exchanges);
  }

  /**
   * Sends one request and waits for its whole answer or the end of its time; no fault of the network rejects. After a failure
   * the idle connections are closed as well: what killed one while the sandbox was frozen has killed them all.
   */
  exchange(method: "GET" | "POST", headers: Record<string, string>, body: string, limits: Limits): Promise<Exchange> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      let ended = false;
      let connectTimer: NodeJS.Timeout | undefined;

      const end = (result: Exchange): void => {
        if (ended) return;
        ended = true;
        clearTimeout(connectTimer);
        clearTimeout(totalTimer);
        if ("failure" in result) {
          request.destroy();
          this.#dropIdle();
        }
        resolve(result);
      };
      const fail = (failure: FailureReason, retry: boolean, code?: string): void => {
        end({ failure, retry, code });
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        const [failure, retry] = classify(error.code ?? "");
        fail(failure, retry, error.code);
      };
      const onTimeout = (): void => {
        fail("timeout", true);
      };

      const request = this.#request({ ...this.#to, method, headers }, (response) => {
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) fail("bad_answer", false);
          else chunks.push(chunk);
        });
        response.on("end", () => {
          end({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
        response.on("error", onError);
      });
      const totalTimer = setTimeout(onTimeout, limits.totalMs);
      request.on("socket", (socket) => {
        if (request.reusedSocket) return;
        connectTimer = setTimeout(onTimeout, limits.connectMs);
        socket.once(this.#connected, () => {
          clearTimeout(connectTimer);
        });
      });
      request.on("error", onError);
      // Whatever else ends it (an upgrade, say) is a lost connection; it also comes after every answer.
      request.on("close", () => {
        fail("connection_lost", true);
      });
      request.end(body);
    });
  }

  #dropIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}

/** What an error of a socket, the resolver or TLS means, and whether another attempt can help. */
function classify(code: string): readonly [FailureReason, boolean] {
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH") return ["connection_failed", true];
  if (code === "EAI_AGAIN") return ["dns_failed", true];
  if (code === "ENOTFOUND") return ["dns_failed", false];
  if (code.startsWith("HPE_")) return ["bad_answer", false];
  if (/CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code)) return ["tls_failed", false];
  return ["connection_lost", true];
}
