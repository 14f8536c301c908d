/**
 * The HTTP server of the page, on this machine only.
 *
 * Another web page must not use the server. It refuses each request whose `Host` is not this machine, and each request that a browser
 * marks as sent by another site. A replay also needs the token of the page, which another site cannot read. The server logs nothing.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { z } from "zod";
import { isLoopbackHost } from "../../emulators/loopback-host";
import { errorMessage } from "../../fleet/output/error-message";
import { PICTURE_STYLE } from "../../flows/diagram/svg";
import { projectRoot } from "../../lambda/packaging";
import { LinkError, parseLink } from "./link";
import { messagePage, phonePage } from "./page";
import { Phone, type PlayedInstance } from "./phone";

export interface PhoneServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Closes all connections, and ends the functions and tables. */
  close(): Promise<void>;
}

/** Largest body of a request in bytes. The longest link is shorter. */
const maxBody = 32_768;

const replayRequest = z.strictObject({ link: z.string() });

/** The page may load its own script and style, and send requests to this server. No text can become a script. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "content-security-policy": policy,
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const text = (status: number, body: string): Answer => ({ status, type: "text/plain", body: `${body}\n` });
const json = (status: number, body: unknown): Answer => ({
  status,
  type: "application/json",
  body: JSON.stringify(body),
});
const html = (status: number, body: string): Answer => ({ status, type: "text/html", body });

/**
 * @param instances at least one; a link names one of them
 * @param port 0 for a free port
 * @throws Error with the code EADDRINUSE if the port is in use
 */
export async function startPhoneServer(instances: readonly PlayedInstance[], port: number): Promise<PhoneServer> {
  const token = randomBytes(32).toString("base64url");
  const phones = new Map(instances.map((played) => [played.instance.stackName, new Phone(played)]));
  const file = (name: string): string => readFileSync(path.join(projectRoot(), "sandbox/phone", name), "utf8");
  const script = file("page-script.js");
  const style = `${file("page-style.css")}\n.picture { ${PICTURE_STYLE} }\n`;

  const answerGet = (url: URL): Answer => {
    switch (url.pathname) {
      case "/page.js":
        return { status: 200, type: "text/javascript", body: script };
      case "/page.css":
        return { status: 200, type: "text/css", body: style };
      case "/": {
        const name = url.searchParams.get("instance");
        const played = name === null ? instances[0] : instances.find(({ instance }) => instance.stackName === name);
        if (played !== undefined) return html(200, phonePage(played, instances, token));
        return html(404, messagePage("The link names an instance that is not selected here.", instances));
      }
      default:
        return text(404, "This address does not exist. The phone is at /.");
    }
  };

  const answerReplay = async (request: IncomingMessage): Promise<Answer> => {
    if (!isSame(String(request.headers["x-phone-token"] ?? ""), token)) {
      return json(403, { error: "The sandbox was started again. Reload the page." });
    }
    if (request.headers["content-type"] !== "application/json") return text(415, "Send application/json.");
    const body = await readBody(request);
    if (body === undefined) return json(413, { error: `The request has more than ${maxBody} bytes.` });
    try {
      const { instance, steps } = parseLink(replayRequest.parse(JSON.parse(body)).link);
      const phone = phones.get(instance ?? instances[0]?.instance.stackName ?? "");
      if (phone === undefined) return json(404, { error: "The link names an instance that is not selected here." });
      return json(200, await phone.replay(steps));
    } catch (error) {
      if (error instanceof LinkError) return json(400, { error: error.message });
      if (error instanceof SyntaxError || error instanceof z.ZodError) return text(400, 'Send {"link": "QUERY"}.');
      throw error;
    }
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const { method = "", url: target = "/" } = request;
    const refusal = refusalOf(request);
    if (refusal !== undefined) return text(403, refusal);
    const url = URL.canParse(target, "http://127.0.0.1") ? new URL(target, "http://127.0.0.1") : undefined;
    if (url === undefined) return text(400, "The address is not valid.");
    if (url.pathname === "/replay") return method === "POST" ? answerReplay(request) : text(405, "Send POST.");
    return method === "GET" ? answerGet(url) : text(405, "Send GET.");
  };

  const server = createServer((request, response) => {
    answer(request).then(
      (result) => {
        send(response, result);
      },
      (error: unknown) => {
        send(response, json(500, { error: `The steps could not be played: ${errorMessage(error)}` }));
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await Promise.all([...phones.values()].map((phone) => phone.stop()));
    },
  };
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    ...headers,
    "content-type": `${type}; charset=utf-8`,
    "content-length": Buffer.byteLength(body),
    // After a refusal, the rest of the request is not read.
    ...(status >= 400 ? { connection: "close" } : {}),
  });
  response.end(body);
}

/** Why a request is refused; undefined if it is not. A link in another page may open this page: it starts no replay. */
function refusalOf({ method, headers: { host = "", origin, "sec-fetch-site": site, ...others } }: IncomingMessage) {
  if (!isLoopbackHost(host)) return "The sandbox answers only requests to this machine.";
  if (origin !== undefined && origin !== `http://${host}`) return "The sandbox answers only its own page.";
  const isNavigation =
    method === "GET" && others["sec-fetch-mode"] === "navigate" && others["sec-fetch-dest"] === "document";
  const isOwn = site === undefined || site === "same-origin" || site === "none";
  return isOwn || isNavigation ? undefined : "The sandbox answers only its own page.";
}

/** The complete body; undefined if it is too long. The rest is then not kept. */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBody) chunks.push(chunk);
      else {
        chunks = [];
        resolve(undefined);
      }
    });
    request.once("end", () => {
      resolve(Buffer.concat(chunks).toString());
    });
    request.once("error", reject);
  });
}

const isSame = (given: string, token: string): boolean =>
  given.length === token.length && timingSafeEqual(Buffer.from(given.padEnd(token.length)), Buffer.from(token));
