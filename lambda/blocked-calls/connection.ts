/** One HTTP exchange with DynamoDB over kept-alive connections, with limits on time and size. */
import type * as http from "node:http";
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import * as https from "node:https";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
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
  | { readonly failure: FailureReason; readonly retry: Retry; readonly code: string | undefined };

/** Whether and when another attempt can help. */
export type Retry = "never" | "after a pause" | "at once";

/**
 * The answer to our Query is a count and at most one key, 7 KB with every part at its limit and six times that with every
 * character escaped; anything larger is not DynamoDB.
 */
const MAX_ANSWER_BYTES = 64 * 1024;

/** More parallel lookups than this share connections: each connection costs a TLS handshake of CPU. */
const MAX_CONNECTIONS = 8;

/** The exchanges of one call: counted together and, once one of them decides, given up together. */
export class Round {
  /** Requests for which there was a connection or one was begun; not those that never left the queue for one. */
  attempts = 0;
  over = false;
  /** For each exchange that is not over, how to give it up. */
  readonly open = new Set<() => void>();

  /** After this no timer runs, so a sandbox that is frozen now thaws without one that came due in between. */
  end(): void {
    this.over = true;
    for (const giveUp of this.open) giveUp();
  }
}

/** Connections to one endpoint. */
export class Connection {
  readonly #request: (options: RequestOptions, onResponse: (response: IncomingMessage) => void) => ClientRequest;
  readonly #agent: Agent;
  readonly #to: RequestOptions;
  readonly #connected: string;
  /** Connections that stand: `reusedSocket` is false for the next in the queue when it gets one. */
  readonly #standing = new WeakSet<Socket>();
  /** Requests that were given up while their answer was on the way. */
  readonly #givenUp = new Set<ClientRequest>();
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
      this.exchange("GET", {}, "", limits, new Round()),
    );
    await Promise.all(exchanges);
  }

  /** Begins a call. What the calls before it gave up and is still unanswered goes, and its connection with it. */
  newRound(): Round {
    for (const request of this.#givenUp) request.destroy();
    return new Round();
  }

  /**
   * Sends one request and waits for its whole answer or the end of its time; no fault of the network rejects. When a kept
   * connection turns out to be dead, the idle ones are closed as well: what killed one while the sandbox was frozen has
   * killed them all.
   */
  exchange(
    method: "GET" | "POST",
    headers: Record<string, string>,
    body: string,
    limits: Limits,
    round: Round,
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
        round.open.delete(giveUp);
        this.#givenUp.delete(request);
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
        if (dead && !round.over) this.#dropIdle();
        end({ failure, retry: dead ? "at once" : retry, code });
      };
      // An answer that is on the way may come: its connection then serves the next call.
      const giveUp = (): void => {
        stopTimers();
        if (request.socket === null) fail("connection_lost", "never");
        else this.#givenUp.add(request);
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        const [failure, retry] = classify(error.code ?? "");
        fail(failure, retry, error.code);
      };
      const onTimeout = (): void => {
        fail("timeout", "after a pause");
      };

      const request = this.#request({ ...this.#to, method, headers }, (response) => {
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) fail("bad_answer", "never");
          else chunks.push(chunk);
        });
        response.on("end", () => {
          end({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        });
        response.on("error", onError);
      });
      const totalTimer = setTimeout(onTimeout, limits.totalMs);
      round.open.add(giveUp);
      request.on("socket", (socket) => {
        round.attempts++;
        if (this.#standing.has(socket)) return;
        connectTimer = setTimeout(onTimeout, limits.connectMs);
        socket.once(this.#connected, () => {
          this.#standing.add(socket);
          clearTimeout(connectTimer);
        });
      });
      request.on("error", onError);
      // Whatever else ends it (an upgrade, say) is a lost connection; it also comes after every answer.
      request.on("close", () => {
        fail("connection_lost", "after a pause");
      });
      request.end(body);
    });
  }

  #dropIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }
}

/** What an error of a socket, the resolver or TLS means, and when another attempt can help. */
function classify(code: string): readonly [FailureReason, Retry] {
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return ["connection_failed", "after a pause"];
  if (code === "EAI_AGAIN") return ["dns_failed", "after a pause"];
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return ["dns_failed", "never"];
  if (code.startsWith("HPE_")) return ["bad_answer", "never"];
  if (/CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code)) return ["tls_failed", "never"];
  return ["connection_lost", "after a pause"];
}
