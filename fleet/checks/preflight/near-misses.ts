/** Finds Dispositions of contacts that are similar to a configured Disposition. Used if no contact has the configured Disposition. */
import { didYouMean } from "../../../config/did-you-mean";

export interface NearMiss {
  readonly value: string;
  readonly contacts: number;
  /** The difference, such as `upper and lower case`. */
  readonly how: string;
}

/** Largest number of levels of a Disposition in ConnectPath. Longer values are not split. */
const mostLevels = 3;

/**
 * @param configured a blocked Disposition; the lookup compares it exactly
 * @param seen Dispositions of contacts, with their counts
 * @returns Dispositions that differ only in case, white space, Unicode form, one level, or a typing error; the most frequent first
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
  if (contains(wanted, levels)) return "one level is missing";
  return contains(levels, wanted) ? "it has one more level" : undefined;
}

/** The text without differences in case, white space and Unicode form. */
function folded(text: string): string {
  return text.normalize("NFC").toLowerCase().replaceAll(/\s+/g, " ").replaceAll(/ ?: ?/g, ":").trim();
}

/** Whether one list of levels contains the other, in order and without gaps. */
function contains(all: readonly string[], some: readonly string[]): boolean {
  if (some.includes("")) return false;
  return all.some((_, start) => some.every((level, n) => all[start + n] === level));
}
