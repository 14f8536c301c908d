/** Values as plans hold them: looked into, and compared. */

/** The value's keys, or none where it is no map. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** One key of a map; undefined where there is none. Only what the map itself has: `__proto__` is a key like any other. */
export function valueAt(value: unknown, key: string): unknown {
  const fields = fieldsOf(value);
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

export function textAt(value: unknown, key: string): string | undefined {
  const found = valueAt(value, key);
  return typeof found === "string" ? found : undefined;
}

/** A list's items, or none where it is no list. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Whether `true` stands anywhere in a mask such as `after_unknown`; what is no mask at all counts as `true`. */
export function isMarked(mask: unknown): boolean {
  if (mask === undefined || mask === null || mask === false) return false;
  if (Array.isArray(mask)) return mask.some(isMarked);
  return typeof mask === "object" ? Object.values(mask).some(isMarked) : true;
}

/** Whether two values are the same, the order of keys aside. */
export function isEqual(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** JSON with the keys of every map in order. Lists stay as they are: Terraform writes sets in an order of their own, and in others it counts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value ?? null, (_, child: unknown) =>
    typeof child === "object" && child !== null && !Array.isArray(child)
      ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1)))
      : child,
  );
}

/** Keys in which two maps differ, in order. */
export function differingKeys(before: unknown, after: unknown): string[] {
  const keys = new Set([...Object.keys(fieldsOf(before)), ...Object.keys(fieldsOf(after))]);
  return [...keys].filter((key) => !isEqual(valueAt(before, key), valueAt(after, key))).sort();
}

/** A value on one line, cut when long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length <= 80 ? text : `${text.slice(0, 70)}…`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;
}
