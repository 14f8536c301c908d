/** The message of an error from the AWS SDK, the network or the file system, on one line. */
import { oneLine } from "./foreign-text";

/** At most 2,000 characters, without unprintable ones. @param error any thrown value */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(String(error));
  // `fetch` and Node put the reason into the cause, or into the first of several errors.
  const inner: unknown = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  if (inner instanceof Error) return errorMessage(inner);
  const name = /^(Error|TypeError)$/.test(error.name) || error.message.startsWith(error.name) ? "" : `${error.name}: `;
  return oneLine(`${name}${error.message}`.replaceAll(/\s+/g, " "));
}
