/** A value that was read, or why it is unknown. An unknown value is never replaced by zero. */
import { attachPolicyFix, isAboutCredentials, isAccessDenied, isThrottled } from "../../aws/errors";
import { errorMessage } from "../../output/error-message";

/** The names of the members are part of the JSON output. */
export type Reading<T> = { readonly value: T } | { readonly unknown: Unknown };

/** `not-checked` and `no-data` are no failure: nobody asked for the value, or there is none yet. */
export type UnknownCode =
  "unreachable" | "denied" | "no-credentials" | "throttled" | "failed" | "not-checked" | "no-data";

export interface Unknown {
  readonly code: UnknownCode;
  /** One or two sentences, without a phone number. */
  readonly detail: string;
  readonly fix?: string;
}

export const unknown = (code: UnknownCode, detail: string, fix?: string): { readonly unknown: Unknown } => ({
  unknown: { code, detail, ...(fix === undefined ? {} : { fix }) },
});

/** Whether the value should have been read, and could not be. */
export const isUnreadable = (reading: Reading<unknown>): boolean =>
  "unknown" in reading && !["not-checked", "no-data"].includes(reading.unknown.code);

export const valueOf = <T>(reading: Reading<T>): T | undefined => ("value" in reading ? reading.value : undefined);

/** Applies a function to the value. */
export function mapReading<T, U>(reading: Reading<T>, map: (value: T) => Reading<U>): Reading<U> {
  return "value" in reading ? map(reading.value) : reading;
}

export interface ReadLimits {
  /** Milliseconds until the value is unknown. */
  readonly timeoutMs: number;
  /** For the message. */
  readonly region: string;
}

/** Runs the work. An error or a late answer is an unknown value. @param work stops its requests when the signal is aborted */
export async function read<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, region }: ReadLimits,
): Promise<Reading<T>> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Reading<T>>((resolve) => {
    timer = setTimeout(() => {
      resolve(unreachable(region, `no answer within ${timeoutMs / 1000} s`));
      stop.abort();
    }, timeoutMs);
  });
  const answer = work(stop.signal).then(
    (value) => ({ value }),
    (error: unknown) => failureOf(error, region),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

const unreachable = (region: string, reason: string): { readonly unknown: Unknown } =>
  unknown(
    "unreachable",
    `AWS did not answer in ${region}: ${reason}.`,
    "Check the network, and the AWS Health Dashboard for the region.",
  );

/** Codes of Node for a connection that could not be made or was lost. */
const networkErrors = /^(EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EPIPE|ETIMEDOUT)$/;

function failureOf(error: unknown, region: string): { readonly unknown: Unknown } {
  const message = errorMessage(error);
  if (isAccessDenied(error)) return unknown("denied", message, attachPolicyFix("read-and-invoke"));
  if (isAboutCredentials(error)) {
    return unknown("no-credentials", message, "Sign in, or set planRole to a role that these credentials may assume.");
  }
  if (isThrottled(error)) return unknown("throttled", message, "Run the command later.");
  const { code = "", name = "" } = error as { readonly code?: string; readonly name?: string };
  if (networkErrors.test(code) || name === "TimeoutError") return unreachable(region, message);
  return unknown("failed", message, "Run the command again. If the error persists, its message names the cause.");
}
