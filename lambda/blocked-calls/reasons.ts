/** Every reason an answer can have: the closed list behind `reason` in the answer, the log line and the metrics. */

/** How a decision came about; each is a metric. */
export type Outcome =
  /** The table was asked and answered. */
  | "lookup"
  /** Policy decided without the table. */
  | "skipped"
  /** The lookup that was due did not happen or failed; the call goes through and is counted as `LookupError`. */
  | "error";

interface Meaning {
  readonly response: "match" | "nomatch";
  readonly outcome: Outcome;
}

const blocked = { response: "match", outcome: "lookup" } as const;
const notBlocked = { response: "nomatch", outcome: "lookup" } as const;
const refused = { response: "match", outcome: "skipped" } as const;
const skipped = { response: "nomatch", outcome: "skipped" } as const;
const failed = { response: "nomatch", outcome: "error" } as const;

export const REASONS = {
  /** A contact of this number carries a blocked Disposition. */
  blocked,
  /** No contact of this number does. */
  not_blocked: notBlocked,

  /** The number is one of `exemptNumbers`. */
  exempt: skipped,
  /** A phone call with a withheld number, and `anonymousCallers` is `block`. */
  anonymous_blocked: refused,
  /** A phone call with a withheld number, and `anonymousCallers` is `allow`. */
  anonymous_allowed: skipped,
  /** A contact that has no phone number by nature: web chat, task, WebRTC call, transfer without an endpoint. */
  no_number: skipped,
  /** The address is not an E.164 number: e-mail, SIP URI, short code. */
  not_e164: skipped,

  /** The function's environment variables are incomplete or wrong. Deploy the stack again. */
  bad_configuration: failed,
  /** The flow passed no `BlockedDisposition`. Correct the module's Lambda block. */
  no_disposition: failed,
  /** The flow passed an `InstanceName` that is not the deployed instance's, or none. Correct the module's Lambda block. */
  other_instance: failed,
  /** No answer within the budget. */
  timeout: failed,
  /** DynamoDB refused for lack of capacity, after retries. */
  throttled: failed,
  /** The function's role lacks `dynamodb:Query` on the index, or `kms:Decrypt` on the key of an encrypted table. */
  access_denied: failed,
  /** Credentials are missing, expired or not accepted. */
  bad_credentials: failed,
  /** The table does not exist in this account and region. */
  table_missing: failed,
  /** The table has no index of our name. */
  index_missing: failed,
  /** The index exists and is still being built. */
  index_backfilling: failed,
  /** DynamoDB refused the request for another reason; `error` in the log line has its name. */
  request_rejected: failed,
  /** DynamoDB answered 5xx, after retries. */
  server_error: failed,
  /** No connection: refused, unreachable. */
  connection_failed: failed,
  /** The connection was lost before the whole answer came, after retries. */
  connection_lost: failed,
  /** The endpoint's name could not be resolved. */
  dns_failed: failed,
  /** The endpoint's certificate was not accepted. */
  tls_failed: failed,
  /** The answer was not DynamoDB's: not JSON, no count, too large. */
  bad_answer: failed,
  /** A defect in the function. */
  internal_error: failed,
} as const satisfies Record<string, Meaning>;

export type Reason = keyof typeof REASONS;

/** The reasons that mean a lookup failed or did not happen. */
export type FailureReason = {
  [R in Reason]: (typeof REASONS)[R]["outcome"] extends "error" ? R : never;
}[Reason];
