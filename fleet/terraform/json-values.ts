/** Reads and compares the JSON values of a plan. */

/** The keys of an object; none if the value is not an object. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** One key of an object, or undefined. Only own keys count, so `__proto__` is a key like any other. */
export function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** One key of an object, if its value is a string. */
export function textAt(value: unknown, key: string): string | undefined {
  const found = valueAt(value, key);
  return typeof found === "string" ? found : undefined;
}

/** The items of a list; none if the value is not a list. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Whether a mask such as `after_unknown` has `true` in any place. A value that cannot be a mask counts as `true`. */
export function isMarked(mask: unknown): boolean {
  if (mask === undefined || mask === null || mask === false) return false;
  if (Array.isArray(mask)) return mask.some(isMarked);
  return typeof mask === "object" ? Object.values(mask).some(isMarked) : true;
}

/** Whether two JSON values are equal, regardless of the order of keys. `undefined` equals `null`, and a key whose value is undefined counts as absent. */
export function isEqual(a: unknown, b: unknown): boolean {
  // A guard and a review compare each attribute of each resource, so they make no copies.
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return (a ?? null) === (b ?? null);
  if (Array.isArray(a) || Array.isArray(b)) {
    const [itemsA, itemsB] = [itemsOf(a), itemsOf(b)];
    return (
      Array.isArray(a) === Array.isArray(b) &&
      itemsA.length === itemsB.length &&
      itemsA.every((item, index) => isEqual(item, itemsB[index]))
    );
  }
  const isSet = (value: object, key: string): boolean => valueAt(value, key) !== undefined;
  const keys = Object.keys(a).filter((key) => isSet(a, key));
  return (
    keys.length === Object.keys(b).filter((key) => isSet(b, key)).length &&
    keys.every((key) => isSet(b, key) && isEqual(valueAt(a, key), valueAt(b, key)))
  );
}

/** JSON with sorted keys. Lists keep their order: Terraform already sorts sets, and the order of other lists has a meaning. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== "object") return JSON.stringify(value ?? null);
  return JSON.stringify(value ?? null, (_, child: unknown) =>
    typeof child === "object" && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  );
}

/** The keys with different values in two objects, sorted. */
export function differingKeys(before: unknown, after: unknown): string[] {
  const keys = new Set([...Object.keys(fieldsOf(before)), ...Object.keys(fieldsOf(after))]);
  return [...keys].filter((key) => !isEqual(valueAt(before, key), valueAt(after, key))).sort();
}

/** A value as JSON on one line, shortened to 80 characters. */
export function shortJson(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length <= 80 ? text : `${text.slice(0, 70)}…`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
