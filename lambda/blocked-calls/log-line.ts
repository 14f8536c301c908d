/** The one line a call leaves in the log, which CloudWatch also reads as metrics (embedded metric format). */
import { METRICS_NAMESPACE } from "../settings";
import { REASONS, type Reason } from "./reasons";

export interface Call {
  /** Undefined or empty where the configuration does not even say this much. */
  readonly environment: string | undefined;
  readonly instanceName: string | undefined;
  readonly reason: Reason;
  /** Whether a test asked and nobody called: its line is no metric. */
  readonly probe: boolean;
  /** Details.ContactData.ContactId, of any type. */
  readonly contactId: unknown;
  /** Attempts to ask DynamoDB, those of all Dispositions together. */
  readonly attempts: number;
  readonly latencyMs: number;
  /** Whether this was the first call of its sandbox. */
  readonly coldStart: boolean;
  /** Name of the underlying error; left out when it does not look like one. */
  readonly error: string | undefined;
  /** What is wrong with the configuration: names of variables, never values. */
  readonly detail: string | undefined;
}

const CONTACT_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/**
 * The line, newline included.
 *
 * Metrics, each in the dimensions `Environment` and `Instance`: `Lookups` (the table was asked), `Match`, `NoMatch`, `Skipped` (policy decided),
 * `LookupError`, `ColdStart`, as 0 or 1 for every call so that alarms always have data; `LatencyMs`; and `Reason_<reason>` = 1. The line
 * of a probe has the same fields and is no metric: probes are no calls, and must not hide that none come. Personal data stays out: the contact id leads to the contact record, whose access Connect controls.
 * Format: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function logLine(call: Call, now: Date): string {
  const { response, outcome } = REASONS[call.reason];
  const counts: Record<string, number> = {
    Lookups: Number(call.attempts > 0),
    Match: Number(response === "match"),
    NoMatch: Number(response === "nomatch"),
    Skipped: Number(outcome === "skipped"),
    LookupError: Number(outcome === "error"),
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
    // What is no UUID is not Connect's, and could be anything.
    contactId: typeof call.contactId === "string" && CONTACT_ID.test(call.contactId) ? call.contactId : undefined,
    attempts: call.attempts,
    error: errorName(call.error),
    detail: call.detail,
  };
  return `${JSON.stringify(line)}\n`;
}

/** The name if it looks like one. It can come from the network, and the log line takes no digits from there. */
export function errorName(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Za-z_]{1,64}$/.test(name) ? name : undefined;
}

/** CloudWatch drops a metric whose dimension is empty, and an error that nobody sees is what this line is against. */
export function dimension(value: string | undefined): string {
  return value === undefined || value === "" ? "unknown" : value;
}
