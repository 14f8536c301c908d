/** Answers one call after another: policy, lookup, answer and log line. Nothing here throws. */
import { PROBE_EVENT, readFunctionEnvironment, type Environment, type FunctionSettings } from "../settings";
import { Connection } from "./connection";
import { endpointOf } from "./endpoint";
import { field } from "./field";
import { logLine } from "./log-line";
import { decide, type Lookup } from "./policy";
import { query, type QueryResult, type Table } from "./query";
import { REASONS, type Reason } from "./reasons";
import { credentialsOf } from "./signature";

/** What Connect reads: a flat map of strings. */
export interface Answer {
  readonly response: "match" | "nomatch";
  readonly reason: Reason;
}

export interface CallBlocking {
  /** Answers one contact within the budget; never throws or rejects. The event may be of any shape. */
  readonly handler: (event: unknown) => Promise<Answer>;
  /** Settles, always fulfilled, when connections to DynamoDB stand ready or the time for that is over. */
  readonly connected: Promise<void>;
}

/** What a broken table, network or configuration may add to the silence of a cold start, in milliseconds. */
const CONNECT_AT_START_MS = 300;

interface Result {
  readonly reason: Reason;
  readonly attempts: number;
  readonly error: string | undefined;
  readonly detail?: string | undefined;
}

/**
 * Sets the function up from its environment variables, and begins to connect.
 *
 * @param environment - settings (see `settings.ts`) and what Lambda sets: region, credentials, endpoint
 * @param write - takes the log lines, newline included
 */
export function startCallBlocking(environment: Environment, write: (line: string) => void): CallBlocking {
  let coldStart = true;
  let configured: { readonly settings: FunctionSettings; readonly table: Table } | undefined;
  let detail: string | undefined;
  let connected = Promise.resolve();
  try {
    const settings = readFunctionEnvironment(environment);
    const table = tableOf(settings, environment);
    configured = { settings, table };
    const limits = { connectMs: CONNECT_AT_START_MS, totalMs: CONNECT_AT_START_MS };
    // A rejection would fail Lambda's init phase; whatever it is, the first call meets it again and counts it.
    connected = table.connection.open(settings.blockedDispositions.length, limits).catch(() => undefined);
  } catch (error) {
    detail = error instanceof Error ? error.message : undefined;
  }

  const result = async (event: unknown): Promise<Result> => {
    if (configured === undefined) return { reason: "bad_configuration", attempts: 0, error: undefined, detail };
    const decision = decide(event, configured.settings);
    if (typeof decision === "string") return { reason: decision, attempts: 0, error: undefined };
    return lookUp(configured.table, decision, configured.settings.budgetMs);
  };

  const handler = async (event: unknown): Promise<Answer> => {
    const start = performance.now();
    let outcome: Result;
    try {
      outcome = await result(event);
    } catch (error) {
      outcome = { reason: "internal_error", attempts: 0, error: nameOf(error) };
    }
    try {
      write(
        logLine(
          {
            environment: environment["ENVIRONMENT"],
            instanceName: environment["INSTANCE_NAME"],
            reason: outcome.reason,
            probe: field(event, "Name") === PROBE_EVENT,
            contactId: field(event, "Details", "ContactData", "ContactId"),
            attempts: outcome.attempts,
            latencyMs: performance.now() - start,
            coldStart,
            error: outcome.error,
            detail: outcome.detail,
          },
          new Date(),
        ),
      );
    } catch {
      // A log that cannot be written must not cost the caller the answer.
    }
    coldStart = false;
    return { response: REASONS[outcome.reason].response, reason: outcome.reason };
  };
  return { handler, connected };
}

/**
 * Looks a number up under every Disposition at once. The first match decides, whatever becomes of the rest; without one, a
 * failure is reported rather than `not_blocked`, which nobody knows then.
 */
async function lookUp(table: Table, { number, dispositions }: Lookup, budgetMs: number): Promise<Result> {
  const round = table.connection.newRound();
  const results: QueryResult[] = [];
  await new Promise<void>((resolve) => {
    for (const disposition of dispositions) {
      const defect = (error: unknown): QueryResult => ({ answer: "internal_error", error: nameOf(error) });
      void query(table, disposition, number, budgetMs, round)
        .catch(defect)
        .then((result) => {
          results.push(result);
          if (result.answer === "blocked" || results.length === dispositions.length) resolve();
        });
    }
  });
  round.end();
  const decisive =
    results.find(({ answer }) => answer === "blocked") ??
    results.find(({ answer }) => answer !== "not_blocked") ??
    results[0];
  return {
    reason: decisive?.answer ?? "internal_error",
    error: decisive?.error,
    attempts: round.attempts,
  };
}

function tableOf(settings: FunctionSettings, environment: Environment): Table {
  const region = environment["AWS_REGION"];
  if (!region) throw new Error("AWS_REGION is not set");
  return {
    name: settings.tableName,
    region,
    connection: new Connection(endpointOf("dynamodb", environment, region)),
    credentials: credentialsOf(environment),
  };
}

const nameOf = (error: unknown): string | undefined => (error instanceof Error ? error.name : undefined);
