/** Reads JSON of unknown shape, such as events of Connect and responses of DynamoDB. */

/** The value at a path inside an object of unknown shape; undefined if a part of the path is missing. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
