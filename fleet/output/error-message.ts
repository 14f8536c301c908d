/** What an error of the AWS SDK, the network or the file system says, on one line. */

/** @param error whatever was thrown */
export function errorMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // `fetch` and Node keep the reason in the cause, or in the first of several.
  const inner: unknown = error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
  if (inner instanceof Error) return errorMessage(inner);
  const name = /^(Error|TypeError)$/.test(error.name) || error.message.startsWith(error.name) ? "" : `${error.name}: `;
  return `${name}${error.message}`.replaceAll(/\s+/g, " ");
}
