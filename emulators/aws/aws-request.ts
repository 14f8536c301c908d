/** Reads an HTTP request to AWS: service, region, operation and input. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { matchRoute } from "../connect/routes";
import { splitTarget } from "./request-target";

/** One request to AWS, with its complete body. */
export interface AwsRequest {
  readonly method: string;
  /** Path and query, still percent-encoded. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The unchanged bytes, with S3 chunk signatures and trailing checksums. */
  readonly body: Buffer;
  /** Signing name of the service, such as `dynamodb`; empty for an unsigned request. */
  readonly service: string;
  /** Region of the credential scope; empty for an unsigned request. */
  readonly region: string;
  /** Such as `UpdateTable`; method and path if the operation is unknown. */
  readonly operation: string;
  /** The body if it is JSON or a form without credentials; otherwise undefined. */
  readonly input: unknown;
}

/** Reads a request to its end. @throws if the client closes the connection. */
export async function readRequest(incoming: IncomingMessage): Promise<AwsRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = "GET", url = "/", headers } = incoming;
  return describeRequest(method, url, headers, Buffer.concat(chunks));
}

/** Describes a request, using the SigV4 credential scope in the header or in a presigned URL. */
export function describeRequest(method: string, url: string, headers: IncomingHttpHeaders, body: Buffer): AwsRequest {
  const { pathname, query } = splitTarget(url);
  // Credential=<key id>/<yyyymmdd>/<region>/<service>/aws4_request
  const credential =
    /Credential=([^,\s]+)/.exec(headers.authorization ?? "")?.[1] ?? query.get("X-Amz-Credential") ?? "";
  const [, , region = "", service = ""] = credential.split("/");

  const contentType = headers["content-type"] ?? "";
  const form = contentType.startsWith("application/x-www-form-urlencoded")
    ? new URLSearchParams(body.toString())
    : undefined;
  const operation =
    headers["x-amz-target"]?.toString().split(".").at(-1) ??
    form?.get("Action") ??
    /^\/service\/[^/]+\/operation\/(\w+)$/.exec(pathname)?.[1] ??
    restOperation(service, method, pathname, query) ??
    `${method} ${pathname}`;
  const input = form ? recordableForm(service, form) : parseJson(body);
  return { method, url, headers, body, service, region, operation, input };
}

/** The body if it is a JSON object or array. The content type is ignored: moto labels Lambda responses as HTML. */
export function parseJson(body: Buffer): unknown {
  const text = body.toString();
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Forms to STS may contain identity tokens. Such requests are unsigned. */
const recordableForm = (service: string, form: URLSearchParams): object | undefined =>
  service === "" || service === "sts" ? undefined : Object.fromEntries(form);

function restOperation(service: string, method: string, pathname: string, query: URLSearchParams): string | undefined {
  if (service === "connect") return matchRoute(method, pathname)?.operation;
  if (service === "s3") return s3Operation(method, pathname, query);
  if (service === "lambda") return lambdaOperation(method, pathname);
  return undefined;
}

/** Operations by method and path after the API version, which differs by operation. */
const lambdaOperations: Readonly<Record<string, string>> = {
  "GET functions": "ListFunctions",
  "POST functions": "CreateFunction",
  "GET functions/*": "GetFunction",
  "DELETE functions/*": "DeleteFunction",
  "PUT functions/*/code": "UpdateFunctionCode",
  "GET functions/*/configuration": "GetFunctionConfiguration",
  "PUT functions/*/configuration": "UpdateFunctionConfiguration",
  "GET functions/*/code-signing-config": "GetFunctionCodeSigningConfig",
  "GET functions/*/concurrency": "GetFunctionConcurrency",
  "PUT functions/*/concurrency": "PutFunctionConcurrency",
  "GET functions/*/versions": "ListVersionsByFunction",
  "POST functions/*/versions": "PublishVersion",
  "GET functions/*/aliases": "ListAliases",
  "POST functions/*/aliases": "CreateAlias",
  "GET functions/*/aliases/*": "GetAlias",
  "PUT functions/*/aliases/*": "UpdateAlias",
  "DELETE functions/*/aliases/*": "DeleteAlias",
  "GET functions/*/policy": "GetPolicy",
  "POST functions/*/policy": "AddPermission",
  "DELETE functions/*/policy/*": "RemovePermission",
  "POST functions/*/invocations": "Invoke",
  "GET tags/*": "ListTags",
  "POST tags/*": "TagResource",
  "DELETE tags/*": "UntagResource",
};

function lambdaOperation(method: string, pathname: string): string | undefined {
  const [collection, ...rest] = pathname.split("/").slice(2).filter(Boolean);
  // Names alternate with fixed words: functions/<name>/aliases/<alias>.
  const shape = [collection, ...rest.map((segment, position) => (position % 2 === 0 ? "*" : segment))].join("/");
  return lambdaOperations[`${method} ${shape}`];
}

const s3Verbs: Readonly<Record<string, string>> = {
  GET: "Get",
  HEAD: "Head",
  PUT: "Put",
  POST: "Post",
  DELETE: "Delete",
};

/** For path-style requests, which SDKs send to an endpoint with an IP address. */
function s3Operation(method: string, pathname: string, query: URLSearchParams): string | undefined {
  const [, bucket = "", key = ""] = /^\/([^/]*)\/?(.*)$/.exec(pathname) ?? [];
  if (bucket === "") return "ListBuckets";
  const target = key === "" ? "Bucket" : "Object";
  // A parameter without a value, such as ?versioning, selects a part of the bucket or object.
  const part = [...query].find(([, value]) => value === "")?.[0];
  if (part !== undefined) {
    const words = part.replace(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
    return `${s3Verbs[method] ?? method}${target}${words}`;
  }
  if (key === "" && method === "GET") return query.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects";
  if (key === "" && method === "PUT") return "CreateBucket";
  return `${s3Verbs[method] ?? method}${target}`;
}
