// Reads JSON of unknown shape: what Connect sends, what DynamoDB answers.

/** The value at a path of an object of unknown shape; undefined where the path ends early. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
