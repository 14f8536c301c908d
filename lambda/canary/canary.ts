/** Runs the canary once: probes the deployed function and writes the result as a log line with metrics. */
import { errorName } from "../blocked-calls/log-line";
import { METRICS_NAMESPACE, type Environment } from "../settings";
import { createProbeAccess, Refused } from "./access";
import { probe, type ProbeResult } from "./probe";
import { readCanaryInput } from "./settings";

/**
 * Probes the function that the event names. Never throws, because Lambda would then retry; the metric `CanaryFailed` reports a failure.
 *
 * Metrics, each with the dimensions `Environment` and `Instance`: `CanaryRun` (1 if the run completed) and `CanaryFailed` (1 if the run did
 * not complete). A completed run also has `CanaryWrongAnswer` (number of wrong answers) and `ListedContacts` (number of contacts with a
 * blocked Disposition, counted among the first contacts of each Disposition). Every run adds 0 to `Match` and `NoMatch`, which count the
 * answers to calls. Without these zeros, both metrics have no data if no call is checked, and CloudWatch does not document what `FILL`
 * returns for a metric without data.
 *
 * @param event - the input of {@link readCanaryInput}
 * @param environment - the variables that Lambda sets: region, credentials, endpoints
 * @param write - receives the log line, newline included
 */
export async function runCanary(
  event: unknown,
  environment: Environment,
  write: (line: string) => void,
): Promise<void> {
  let dimensions = { Environment: "unknown", Instance: "unknown" };
  try {
    const settings = readCanaryInput(event);
    dimensions = { Environment: settings.environment, Instance: settings.instanceName };
    const region = settings.functionArn.split(":")[3] ?? "";
    write(logLine(dimensions, await probe({ ...settings, region }, createProbeAccess(settings, environment))));
  } catch (error) {
    write(logLine(dimensions, error));
  }
}

function logLine(dimensions: Readonly<Record<string, string>>, result: unknown): string {
  const completed = isResult(result) ? result : undefined;
  const counts: Record<string, number> = {
    CanaryRun: Number(completed !== undefined),
    CanaryFailed: Number(completed === undefined),
    Match: 0,
    NoMatch: 0,
    ...(completed === undefined
      ? {}
      : {
          CanaryWrongAnswer: completed.answers.filter(({ right }) => !right).length,
          ListedContacts: completed.listedContacts,
        }),
  };
  const line = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: METRICS_NAMESPACE,
          Dimensions: [Object.keys(dimensions)],
          Metrics: Object.keys(counts).map((Name) => ({ Name, Unit: "Count" })),
        },
      ],
    },
    ...dimensions,
    ...counts,
    ...(completed === undefined ? failure(result) : { answers: completed.answers }),
  };
  return `${JSON.stringify(line)}\n`;
}

const isResult = (result: unknown): result is ProbeResult =>
  typeof result === "object" && result !== null && "answers" in result;

/** The name of the error. The message is included only if it is ours, because other messages can contain personal data. */
function failure(error: unknown): object {
  if (!(error instanceof Error)) return { error: "unknown" };
  const isOurs = error instanceof Refused || error.constructor === Error;
  return { error: errorName(error.name), ...(isOurs ? { detail: error.message } : {}) };
}
