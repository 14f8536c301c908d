/** HTTP between AWS clients and emulators: serves requests on a local port, and forwards requests. */
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { isLoopbackHost } from "../loopback-host";
import { type AwsRequest, readRequest } from "./aws-request";

export interface AwsResponse {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body: string | Buffer;
}

/** Answers requests: an emulator, a layer in front of one, or an injected fault. */
export type Responder = (request: AwsRequest) => AwsResponse | Promise<AwsResponse>;

export interface AwsEndpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Closes all connections and frees the port. */
  close(): Promise<void>;
}

/**
 * Serves `respond` on a loopback port.
 *
 * @param port 0 for a free port
 * @throws Error with the code EADDRINUSE if the port is in use
 */
export async function serveAws(respond: Responder, port = 0): Promise<AwsEndpoint> {
  // Without a keep-alive limit, no connection closes while a client starts to send on it.
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    void (async () => {
      if (isFromBrowser(incoming.headers)) {
        outgoing.writeHead(403, { "content-type": "text/plain" });
        outgoing.end("The emulator answers AWS clients on this machine, not web pages.\n");
        return;
      }
      const request = await readRequest(incoming);
      const { status, headers, body } = await answer(respond, request);
      // A response to HEAD has a content length but no body.
      const length = request.method === "HEAD" ? {} : { "content-length": Buffer.byteLength(body) };
      outgoing.writeHead(status, { ...headers, ...length });
      outgoing.end(body);
    })().catch(() => {
      // The client closed the connection.
      outgoing.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/**
 * Whether a web page may have sent the request. The emulator runs uploaded functions, so a web page must not reach it: neither directly
 * (`Origin`), nor through a name that an attacker resolves to this machine (`Host`).
 */
function isFromBrowser({ origin, host = "" }: IncomingHttpHeaders): boolean {
  return origin !== undefined || !isLoopbackHost(host);
}

/** Forwards requests to an emulator, with unchanged bodies and headers. */
export const forwardTo =
  (url: string): Responder =>
  (request) =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        url,
        {
          path: request.url,
          method: request.method,
          // A chunked request has no length, but its body has been read to the end.
          headers: { ...endToEnd(request.headers), "content-length": request.body.length },
          // moto closes idle connections without notice.
          agent: false,
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.once("error", reject);
          incoming.once("end", () => {
            const headers = endToEnd(incoming.headers);
            resolve({ status: incoming.statusCode ?? 502, headers, body: Buffer.concat(chunks) });
          });
        },
      );
      outgoing.once("error", reject);
      outgoing.end(request.body);
    });

async function answer(respond: Responder, request: AwsRequest): Promise<AwsResponse> {
  try {
    return await respond(request);
  } catch (error) {
    // SDKs retry 5xx responses and closed connections for minutes. They report 400 immediately.
    return {
      status: 400,
      headers: { "content-type": "application/json", "x-amzn-errortype": "EmulatorFailure" },
      body: JSON.stringify({ __type: "EmulatorFailure", message: String(error) }),
    };
  }
}

/** Removes headers that apply to one connection only. */
function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const perConnection = new Set(["connection", "keep-alive", "transfer-encoding", "expect"]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !perConnection.has(name)));
}
