/** What one deployed function is told about its instance, and how that travels in Lambda's environment variables. */

/** Name of the one index that is read; its shape is `Disposition` (S, hash), `CustomerEndpoint` (S, range), keys only. */
export const INDEX_NAME = "Disposition-CustomerEndpoint-index";

/** Lambda's handler setting of both functions, `file.export`; a function made by hand is changed in place only where it has the same. */
export const HANDLER = "index.handler";

/** Namespace of the metrics, each in the dimensions `Environment` and `Instance`. */
export const METRICS_NAMESPACE = "ConnectPathCallBlocking";

/**
 * `Name` of an event by which the function is tested. Connect itself always sends `ContactFlowEvent`, and no flow can set it: such an
 * event is answered as a call is, and leaves no metrics.
 */
export const PROBE_EVENT = "CallBlockingProbe";

export interface FunctionSettings {
  /** Name of the environment; a dimension of the metrics. */
  readonly environment: string;
  /** The Connect instance's alias; a dimension of the metrics, and what the `InstanceName` parameter must equal. */
  readonly instanceName: string;
  readonly tableName: string;
  /** At least one; two-level Dispositions joined with `:`. */
  readonly blockedDispositions: readonly string[];
  readonly anonymousCallers: "allow" | "block";
  /** E.164 numbers (`+15555550100`) and prefixes (`+1800*`). */
  readonly exemptNumbers: readonly string[];
  /** Time for the whole lookup, in milliseconds. */
  readonly budgetMs: number;
}

/**
 * Lambda's quota on all environment variables of a function together, in bytes; it measures them as one JSON object
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
export const ENVIRONMENT_LIMIT_BYTES = 4096;

/** Environment variables, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

const EXEMPT = /^\+[1-9]\d{1,14}$|^\+[1-9]\d{0,13}\*$/;

/** The settings of one instance do not fit into Lambda's environment variables; the message is for who wrote them. */
export class FunctionEnvironmentTooLarge extends Error {
  override readonly name = "FunctionEnvironmentTooLarge";
}

/** JSON without `${` and `%{`, which Terraform would read as the start of a template: the rest is free text of users. */
export function literalJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("${", "\\u0024{").replaceAll("%{", "\\u0025{");
}

/**
 * The environment variables for a function with these settings.
 *
 * @throws FunctionEnvironmentTooLarge when they exceed {@link ENVIRONMENT_LIMIT_BYTES}; the message says by how much and what to shorten.
 */
export function functionEnvironment(settings: FunctionSettings): Record<string, string> {
  const variables = {
    ENVIRONMENT: settings.environment,
    INSTANCE_NAME: settings.instanceName,
    TABLE_NAME: settings.tableName,
    BLOCKED_DISPOSITIONS: literalJson(settings.blockedDispositions),
    ANONYMOUS_CALLERS: settings.anonymousCallers,
    // Not JSON: the quotes would be escaped where Lambda measures, four bytes more for each number.
    EXEMPT_NUMBERS: settings.exemptNumbers.join(" "),
    LOOKUP_BUDGET_MS: String(settings.budgetMs),
  };
  const measure = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
  const size = measure(variables);
  if (size > ENVIRONMENT_LIMIT_BYTES) {
    throw new FunctionEnvironmentTooLarge(
      `instance "${settings.instanceName}" of environment "${settings.environment}": the function's environment ` +
        `variables take ${size} bytes; Lambda allows ${ENVIRONMENT_LIMIT_BYTES} for all of them together.\n` +
        `  Shorten exemptNumbers (${settings.exemptNumbers.length} entries, ${measure(variables.EXEMPT_NUMBERS)} ` +
        `bytes; one prefix such as "+1800*" replaces many numbers) or blockedDispositions ` +
        `(${settings.blockedDispositions.length} entries, ${measure(variables.BLOCKED_DISPOSITIONS)} bytes).`,
    );
  }
  return variables;
}

/**
 * The settings in a function's environment variables; the inverse of {@link functionEnvironment}.
 *
 * @throws Error naming the variable that is missing or wrong and what is allowed, never its value: the message is logged.
 */
export function readFunctionEnvironment(environment: Environment): FunctionSettings {
  const text = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === "") throw new Error(`${name} is not set`);
    return value;
  };
  const anonymousCallers = text("ANONYMOUS_CALLERS");
  if (anonymousCallers !== "allow" && anonymousCallers !== "block") {
    throw new Error("ANONYMOUS_CALLERS is neither allow nor block");
  }
  const budgetMs = Number(text("LOOKUP_BUDGET_MS"));
  if (!Number.isInteger(budgetMs) || budgetMs < 1) throw new Error("LOOKUP_BUDGET_MS is not a whole number above zero");
  const exemptNumbers = (environment["EXEMPT_NUMBERS"] ?? "").split(" ").filter((entry) => entry !== "");
  if (!exemptNumbers.every((entry) => EXEMPT.test(entry))) {
    throw new Error("EXEMPT_NUMBERS has an entry that is neither an E.164 number nor a prefix ending in *");
  }
  return {
    environment: text("ENVIRONMENT"),
    instanceName: text("INSTANCE_NAME"),
    tableName: text("TABLE_NAME"),
    blockedDispositions: nonEmptyStrings(text("BLOCKED_DISPOSITIONS")),
    anonymousCallers,
    exemptNumbers,
    budgetMs,
  };
}

function nonEmptyStrings(json: string): readonly string[] {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    list = undefined; // the parser's own message would quote the value
  }
  if (!Array.isArray(list) || list.length === 0 || !list.every((item) => typeof item === "string" && item !== "")) {
    throw new Error("BLOCKED_DISPOSITIONS is not a JSON list of at least one non-empty string");
  }
  return list as string[];
}
