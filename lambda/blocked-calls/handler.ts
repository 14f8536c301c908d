/** Handles one call: applies the policy, looks up the number, answers and writes the log line. Never throws. */
import { PROBE_EVENT, readFunctionEnvironment, type Environment, type FunctionSettings } from "../settings";
import { Connection } from "./connection";
import { resolveEndpoint } from "./endpoint";
import { field } from "./field";
import { logLine } from "./log-line";
import { decide, type Lookup } from "./policy";
import { query, type QueryResult, type Table } from "./query";
import { REASONS, type Reason } from "./reasons";
import { readCredentials } from "./signature";

/** The answer to Connect, which requires a flat map of strings. */
export interface Answer {
  readonly response: "match" | "nomatch";
  readonly reason: Reason;
}

export interface BlockedCallsHandler {
  /** Answers one contact within the time budget. Never throws or rejects. The event may have any shape. */
  readonly handler: (event: unknown) => Promise<Answer>;
  /** Resolves when the connections to DynamoDB are open or the time for opening them is over. Never rejects. */
  readonly connected: Promise<void>;
}

/** Upper limit in milliseconds for opening connections during init. A fault delays a cold start by at most this time. */
const INIT_CONNECT_MS = 300;

interface Result {
  readonly reason: Reason;
  readonly attempts: number;
  readonly error: string | undefined;
  readonly detail?: string | undefined;
}

/**
 * Reads the settings from environment variables and starts to connect to DynamoDB.
 *
 * @param environment - the settings (see `settings.ts`), and the variables that Lambda sets: region, credentials, endpoint
 * @param write - receives each log line, newline included
 */
export function createHandler(environment: Environment, write: (line: string) => void): BlockedCallsHandler {
  let coldStart = true;
  let configuration: { readonly settings: FunctionSettings; readonly table: Table } | undefined;
  let detail: string | undefined;
  let connected = Promise.resolve();
  try {
    const settings = readFunctionEnvironment(environment);
    const table = createTable(settings, environment);
    configuration = { settings, table };
    const limits = { connectMs: INIT_CONNECT_MS, totalMs: INIT_CONNECT_MS };
    // A rejected promise would fail Lambda's init phase. If the fault persists, the first call fails too and counts a LookupError.
    connected = table.connection.open(settings.blockedDispositions.length, limits).catch(() => undefined);
  } catch (error) {
    detail = error instanceof Error ? error.message : undefined;
  }

  const handleEvent = async (event: unknown): Promise<Result> => {
    if (configuration === undefined) return { reason: "bad_configuration", attempts: 0, error: undefined, detail };
    const decision = decide(event, configuration.settings);
    if (typeof decision === "string") return { reason: decision, attempts: 0, error: undefined };
    return lookUp(configuration.table, decision, configuration.settings.budgetMs);
  };

  const handler = async (event: unknown): Promise<Answer> => {
    const start = performance.now();
    let result: Result;
    try {
      result = await handleEvent(event);
    } catch (error) {
      result = { reason: "internal_error", attempts: 0, error: nameOf(error) };
    }
    try {
      write(
        logLine(
          {
            environment: environment["ENVIRONMENT"],
            instanceName: environment["INSTANCE_NAME"],
            reason: result.reason,
            probe: field(event, "Name") === PROBE_EVENT,
            contactId: field(event, "Details", "ContactData", "ContactId"),
            attempts: result.attempts,
            latencyMs: performance.now() - start,
            coldStart,
            error: result.error,
            detail: result.detail,
          },
          new Date(),
        ),
      );
    } catch {
      // Connect still needs the answer if the log line cannot be written.
    }
    coldStart = false;
    return { response: REASONS[result.reason].response, reason: result.reason };
  };
  return { handler, connected };
}

/**
 * Looks up a number under all Dispositions in parallel. The first match decides. If there is no match and a query failed, the result
 * is that failure, because `not_blocked` is not proven.
 */
async function lookUp(table: Table, { number, dispositions }: Lookup, budgetMs: number): Promise<Result> {
  const group = table.connection.newRequestGroup();
  const results: QueryResult[] = [];
  await new Promise<void>((resolve) => {
    for (const disposition of dispositions) {
      const onDefect = (error: unknown): QueryResult => ({ answer: "internal_error", error: nameOf(error) });
      void query(table, disposition, number, budgetMs, group)
        .catch(onDefect)
        .then((result) => {
          results.push(result);
          if (result.answer === "blocked" || results.length === dispositions.length) resolve();
        });
    }
  });
  group.end();
  const decisive =
    results.find(({ answer }) => answer === "blocked") ??
    results.find(({ answer }) => answer !== "not_blocked") ??
    results[0];
  return {
    reason: decisive?.answer ?? "internal_error",
    error: decisive?.error,
    attempts: group.attempts,
  };
}

function createTable(settings: FunctionSettings, environment: Environment): Table {
  const region = environment["AWS_REGION"];
  if (!region) throw new Error("AWS_REGION is not set.");
  return {
    name: settings.tableName,
    region,
    connection: new Connection(resolveEndpoint("dynamodb", environment, region)),
    credentials: readCredentials(environment),
  };
}

const nameOf = (error: unknown): string | undefined => (error instanceof Error ? error.name : undefined);
