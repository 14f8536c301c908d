/** Signs requests with a JSON body for DynamoDB and Lambda with AWS Signature Version 4. */
import { createHash, createHmac } from "node:crypto";
import type { Environment } from "../settings";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
}

/** The credentials of the function's role, from the variables that Lambda sets; undefined if they are not set. */
export function readCredentials(environment: Environment): Credentials | undefined {
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  if (!accessKeyId || !secretAccessKey) return undefined;
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  return { accessKeyId, secretAccessKey, sessionToken: sessionToken === "" ? undefined : sessionToken };
}

export interface SignableRequest {
  readonly service: "dynamodb" | "lambda";
  /** The `Host` header, with the port unless it is the default port of the scheme. */
  readonly host: string;
  /** Absolute path, already percent-encoded, without a query string. */
  readonly path: string;
  readonly region: string;
  /** `X-Amz-Target`: version and operation; undefined for a service whose path names the operation. */
  readonly target: string | undefined;
  /** JSON. */
  readonly body: string;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Signature Version 4 encodes five more characters than `encodeURIComponent`. */
const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The latest signing key. A signing key is valid for one day and one set of credentials. Deriving the key is half of the work of a
 * signature.
 */
let cachedKey: { scope: string; secret: string; key: Buffer } | undefined;

function signingKey(secret: string, date: string, region: string, service: string): Buffer {
  const scope = `${date}/${region}/${service}`;
  if (cachedKey?.scope === scope && cachedKey.secret === secret) return cachedKey.key;
  const key = [region, service, "aws4_request"].reduce<Buffer>(hmac, hmac(`AWS4${secret}`, date));
  cachedKey = { scope, secret, key };
  return key;
}

/**
 * All headers of a signed `POST` request, by the rules of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. The canonical request encodes the path
 * segments a second time, as for every service except S3.
 *
 * @param now - the time of the signature; AWS accepts a signature for five minutes
 */
export function signedHeaders(request: SignableRequest, credentials: Credentials, now: Date): Record<string, string> {
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, ""); // 20150830T123600Z
  const date = time.slice(0, 8);
  // The canonical request requires alphabetical order.
  const headers: Record<string, string> = {
    "content-type": "application/x-amz-json-1.0",
    host: request.host,
    "x-amz-date": time,
    ...(credentials.sessionToken === undefined ? {} : { "x-amz-security-token": credentials.sessionToken }),
    ...(request.target === undefined ? {} : { "x-amz-target": request.target }),
  };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const path = request.path.split("/").map(uriEncode).join("/");
  const canonical = `POST\n${path}\n\n${lines.join("")}\n${names}\n${sha256(request.body)}`;
  const scope = `${date}/${request.region}/${request.service}/aws4_request`;
  const signature = createHmac("sha256", signingKey(credentials.secretAccessKey, date, request.region, request.service))
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`)
    .digest("hex");
  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  headers["content-length"] = String(Buffer.byteLength(request.body));
  return headers;
}
