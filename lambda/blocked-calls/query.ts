/** Asks the index whether a number has a contact under a Disposition: attempts, retries, and what each answer means. */
import { setTimeout as sleep } from "node:timers/promises";
import { INDEX_NAME } from "../settings";
import type { Connection, Exchange } from "./connection";
import { field } from "./policy";
import type { FailureReason } from "./reasons";
import { signedHeaders, type Credentials } from "./signature";

export interface QueryResult {
  readonly answer: "blocked" | "not_blocked" | FailureReason;
  /** Requests sent. */
  readonly attempts: number;
  /** Name of the error as Node or DynamoDB gives it: letters and underscores alone, so never a number. */
  readonly error: string | undefined;
}

/** One attempt's outcome. */
type Answer = Pick<QueryResult, "answer" | "error"> & { readonly retry: boolean };

const MAX_ATTEMPTS = 3;

/** Full jitter up to this, doubled with each attempt (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). */
const BACKOFF_MS = 25;

/** An attempt that is left less than this is not begun. */
const SHORTEST_ATTEMPT_MS = 20;

/** A table and how to reach it. */
export interface Table {
  readonly name: string;
  readonly region: string;
  readonly connection: Connection;
  /** Read for every request: a Lambda's credentials can be renewed while it lives. */
  readonly credentials: () => Credentials | undefined;
}

/**
 * Queries the index for one key, retrying what another attempt can help: throttling, 5xx, a lost or refused connection, a
 * dead one that a thawed sandbox still holds.
 *
 * @param budgetMs - time for the whole query in milliseconds; one attempt gets at most half of it, a connection a third
 */
export async function query(table: Table, disposition: string, number: string, budgetMs: number): Promise<QueryResult> {
  const body = queryBody(table.name, disposition, number);
  const end = performance.now() + budgetMs;
  for (let attempts = 1; ; attempts++) {
    const left = end - performance.now();
    const credentials = table.credentials();
    if (credentials === undefined) return { answer: "bad_credentials", attempts: attempts - 1, error: undefined };
    const { host, path } = table.connection;
    const headers = signedHeaders(
      { host, path, region: table.region, target: "DynamoDB_20120810.Query", body },
      credentials,
      new Date(),
    );
    const limits = { connectMs: Math.min(budgetMs / 3, left), totalMs: Math.min(budgetMs / 2, left) };
    const last = read(await table.connection.exchange("POST", headers, body, limits));
    if (!last.retry || attempts === MAX_ATTEMPTS) return { ...last, attempts };
    const wait = Math.random() * BACKOFF_MS * 2 ** (attempts - 1);
    if (end - performance.now() - wait < SHORTEST_ATTEMPT_MS) return { ...last, attempts };
    await sleep(wait);
  }
}

/**
 * `COUNT` reads what `Limit: 1` reads and returns no item, so no personal data comes back on the common road. Indexes have
 * no consistent reads.
 */
function queryBody(table: string, disposition: string, number: string): string {
  return JSON.stringify({
    TableName: table,
    IndexName: INDEX_NAME,
    KeyConditionExpression: "#d = :d AND #c = :c",
    ExpressionAttributeNames: { "#d": "Disposition", "#c": "CustomerEndpoint" },
    ExpressionAttributeValues: { ":d": { S: disposition }, ":c": { S: number } },
    Limit: 1,
    Select: "COUNT",
  });
}

function read(exchange: Exchange): Answer {
  if ("failure" in exchange) {
    return { answer: exchange.failure, retry: exchange.retry, error: errorName(exchange.code) };
  }
  const json = parse(exchange.body);
  if (exchange.status === 200) {
    const count = field(json, "Count");
    if (typeof count !== "number" || !Number.isInteger(count) || count < 0)
      return { answer: "bad_answer", retry: false, error: undefined };
    return { answer: count === 0 ? "not_blocked" : "blocked", retry: false, error: undefined };
  }
  const type = field(json, "__type");
  const error = typeof type === "string" ? errorName(type.slice(type.lastIndexOf("#") + 1)) : undefined;
  const message = field(json, "message") ?? field(json, "Message");
  return { ...readError(exchange.status, error ?? "", typeof message === "string" ? message : ""), error };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
function readError(status: number, name: string, message: string): Pick<Answer, "answer" | "retry"> {
  switch (name) {
    case "ProvisionedThroughputExceededException":
    case "ThrottlingException":
    case "RequestLimitExceeded":
      return { answer: "throttled", retry: true };
    case "AccessDeniedException":
      return { answer: "access_denied", retry: false };
    case "ExpiredTokenException":
    case "UnrecognizedClientException":
    case "InvalidSignatureException":
    case "IncompleteSignatureException":
    case "MissingAuthenticationTokenException":
      return { answer: "bad_credentials", retry: false };
    case "ResourceNotFoundException":
      return { answer: "table_missing", retry: false };
    case "ValidationException":
      if (message.includes("backfilling")) return { answer: "index_backfilling", retry: false };
      if (message.includes("specified index")) return { answer: "index_missing", retry: false };
      return { answer: "request_rejected", retry: false };
  }
  if (status >= 500) return { answer: "server_error", retry: true };
  if (status === 429) return { answer: "throttled", retry: true };
  return { answer: status >= 400 && name !== "" ? "request_rejected" : "bad_answer", retry: false };
}

/** The name if it looks like one. It comes from the network, and the log line takes no digits from there. */
function errorName(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Za-z_]{1,64}$/.test(name) ? name : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
