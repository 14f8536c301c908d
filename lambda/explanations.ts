/** What each reason of an answer means and what to do about it, for people. */
import type { Reason } from "./blocked-calls/reasons";

export interface Explanation {
  readonly means: string;
  readonly todo: string;
}

const NOTHING = "Nothing.";

export const EXPLANATIONS: Readonly<Record<Reason, Explanation>> = {
  blocked: {
    means: "A contact of this number carries a blocked Disposition.",
    todo: "To unblock, override the Disposition of those contacts in ConnectPath, or list the number in `exemptNumbers`.",
  },
  not_blocked: { means: "No contact of this number carries a blocked Disposition.", todo: NOTHING },
  exempt: { means: "The number is in `exemptNumbers`, itself or by a prefix.", todo: NOTHING },
  anonymous_blocked: {
    means: "A phone call with a withheld number, and `anonymousCallers` is `block`.",
    todo: "To let such callers through, set `anonymousCallers: allow`.",
  },
  anonymous_allowed: {
    means: "A phone call with a withheld number, and `anonymousCallers` is `allow`.",
    todo: "To block such callers, set `anonymousCallers: block`.",
  },
  no_number: {
    means: "A contact without a phone number by nature: web chat, task, WebRTC call, transfer without an endpoint.",
    todo: NOTHING,
  },
  not_e164: { means: "The address is not an E.164 number: e-mail, SIP URI, short code.", todo: NOTHING },
  bad_configuration: {
    means: "The function's environment variables are incomplete or wrong; `detail` in the log line says which.",
    todo: "Deploy the stack again, and find out who changed the function.",
  },
  no_disposition: {
    means: "The flow passed no `BlockedDisposition`.",
    todo: "Deploy the stack again; in a module made by hand, add the parameter to its Lambda block.",
  },
  other_instance: {
    means: "The flow passed an `InstanceName` that is not the deployed instance's, or none.",
    todo: "Deploy the stack again; in a module made by hand, correct the parameter of its Lambda block.",
  },
  timeout: {
    means: "No answer within `lookup.budgetMs`.",
    todo: "If it lasts, look at DynamoDB's latency and, in a VPC, at the function's way to DynamoDB. Raise `lookup.budgetMs` last.",
  },
  throttled: {
    means: "DynamoDB refused for lack of capacity, after retries.",
    todo: "On a provisioned table, raise the read capacity of the index. On demand, look for a hot Disposition or an account quota.",
  },
  access_denied: {
    means:
      "The function's role lacks `dynamodb:Query` on the index, or `kms:Decrypt` on the key of a table with a key of its own; or a policy of the organization forbids it.",
    todo: "Deploy the stack again. For an encrypted table, look at the key's policy too.",
  },
  bad_credentials: {
    means: "Credentials are missing, expired or not accepted.",
    todo: "Lambda provides them: look at the function's role and at variables named `AWS_…` that somebody set.",
  },
  table_missing: {
    means: "The table does not exist in this account and region.",
    todo: "Compare `tableName`, account and region with ConnectPath's.",
  },
  index_missing: { means: "The table has no index of our name.", todo: "Deploy the stack again: it adds the index." },
  index_backfilling: {
    means: "The index exists and is still being built.",
    todo: "Wait until its status is `ACTIVE`.",
  },
  request_rejected: {
    means: "DynamoDB refused the request for another reason; `error` in the log line has its name.",
    todo: "Look up the name in DynamoDB's list of errors, and compare the index's keys with the contract.",
  },
  server_error: { means: "DynamoDB answered 5xx, after retries.", todo: "Look at the AWS Health Dashboard." },
  connection_failed: {
    means: "No connection: refused or unreachable.",
    todo: "In a VPC, look at the DynamoDB endpoint, routes and security groups. Look for a wrong `AWS_ENDPOINT_URL`.",
  },
  connection_lost: {
    means: "The connection was lost before the whole answer came, after retries.",
    todo: "If it lasts, look at what lies between the function and DynamoDB.",
  },
  dns_failed: {
    means: "The endpoint's name could not be resolved.",
    todo: "Look at the VPC's DNS settings and for a wrong `AWS_ENDPOINT_URL`.",
  },
  tls_failed: {
    means: "The endpoint's certificate was not accepted.",
    todo: "Look for a proxy that decrypts traffic, or for a wrong `AWS_ENDPOINT_URL`; `error` in the log line has the name.",
  },
  bad_answer: {
    means: "The answer was not DynamoDB's: not JSON, no count, too large.",
    todo: "Look for a proxy that answers in DynamoDB's place, or for a wrong `AWS_ENDPOINT_URL`.",
  },
  internal_error: {
    means: "A defect in the function; `error` in the log line has its name.",
    todo: "Report it with the log line.",
  },
};

/** What a reason means and what to do about it, in Markdown; undefined for a word that is no reason of the function's. */
export function explanationOf(reason: string): Explanation | undefined {
  return Object.hasOwn(EXPLANATIONS, reason) ? EXPLANATIONS[reason as Reason] : undefined;
}
