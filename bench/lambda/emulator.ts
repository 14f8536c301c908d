/** Starts a DynamoDB emulator with TLS: dynalite with the contact table, behind an HTTPS server with a self-signed certificate. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { Agent as HttpAgent } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startContactTable } from "../../emulators/contact-table";
import { selfSignedCertificate } from "../../emulators/lambda-runtime/certificate";

export interface Emulator {
  readonly url: string;
  /** Path of the certificate that clients must trust. */
  readonly caFile: string;
  readonly stop: () => Promise<void>;
}

/** Starts the emulator. The table has one contact with a blocked Disposition, from the number `blockedNumber`. */
export async function startEmulator(tableName: string, blockedNumber: string): Promise<Emulator> {
  const table = await startContactTable(tableName, "us-east-1");
  await table.put({ contactId: "1", customerEndpoint: blockedNumber, disposition: "Blocked" });
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  const caFile = join(directory, "ca.pem");
  const certificate = selfSignedCertificate();
  writeFileSync(caFile, certificate.cert);
  const agent = new HttpAgent({ keepAlive: true });
  const server = createServer(certificate, (request, response) => {
    const { method, url, headers } = request;
    const forwarded = httpRequest(table.endpoint, { agent, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(forwarded);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caFile,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      agent.destroy();
      await table.stop();
      rmSync(directory, { recursive: true });
    },
  };
}
