/**
 * Finds invisible characters that can change how a reader understands a text: bidirectional controls, zero-width and control characters.
 */

/**
 * Control characters (except tab and line ends), format characters (bidirectional controls, zero-width characters, tags), line and
 * paragraph separators, and letters without a glyph. Source: https://www.unicode.org/reports/tr36/ (bidirectional text spoofing).
 */
const invisible = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0]/gu;

export const invisibleCharacterFix =
  "Remove the character, or type the text again. Invisible characters change what reviewers see.";

/** The first invisible character, as a YAML escape; undefined if there is none. */
export function invisibleCharacter(text: string): string | undefined {
  const [first] = text.match(invisible) ?? [];
  return first === undefined ? undefined : codePoint(first);
}

/** Every invisible character, as a YAML escape, with its offset. */
export function* invisibleCharacters(text: string): Iterable<{ readonly character: string; readonly index: number }> {
  for (const match of text.matchAll(invisible)) yield { character: codePoint(match[0]), index: match.index };
}

/** A YAML escape such as `\u202E`. Not `U+202E`, because the redaction of phone numbers hides digits after a plus sign. */
function codePoint(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return hex.length > 4 ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
}
