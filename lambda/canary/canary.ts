/** One run of the canary: the deployed function is probed, and what came of it becomes a log line that is also metrics. */
import { errorName } from "../blocked-calls/log-line";
import { METRICS_NAMESPACE, type Environment } from "../settings";
import { accessFor, Refused } from "./access";
import { probe, type ProbeResult } from "./probe";
import { readCanaryInput } from "./settings";

/**
 * Probes the function that the event names. Never throws: Lambda would run it again, and a metric says it better.
 *
 * Metrics, each in the dimensions `Environment` and `Instance`: `CanaryRun` (1 when the run came to its end), `CanaryFailed` (1 when it did not),
 * and, of a run that did, `CanaryWrongAnswer` (wrong answers) and `ListedContacts` (contacts under blocked Dispositions, of each Disposition the first ones).
 * `Match` and `NoMatch`, which count the function's answers to calls, get a 0 from every run: an alarm on calls that nobody asks about reads metrics that
 * would else have no data at all, of which CloudWatch does not say what `FILL` makes.
 *
 * @param event - what {@link readCanaryInput} reads
 * @param environment - what Lambda sets: region, credentials, endpoints
 * @param write - takes the log line, newline included
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
    write(line(dimensions, await probe({ ...settings, region }, accessFor(settings, environment))));
  } catch (error) {
    write(line(dimensions, error));
  }
}

function line(dimensions: Readonly<Record<string, string>>, result: unknown): string {
  const done = isResult(result) ? result : undefined;
  const counts: Record<string, number> = {
    CanaryRun: Number(done !== undefined),
    CanaryFailed: Number(done === undefined),
    Match: 0,
    NoMatch: 0,
    ...(done === undefined
      ? {}
      : {
          CanaryWrongAnswer: done.answers.filter(({ right }) => !right).length,
          ListedContacts: done.listedContacts,
        }),
  };
  const text = {
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
    ...(done === undefined ? failure(result) : { answers: done.answers }),
  };
  return `${JSON.stringify(text)}\n`;
}

const isResult = (result: unknown): result is ProbeResult =>
  typeof result === "object" && result !== null && "answers" in result;

/** The error's name, and its message where that is our own: others may quote anything. */
function failure(error: unknown): object {
  if (!(error instanceof Error)) return { error: "unknown" };
  const ours = error instanceof Refused || error.constructor === Error;
  return { error: errorName(error.name), ...(ours ? { detail: error.message } : {}) };
}
