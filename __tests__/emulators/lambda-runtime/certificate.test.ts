/** Tests that a client with strict checks accepts the certificate for local servers. */
import { once } from "node:events";
import { createServer, get } from "node:https";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { selfSignedCertificate } from "../../../emulators/lambda-runtime/certificate";

test.each(["localhost", "127.0.0.1"])("only a client that trusts the certificate connects to %s", async (host) => {
  const certificate = selfSignedCertificate();
  const server = createServer(certificate, (_, response) => response.end("ok")).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    const url = `https://${host}:${port}`;
    const [response] = (await once(get(url, { ca: certificate.cert, agent: false }), "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    const other = once(get(url, { ca: selfSignedCertificate().cert, agent: false }), "response");
    await expect(other).rejects.toThrow(/self-signed|signature/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
