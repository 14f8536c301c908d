/** A server on a real socket that does to each request what a script says, down to the byte. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

export interface Request {
  readonly method: string;
  readonly headers: string;
  readonly body: string;
  /** How many queries came before this one, on all connections. */
  readonly index: number;
  /** How many queries came before this one on the same connection. */
  readonly indexOnConnection: number;
}

/** What happens to a query; the socket stays open unless the script closes it. */
export type Script = (socket: Socket, request: Request) => void;

export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  /** The queries that came. */
  readonly requests: Request[];
  /** Connections accepted so far. */
  readonly connections: () => number;
  readonly stop: () => Promise<void>;
}

/** A whole HTTP answer. */
export function http(status: number, body: string, headers = ""): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

export const count = (n: number): string => http(200, JSON.stringify({ Count: n, ScannedCount: n }));

/** An answer in DynamoDB's error format. */
export function dynamoDbError(status: number, type: string, message = ""): string {
  return http(status, JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }));
}

/** `GET /`, by which the function connects at its start, is answered as DynamoDB does; every `POST` goes to the script. */
export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: Request[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => undefined); // the function hangs up where it has had enough
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
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
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
