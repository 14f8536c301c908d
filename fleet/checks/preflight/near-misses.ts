/** Dispositions that were probably meant by a configured one that no contact carries. */
import { didYouMean } from "../../../config/did-you-mean";

export interface NearMiss {
  readonly value: string;
  readonly contacts: number;
  /** In what it differs: `upper and lower case`. */
  readonly how: string;
}

/** Levels that a Disposition of ConnectPath has, at most; what has more is no such thing, and is not taken apart. */
const mostLevels = 3;

/**
 * @param configured a blocked Disposition, which the lookup compares character for character
 * @param seen Dispositions that contacts carry, with their number
 * @returns those that differ only in case, white space, Unicode form, by a level of a `:`-joined value, or by a slip of the pen; the
 *   most frequent first
 */
export function nearMisses(configured: string, seen: readonly (readonly [string, number])[]): NearMiss[] {
  const others = seen.filter(([value]) => value !== configured).sort(([, a], [, b]) => b - a);
  const found = others.flatMap(([value, contacts]) => {
    const how = difference(configured, value);
    return how === undefined ? [] : [{ value, contacts, how }];
  });
  if (found.length > 0) return found;
  const mistyped = didYouMean(
    configured,
    others.map(([value]) => value),
  );
  return others
    .filter(([value]) => value === mistyped)
    .map(([value, contacts]) => ({ value, contacts, how: "spelling" }));
}

function difference(configured: string, value: string): string | undefined {
  if (folded(value) === folded(configured)) {
    if (value.toLowerCase() === configured.toLowerCase()) return "upper and lower case";
    if (value.normalize("NFC") === configured.normalize("NFC")) return "Unicode form";
    return "spaces";
  }
  const wanted = folded(configured).split(":");
  const levels = folded(value).split(":");
  if (levels.length > mostLevels || wanted.length > mostLevels) return undefined;
  if (contains(wanted, levels)) return "a level is missing in it";
  return contains(levels, wanted) ? "it has a level more" : undefined;
}

/** What stays the same however somebody types it. */
function folded(text: string): string {
  return text.normalize("NFC").toLowerCase().replaceAll(/\s+/g, " ").replaceAll(/ ?: ?/g, ":").trim();
}

/** Whether the one list of levels holds the other, in order and without gaps. */
function contains(all: readonly string[], some: readonly string[]): boolean {
  if (some.includes("")) return false;
  return all.some((_, start) => some.every((level, n) => all[start + n] === level));
}
