/** A server on a real socket that answers each request with the bytes and the timing of a script. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Certificate } from "../../../emulators/lambda-runtime/certificate";

export interface Request {
  readonly method: string;
  readonly headers: string;
  readonly body: string;
  /** Number of earlier queries on all connections. */
  readonly index: number;
  /** Number of earlier queries on the same connection. */
  readonly indexOnConnection: number;
}

/** Answers a query. The socket stays open unless the script closes it. */
export type Script = (socket: Socket, request: Request) => void;

export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  /** The queries so far. */
  readonly requests: Request[];
  /** Number of connections so far. */
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

/** A complete HTTP response. */
export function http(status: number, body: string, headers = ""): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

/** The response to a query that finds a contact. Like DynamoDB, it names the key of the query. */
export function match(query: string): string {
  const { ExpressionAttributeValues: values } = JSON.parse(query) as {
    readonly ExpressionAttributeValues: Readonly<Record<string, unknown>>;
  };
  const item = { Disposition: values[":d"], CustomerEndpoint: values[":c"] };
  return http(200, JSON.stringify({ Count: 1, Items: [item], ScannedCount: 1 }));
}

/** A response with a count and no item. */
export const count = (n: number): string => http(200, JSON.stringify({ Count: n, ScannedCount: n }));

/** An error response of DynamoDB. */
export function dynamoDbError(status: number, type: string, message = ""): string {
  return http(status, JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }));
}

/** Starts the server. It answers `GET /`, which the function sends during init, like DynamoDB. Every `POST` goes to the script. With a certificate, it uses TLS. */
export async function startScriptedServer(script: Script, certificate?: Certificate): Promise<ScriptedServer> {
  const requests: Request[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const onConnection = (socket: Socket): void => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => undefined); // the function may close the connection early
    socket.on("close", () => sockets.delete(socket));
    let received = "";
    let indexOnConnection = 0;
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      for (;;) {
        const end = received.indexOf("\r\n\r\n");
        if (end < 0) return;
        const headers = received.slice(0, end);
        const length = Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? 0);
        if (received.length < end + 4 + length) return;
        const body = Buffer.from(received.slice(end + 4, end + 4 + length), "latin1").toString();
        received = received.slice(end + 4 + length);
        const method = headers.slice(0, headers.indexOf(" "));
        if (method === "GET") {
          socket.write(http(200, "healthy: dynamodb.us-east-1.amazonaws.com "));
          continue;
        }
        const request = { method, headers, body, index: requests.length, indexOnConnection: indexOnConnection++ };
        requests.push(request);
        script(socket, request);
      }
    });
  };
  const server = certificate === undefined ? createServer(onConnection) : createTlsServer(certificate, onConnection);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
