/** Lists every reason that an answer can have; the reason is in the answer, the log line and the metrics. */

/** How the function reached its decision. */
export type Category =
  /** The function queried the table and got a result. */
  | "lookup"
  /** The policy decided without a query. */
  | "skipped"
  /** The lookup failed or was not possible. The call goes through and counts as `LookupError`. */
  | "error";

interface Decision {
  readonly response: "match" | "nomatch";
  readonly category: Category;
}

const found = { response: "match", category: "lookup" } as const;
const notFound = { response: "nomatch", category: "lookup" } as const;
const blockedByPolicy = { response: "match", category: "skipped" } as const;
const allowedByPolicy = { response: "nomatch", category: "skipped" } as const;
const failed = { response: "nomatch", category: "error" } as const;

/** `../explanations.ts` has the cause and the remediation of each reason. */
export const REASONS = {
  blocked: found,
  not_blocked: notFound,

  exempt: allowedByPolicy,
  anonymous_blocked: blockedByPolicy,
  anonymous_allowed: allowedByPolicy,
  no_number: allowedByPolicy,
  not_e164: allowedByPolicy,

  bad_configuration: failed,
  no_disposition: failed,
  other_instance: failed,
  timeout: failed,
  throttled: failed,
  access_denied: failed,
  bad_credentials: failed,
  table_missing: failed,
  index_missing: failed,
  index_backfilling: failed,
  request_rejected: failed,
  server_error: failed,
  connection_failed: failed,
  connection_lost: failed,
  dns_failed: failed,
  tls_failed: failed,
  bad_answer: failed,
  internal_error: failed,
} as const satisfies Record<string, Decision>;

export type Reason = keyof typeof REASONS;

/** The reasons of the category `error`. */
export type FailureReason = {
  [R in Reason]: (typeof REASONS)[R]["category"] extends "error" ? R : never;
}[Reason];
