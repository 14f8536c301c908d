/** Compares signatures with those of AWS's own signer, for arbitrary requests. */
import { createHash, createHmac, type BinaryLike } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import fc from "fast-check";
import { signedHeaders, type Credentials, type SignableRequest } from "../../../lambda/blocked-calls/signature";
import { unicodeString } from "../../unicode-string";

/** The hash interface that AWS's signer requires. */
class Sha256 {
  readonly #hash;
  constructor(secret?: BinaryLike) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }
  update(text: BinaryLike): void {
    this.#hash.update(text);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {
    throw new Error("not used");
  }
}

async function awsAuthorization(request: SignableRequest, credentials: Credentials, now: Date): Promise<string> {
  const { sessionToken, ...keys } = credentials;
  const signer = new SignatureV4({
    credentials: sessionToken === undefined ? keys : { ...keys, sessionToken },
    region: request.region,
    service: request.service,
    sha256: Sha256 as never,
    applyChecksum: false,
  });
  const { headers } = await signer.sign(
    {
      method: "POST",
      protocol: "https:",
      hostname: request.host,
      path: request.path,
      query: {},
      headers: {
        host: request.host,
        "content-type": "application/x-amz-json-1.0",
        ...(request.target === undefined ? {} : { "x-amz-target": request.target }),
      },
      body: request.body,
    },
    { signingDate: now },
  );
  return headers["authorization"] ?? "";
}

const token = fc.stringMatching(/^[A-Za-z0-9/+=]{1,60}$/);
const segment = fc.stringMatching(/^([A-Za-z0-9._~!'()*-]|%20|%2F){1,8}$/).filter((text) => !/^\.+$/.test(text));
const anyRequest = fc.record({
  service: fc.constantFrom("dynamodb" as const, "lambda" as const),
  host: fc.constantFrom("dynamodb.us-east-1.amazonaws.com", "127.0.0.1:4567", "[::1]:80"),
  path: fc.array(segment).map((segments) => `/${segments.join("/")}`),
  region: fc.constantFrom("us-east-1", "cn-north-1", "us-gov-west-1"),
  target: fc.constantFrom("DynamoDB_20120810.Query", undefined),
  body: unicodeString(),
});
const anyCredentials = fc.record({
  accessKeyId: token,
  secretAccessKey: token,
  sessionToken: fc.option(token, { nil: undefined }),
});
const anyTime = fc.date({ min: new Date("2015-08-30"), max: new Date("2099-12-31"), noInvalidDate: true });

test("every request has the same signature as from AWS's own signer", async () => {
  await fc.assert(
    fc.asyncProperty(anyRequest, anyCredentials, anyTime, async (request, credentials, now) => {
      const headers = signedHeaders(request, credentials, now);
      expect(headers["authorization"]).toBe(await awsAuthorization(request, credentials, now));
      expect(headers["x-amz-security-token"]).toBe(credentials.sessionToken);
      expect(headers["content-length"]).toBe(String(Buffer.byteLength(request.body)));
    }),
    { numRuns: 500 },
  );
});

test("a change of day, region, service or secret invalidates the cached signing key", async () => {
  const request = { service: "dynamodb", host: "h", path: "/", region: "us-east-1", target: "T", body: "{}" } as const;
  const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "one", sessionToken: undefined };
  const variants: [SignableRequest, Credentials, string][] = [
    [request, credentials, "2026-01-01T23:59:59Z"],
    [request, credentials, "2026-01-02T00:00:00Z"],
    [{ ...request, region: "eu-west-1" }, credentials, "2026-01-02T00:00:00Z"],
    [{ ...request, region: "eu-west-1", service: "lambda" }, credentials, "2026-01-02T00:00:00Z"],
    [request, { ...credentials, secretAccessKey: "two" }, "2026-01-02T00:00:00Z"],
    [request, credentials, "2026-01-02T00:00:00Z"],
  ];
  for (const [changedRequest, changedCredentials, time] of variants) {
    const now = new Date(time);
    const { authorization } = signedHeaders(changedRequest, changedCredentials, now);
    expect(authorization).toBe(await awsAuthorization(changedRequest, changedCredentials, now));
  }
});
