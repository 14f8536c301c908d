/** Formats the log line of a call, which CloudWatch also reads as metrics (embedded metric format). */
import { METRICS_NAMESPACE } from "../settings";
import { REASONS, type Reason } from "./reasons";

export interface CallRecord {
  /** Undefined or empty if the configuration has no environment name. */
  readonly environment: string | undefined;
  /** Undefined or empty if the configuration has no instance name. */
  readonly instanceName: string | undefined;
  readonly reason: Reason;
  /** Whether the event is a probe and not a call. The line of a probe has no metrics. */
  readonly probe: boolean;
  /** `Details.ContactData.ContactId`, of any type. */
  readonly contactId: unknown;
  /** Number of requests to DynamoDB, under all Dispositions together. */
  readonly attempts: number;
  readonly latencyMs: number;
  /** Whether this was the first call of its execution environment. */
  readonly coldStart: boolean;
  /** Name of the underlying error. It is omitted if it does not look like a name. */
  readonly error: string | undefined;
  /** The configuration error: names of variables, never their values. */
  readonly detail: string | undefined;
}

const CONTACT_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * The log line, newline included. It contains no personal data. The contact id leads to the contact record, and Connect controls access
 * to that record.
 *
 * Metrics, each with the dimensions `Environment` and `Instance`: `Lookups` (the function queried the table), `Match`, `NoMatch`,
 * `Skipped` (the policy decided), `LookupError` and `ColdStart`; each is 0 or 1 for every call, so that alarms always have data. Also
 * `LatencyMs`, and `Reason_<reason>` with the value 1. The line of a probe has the same fields but no metrics. Otherwise probes would
 * count as calls and would hide that no calls arrive.
 * Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function logLine(call: CallRecord, now: Date): string {
  const { response, category } = REASONS[call.reason];
  const counts: Record<string, number> = {
    Lookups: Number(call.attempts > 0),
    Match: Number(response === "match"),
    NoMatch: Number(response === "nomatch"),
    Skipped: Number(category === "skipped"),
    LookupError: Number(category === "error"),
    ColdStart: Number(call.coldStart),
    [`Reason_${call.reason}`]: 1,
  };
  const metrics = Object.keys(counts).map((Name) => ({ Name, Unit: "Count" }));
  const line = {
    ...(call.probe
      ? { probe: true }
      : {
          _aws: {
            Timestamp: now.getTime(),
            CloudWatchMetrics: [
              {
                Namespace: METRICS_NAMESPACE,
                Dimensions: [["Environment", "Instance"]],
                Metrics: [...metrics, { Name: "LatencyMs", Unit: "Milliseconds" }],
              },
            ],
          },
        }),
    Environment: dimension(call.environment),
    Instance: dimension(call.instanceName),
    ...counts,
    LatencyMs: Math.round(call.latencyMs * 100) / 100,
    reason: call.reason,
    // Contact ids of Connect are UUIDs. Any other value could contain personal data.
    contactId: typeof call.contactId === "string" && CONTACT_ID.test(call.contactId) ? call.contactId : undefined,
    attempts: call.attempts,
    error: errorName(call.error),
    detail: call.detail,
  };
  return `${JSON.stringify(line)}\n`;
}

/** The name of an error, if it looks like a name. The network can supply the name, so digits are not accepted. */
export function errorName(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Za-z_]{1,64}$/.test(name) ? name : undefined;
}

/** CloudWatch drops a metric with an empty dimension, and the error would then not be counted. */
function dimension(value: string | undefined): string {
  return value === undefined || value === "" ? "unknown" : value;
}
