/** Settings of one deployed function, written to and read from Lambda's environment variables. */

/**
 * Name of the index that the function queries. Its keys are `Disposition` (S, hash) and `CustomerEndpoint` (S, range); it projects keys
 * only.
 */
export const INDEX_NAME = "Disposition-CustomerEndpoint-index";

/** Lambda's handler setting of both functions, `file.export`. An existing function is updated in place only if its handler is the same. */
export const HANDLER = "index.handler";

/** Namespace of the metrics. Each metric has the dimensions `Environment` and `Instance`. */
export const METRICS_NAMESPACE = "ConnectPathCallBlocking";

/**
 * `Name` of an event that tests the function. The function answers it like a call, but writes no metrics. Connect always sends
 * `ContactFlowEvent`, and a flow cannot change that name.
 */
export const PROBE_EVENT = "CallBlockingProbe";

export interface FunctionSettings {
  /** Name of the environment; a dimension of the metrics. */
  readonly environment: string;
  /** Alias of the Connect instance; a dimension of the metrics. The `InstanceName` parameter must equal it. */
  readonly instanceName: string;
  readonly tableName: string;
  /** At least one. The levels of a Disposition are joined with `:`. */
  readonly blockedDispositions: readonly string[];
  readonly anonymousCallers: "allow" | "block";
  /** E.164 numbers (`+15555550100`) and prefixes (`+1800*`). */
  readonly exemptNumbers: readonly string[];
  /** Whether digits that are not an E.164 number (`15555550100`, `22000`) are looked up as they are. */
  readonly otherNumbers: boolean;
  /** Time for the whole lookup, in milliseconds; see {@link BUDGET_LIMITS_MS}. */
  readonly budgetMs: number;
}

/**
 * Lambda's quota for all environment variables of a function together, in bytes of one JSON object
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
export const ENVIRONMENT_LIMIT_BYTES = 4096;

/** Limits of `budgetMs`. The environment files have the same limits. */
const BUDGET_LIMITS_MS = { min: 100, max: 7500 } as const;

const isBudget = (ms: number): boolean =>
  Number.isInteger(ms) && ms >= BUDGET_LIMITS_MS.min && ms <= BUDGET_LIMITS_MS.max;

/** Environment variables, like `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An exempt number, or a prefix that ends with `*`. */
const EXEMPT_ENTRY = /^\+[1-9]\d{1,14}$|^\+[1-9]\d{0,13}\*$/;

/** The settings of one instance do not fit into Lambda's environment variables. The message says what to shorten. */
export class FunctionEnvironmentTooLarge extends Error {
  override readonly name = "FunctionEnvironmentTooLarge";
}

/**
 * Returns JSON in which `${` and `%{` are escaped. Terraform would read them as the start of a template, but in user text they are ordinary
 * characters.
 */
export function literalJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("${", "\\u0024{").replaceAll("%{", "\\u0025{");
}

/**
 * The environment variables of a function with these settings.
 *
 * @throws FunctionEnvironmentTooLarge if they exceed {@link ENVIRONMENT_LIMIT_BYTES}
 * @throws RangeError if `budgetMs` is outside {@link BUDGET_LIMITS_MS}; the environment files are checked earlier
 */
export function functionEnvironment(settings: FunctionSettings): Record<string, string> {
  if (!isBudget(settings.budgetMs)) {
    throw new RangeError(
      `instance "${settings.instanceName}" of environment "${settings.environment}": lookup.budgetMs is ${settings.budgetMs}. ` +
        `Use a whole number from ${BUDGET_LIMITS_MS.min} to ${BUDGET_LIMITS_MS.max}.`,
    );
  }
  const variables = {
    ENVIRONMENT: settings.environment,
    INSTANCE_NAME: settings.instanceName,
    TABLE_NAME: settings.tableName,
    BLOCKED_DISPOSITIONS: literalJson(settings.blockedDispositions),
    ANONYMOUS_CALLERS: settings.anonymousCallers,
    // Not JSON: Lambda measures the escaped quotes, which would cost four more bytes for each number.
    EXEMPT_NUMBERS: settings.exemptNumbers.join(" "),
    LOOKUP_BUDGET_MS: String(settings.budgetMs),
    ...(settings.otherNumbers ? { OTHER_NUMBERS: "lookup" } : {}),
  };
  const measure = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
  const size = measure(variables);
  if (size > ENVIRONMENT_LIMIT_BYTES) {
    throw new FunctionEnvironmentTooLarge(
      `instance "${settings.instanceName}" of environment "${settings.environment}": the environment variables of the ` +
        `function need ${size} bytes, but Lambda allows at most ${ENVIRONMENT_LIMIT_BYTES} bytes.\n` +
        `  Shorten exemptNumbers (${settings.exemptNumbers.length} entries, ${measure(variables.EXEMPT_NUMBERS)} ` +
        `bytes; one prefix such as "+1800*" can replace many numbers) or blockedDispositions ` +
        `(${settings.blockedDispositions.length} entries, ${measure(variables.BLOCKED_DISPOSITIONS)} bytes).`,
    );
  }
  return variables;
}

/**
 * Reads the settings from the environment variables of a function; the inverse of {@link functionEnvironment}.
 *
 * @throws Error with the name of the variable that is missing or invalid, and the allowed values. The message is logged, so it never
 *   contains the value.
 */
export function readFunctionEnvironment(environment: Environment): FunctionSettings {
  const text = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === "") throw new Error(`${name} is not set.`);
    return value;
  };
  const anonymousCallers = text("ANONYMOUS_CALLERS");
  if (anonymousCallers !== "allow" && anonymousCallers !== "block") {
    throw new Error('ANONYMOUS_CALLERS is neither "allow" nor "block".');
  }
  const budgetMs = Number(text("LOOKUP_BUDGET_MS"));
  if (!isBudget(budgetMs)) {
    throw new Error(`LOOKUP_BUDGET_MS is not a whole number from ${BUDGET_LIMITS_MS.min} to ${BUDGET_LIMITS_MS.max}.`);
  }
  const exemptNumbers = (environment["EXEMPT_NUMBERS"] ?? "").split(" ").filter((entry) => entry !== "");
  if (!exemptNumbers.every((entry) => EXEMPT_ENTRY.test(entry))) {
    throw new Error("EXEMPT_NUMBERS has an entry that is not an E.164 number or a prefix that ends with *.");
  }
  const otherNumbers = environment["OTHER_NUMBERS"];
  if (otherNumbers !== undefined && otherNumbers !== "lookup") {
    throw new Error(
      'OTHER_NUMBERS is not "lookup". To ignore numbers that are not E.164 numbers, remove the variable.',
    );
  }
  return {
    environment: text("ENVIRONMENT"),
    instanceName: text("INSTANCE_NAME"),
    tableName: text("TABLE_NAME"),
    blockedDispositions: nonEmptyStrings(text("BLOCKED_DISPOSITIONS")),
    anonymousCallers,
    exemptNumbers,
    otherNumbers: otherNumbers === "lookup",
    budgetMs,
  };
}

function nonEmptyStrings(json: string): readonly string[] {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    list = undefined; // the message of the parser would contain the value
  }
  if (!Array.isArray(list) || list.length === 0 || !list.every((item) => typeof item === "string" && item !== "")) {
    throw new Error("BLOCKED_DISPOSITIONS is not a JSON list of one or more non-empty strings.");
  }
  return list as string[];
}
