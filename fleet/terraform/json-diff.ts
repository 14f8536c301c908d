/** Where two JSON values differ, as lines that a person reads: `timeout: 3 → 30`. */
import { maskNumbers } from "../masking";

/** Longest value that is shown whole. */
const longest = 80;

/** Lists whose members are known by a name are compared by it: flows' actions, indexes, attributes. */
const names = ["Identifier", "name", "Name"];

/**
 * @param path of both, empty for the whole
 * @returns a line for each place; none where they are equal
 */
export function jsonDiff(before: unknown, after: unknown, path = ""): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const [one, other] = [named(before), named(after)];
  if (one === undefined || other === undefined) return [`${path || "all of it"}: ${shown(before)} → ${shown(after)}`];
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  // Own ones: a key may be called `valueOf`.
  const at = (map: Readonly<Record<string, unknown>>, key: string): unknown =>
    Object.hasOwn(map, key) ? map[key] : undefined;
  return keys.flatMap((key) => jsonDiff(at(one, key), at(other, key), path === "" ? key : `${path}.${key}`));
}

/** Maps as they are, lists by the names or places of their members; undefined for what is neither. */
function named(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value === "string" && /^\s*[{[]/.test(value)) {
    try {
      return named(JSON.parse(value));
    } catch {
      return undefined;
    }
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (!Array.isArray(value)) return value as Record<string, unknown>;
  const name = names.find((key) =>
    value.every((member) => typeof (member as Record<string, unknown> | null)?.[key] === "string"),
  );
  return Object.fromEntries(
    value.map((member, index) => [
      name === undefined ? `${index}` : String((member as Record<string, unknown>)[name]),
      member as unknown,
    ]),
  );
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "none";
  const text = maskNumbers(typeof value === "string" ? value : JSON.stringify(value));
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}
