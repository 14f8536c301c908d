/** Queries the index for a number under a Disposition: attempts, retries and the meaning of each response. */
import { setTimeout as sleep } from "node:timers/promises";
import { INDEX_NAME } from "../settings";
import type { Connection, Exchange, RequestGroup, Retry } from "./connection";
import { field } from "./field";
import { errorName } from "./log-line";
import type { FailureReason } from "./reasons";
import { signedHeaders, type Credentials } from "./signature";

export interface QueryResult {
  readonly answer: "blocked" | "not_blocked" | FailureReason;
  /** Name of the error, from Node or DynamoDB. */
  readonly error: string | undefined;
}

/** The result of one attempt. */
type AttemptResult = QueryResult & { readonly retry: Retry };

const MAX_ATTEMPTS = 3;

/**
 * Longest pause before the second attempt, in milliseconds. The limit doubles with each attempt. The pause is random, from 0 to the limit
 * (full jitter, https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
const BACKOFF_MS = 25;

/** Minimum remaining time for an attempt, in milliseconds. With less time, no attempt starts. */
const SHORTEST_ATTEMPT_MS = 20;

/** A table, with the connection and the credentials for its queries. */
export interface Table {
  readonly name: string;
  readonly region: string;
  readonly connection: Connection;
  /** The credentials of the function's role. */
  readonly credentials: Credentials | undefined;
}

/**
 * Queries the index for one key. Retries if another attempt can help: after throttling, a 5xx status, a lost or refused connection, or
 * a connection that closed while the execution environment was frozen.
 *
 * @param budgetMs - time for the whole query in milliseconds; one attempt gets at most half, a connection at most a third
 * @param group - the requests of the same call; after the group has ended, no attempt starts
 */
export async function query(
  table: Table,
  disposition: string,
  number: string,
  budgetMs: number,
  group: RequestGroup,
): Promise<QueryResult> {
  const { connection, credentials, region } = table;
  if (credentials === undefined) return { answer: "bad_credentials", error: undefined };
  const body = queryBody(table.name, disposition, number);
  const end = performance.now() + budgetMs;
  const { host, path } = connection;
  const signable = { service: "dynamodb", host, path, region, target: "DynamoDB_20120810.Query", body } as const;
  const isForeign = (status: number, text: string): boolean =>
    status === 200 && namesOtherKey(text, disposition, number);
  let last: AttemptResult = { answer: "timeout", error: undefined, retry: "at once" };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS && last.retry !== "never"; attempt++) {
    const pause = last.retry === "at once" ? 0 : Math.random() * BACKOFF_MS * 2 ** (attempt - 2);
    if (end - performance.now() - pause < SHORTEST_ATTEMPT_MS) break;
    if (pause > 0) await sleep(pause);
    const left = end - performance.now(); // the timer can fire late
    if (group.ended || left < SHORTEST_ATTEMPT_MS) break;
    const headers = signedHeaders(signable, credentials, new Date());
    const limits = { connectMs: Math.min(budgetMs / 3, left), totalMs: Math.min(budgetMs / 2, left) };
    last = interpret(await connection.exchange("POST", headers, body, limits, group, isForeign));
  }
  return last;
}

/**
 * The body of a query. For a match, DynamoDB returns the Disposition and the number, and no other attribute of the contact. Both are
 * also in the request, so they prove to which request the response belongs. The query costs the same read capacity as `Select: COUNT`.
 * An index does not support consistent reads.
 */
function queryBody(table: string, disposition: string, number: string): string {
  return JSON.stringify({
    TableName: table,
    IndexName: INDEX_NAME,
    KeyConditionExpression: "#d = :d AND #c = :c",
    ExpressionAttributeNames: { "#d": "Disposition", "#c": "CustomerEndpoint" },
    ExpressionAttributeValues: { ":d": { S: disposition }, ":c": { S: number } },
    Limit: 1,
    ProjectionExpression: "#d, #c",
  });
}

/** Whether a response reports a match for another key. Such a response belongs to another request. */
function namesOtherKey(body: string, disposition: string, number: string): boolean {
  const json = parse(body);
  const count = field(json, "Count");
  return (
    typeof count === "number" &&
    count > 0 &&
    (field(json, "Items", "0", "Disposition", "S") !== disposition ||
      field(json, "Items", "0", "CustomerEndpoint", "S") !== number)
  );
}

function interpret(exchange: Exchange): AttemptResult {
  if ("failure" in exchange) {
    return { answer: exchange.failure, retry: exchange.retry, error: exchange.code };
  }
  const json = parse(exchange.body);
  if (exchange.status === 200) {
    const count = field(json, "Count");
    if (typeof count !== "number" || !Number.isInteger(count) || count < 0)
      return { answer: "bad_answer", retry: "never", error: undefined };
    return { answer: count === 0 ? "not_blocked" : "blocked", retry: "never", error: undefined };
  }
  const type = field(json, "__type");
  const error = typeof type === "string" ? errorName(type.slice(type.lastIndexOf("#") + 1)) : undefined;
  const message = field(json, "message") ?? field(json, "Message");
  return { ...interpretError(exchange.status, error ?? "", typeof message === "string" ? message : ""), error };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
function interpretError(status: number, name: string, message: string): Pick<AttemptResult, "answer" | "retry"> {
  switch (name) {
    case "ProvisionedThroughputExceededException":
    case "ThrottlingException":
    case "RequestLimitExceeded":
      return { answer: "throttled", retry: "after a pause" };
    case "AccessDeniedException":
      return { answer: "access_denied", retry: "never" };
    case "ExpiredTokenException":
    case "UnrecognizedClientException":
    case "InvalidSignatureException":
    case "IncompleteSignatureException":
    case "MissingAuthenticationTokenException":
      return { answer: "bad_credentials", retry: "never" };
    case "ResourceNotFoundException":
      return { answer: "table_missing", retry: "never" };
    case "ValidationException":
      if (message.includes("backfilling")) return { answer: "index_backfilling", retry: "never" };
      if (message.includes("specified index")) return { answer: "index_missing", retry: "never" };
      return { answer: "request_rejected", retry: "never" };
  }
  if (status >= 500) return { answer: "server_error", retry: "after a pause" };
  if (status === 429) return { answer: "throttled", retry: "after a pause" };
  return { answer: status >= 400 && name !== "" ? "request_rejected" : "bad_answer", retry: "never" };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
