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

/** What each means and what to do about it is in `../explanations.ts`, from which `docs/reasons.md` is written too. */
export const REASONS = {
  blocked,
  not_blocked: notBlocked,

  exempt: skipped,
  anonymous_blocked: refused,
  anonymous_allowed: skipped,
  no_number: skipped,
  not_e164: skipped,

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
} as const satisfies Record<string, Meaning>;

export type Reason = keyof typeof REASONS;

/** The reasons that mean a lookup failed or did not happen. */
export type FailureReason = {
  [R in Reason]: (typeof REASONS)[R]["outcome"] extends "error" ? R : never;
}[Reason];
