/** Explains each reason to people: its cause and its remediation, in Markdown. */
import type { Reason } from "./blocked-calls/reasons";

export interface Explanation {
  readonly cause: string;
  readonly remediation: string;
}

/** The remediation of a reason that reports no problem. */
export const NO_ACTION = "No action is needed.";

export const EXPLANATIONS: Readonly<Record<Reason, Explanation>> = {
  blocked: {
    cause: "A contact with this number has a blocked Disposition.",
    remediation:
      "To unblock the number, override the Disposition of these contacts in ConnectPath, or add the number to `exemptNumbers`.",
  },
  not_blocked: { cause: "No contact with this number has a blocked Disposition.", remediation: NO_ACTION },
  exempt: { cause: "The number matches a number or a prefix in `exemptNumbers`.", remediation: NO_ACTION },
  anonymous_blocked: {
    cause: "The caller withheld the number, and `anonymousCallers` is `block`.",
    remediation: "To let withheld callers through, set `anonymousCallers: allow`.",
  },
  anonymous_allowed: {
    cause: "The caller withheld the number, and `anonymousCallers` is `allow`.",
    remediation: "To block withheld callers, set `anonymousCallers: block`.",
  },
  no_number: {
    cause:
      "This kind of contact has no phone number: a web chat, a task, a WebRTC call, or a transfer or callback of a withheld caller.",
    remediation: NO_ACTION,
  },
  not_e164: {
    cause:
      "The address is not an E.164 number. It is an e-mail address, a SIP URI, or digits such as a short code or a number without country code.",
    remediation: "To look up digits as they are, set `lookup.otherNumbers: true`.",
  },
  bad_configuration: {
    cause:
      "An environment variable of the function is missing or invalid. The field `detail` in the log line names the variable.",
    remediation: "Deploy the stack again. Then find out who changed the function.",
  },
  no_disposition: {
    cause: "The flow module did not pass `BlockedDisposition`.",
    remediation:
      "Deploy the stack again. If the module was imported by hand, add the parameter `BlockedDisposition` to its Lambda block.",
  },
  other_instance: {
    cause: "The flow module passed no `InstanceName`, or the name of another instance.",
    remediation:
      "Deploy the stack again. If the module was imported by hand, correct the parameter `InstanceName` in its Lambda block.",
  },
  timeout: {
    cause: "DynamoDB did not answer within `lookup.budgetMs`.",
    remediation:
      "If this continues, check the latency of DynamoDB. If the function runs in a VPC, also check its network path to DynamoDB. Raise `lookup.budgetMs` only if nothing else helps.",
  },
  throttled: {
    cause: "DynamoDB throttled the request, and retries did not help.",
    remediation:
      "If the table is provisioned, raise the read capacity of the index. If the table is on-demand, check whether one Disposition has most of the traffic, and whether the account reached a DynamoDB quota.",
  },
  access_denied: {
    cause:
      "The function's role does not allow `dynamodb:Query` on the index, or does not allow `kms:Decrypt` on the key that encrypts the table. A policy of the AWS organization can also deny these calls.",
    remediation: "Deploy the stack again. If a customer managed key encrypts the table, also check the key policy.",
  },
  bad_credentials: {
    cause: "The credentials are missing, expired or invalid.",
    remediation:
      "Lambda provides the credentials. Check the function's role, and check that nobody added environment variables that start with `AWS_` to the function.",
  },
  table_missing: {
    cause: "The table does not exist in this account and region.",
    remediation:
      "Compare `tableName`, `account` and `region` with the name, the account and the region of ConnectPath's table.",
  },
  index_missing: {
    cause: "The table has no index named `Disposition-CustomerEndpoint-index`.",
    remediation:
      "Deploy the stack again. The deployment adds the index. With `table.adopt: false`, create the index with `npm run fleet -- index` instead.",
  },
  index_backfilling: {
    cause: "DynamoDB is still building the index.",
    remediation: "Wait until the status of the index is `ACTIVE`.",
  },
  request_rejected: {
    cause: "DynamoDB rejected the request. The field `error` in the log line has the name of the error.",
    remediation:
      "Find the error in DynamoDB's list of errors. Check that the index has the keys `Disposition` and `CustomerEndpoint`.",
  },
  server_error: {
    cause: "DynamoDB answered with a status of 500 or higher, and retries did not help.",
    remediation: "Check the AWS Health Dashboard.",
  },
  connection_failed: {
    cause: "The function could not connect to DynamoDB: the connection was refused, or the host is unreachable.",
    remediation:
      "If the function runs in a VPC, check the DynamoDB endpoint, the routes and the security groups. Check for a wrong `AWS_ENDPOINT_URL`.",
  },
  connection_lost: {
    cause: "The connection closed before the complete response arrived, and retries did not help.",
    remediation: "If this continues, check the network between the function and DynamoDB.",
  },
  dns_failed: {
    cause: "The host name of the DynamoDB endpoint could not be resolved.",
    remediation: "Check the DNS settings of the VPC. Check for a wrong `AWS_ENDPOINT_URL`.",
  },
  tls_failed: {
    cause:
      "The TLS certificate of the endpoint is not trusted. The field `error` in the log line has the name of the error.",
    remediation: "Check for a proxy that decrypts traffic, and for a wrong `AWS_ENDPOINT_URL`.",
  },
  bad_answer: {
    cause:
      "The response does not come from DynamoDB (it is not JSON, has no count or is too large), or it belongs to another request.",
    remediation: "Check for a proxy that answers instead of DynamoDB, and for a wrong `AWS_ENDPOINT_URL`.",
  },
  internal_error: {
    cause: "The function has a defect. The field `error` in the log line has the name of the error.",
    remediation: "Report the defect and include the log line.",
  },
};

/** The explanation of a reason; undefined if the word is not one of the function's reasons. */
export function explanationOf(reason: string): Explanation | undefined {
  return Object.hasOwn(EXPLANATIONS, reason) ? EXPLANATIONS[reason as Reason] : undefined;
}
