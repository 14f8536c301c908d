/**
 * Finds characters that can change how a reader understands a text, and makes text of unknown origin safe to print: escapes characters
 * that control a terminal or a CI log, and shortens long text.
 */

/**
 * Control characters, format characters (bidirectional controls, zero-width characters, tags), line and paragraph separators, and
 * characters without a glyph. Variation selectors only choose how the character before them looks.
 * Source: https://www.unicode.org/reports/tr36/ (bidirectional text spoofing).
 */
const invisible = /(?!\p{Variation_Selector})[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Invisible characters, and characters that a terminal may not know. The two selectors between text and emoji are printable. */
const unprintable = new RegExp(
  `${invisible.source}|(?![\\uFE0E\\uFE0F])[\\p{Variation_Selector}\\p{Surrogate}\\p{Co}\\p{Cn}]`,
  "gu",
);

/** Invisible characters in a text of several lines. */
const invisibleInLines = new RegExp(`(?![\\t\\n\\r])${invisible.source}`, "gu");

export const invisibleCharacterFix =
  "Remove the character, or type the text again. Invisible characters change what reviewers see.";

/** The first invisible character except tabs and line ends, as a YAML escape; undefined if there is none. */
export function invisibleCharacter(text: string): string | undefined {
  const [first] = text.match(invisibleInLines) ?? [];
  return first === undefined ? undefined : yamlEscape(first);
}

/** Every invisible character except tabs and line ends, as a YAML escape, with its offset. */
export function* invisibleCharacters(text: string): Iterable<{ readonly character: string; readonly index: number }> {
  for (const match of text.matchAll(invisibleInLines)) yield { character: yamlEscape(match[0]), index: match.index };
}

/** A YAML escape such as `\u202E`. Not `U+202E`, because the redaction of phone numbers hides digits after a plus sign. */
function yamlEscape(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return hex.length > 4 ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

/**
 * Escapes every unprintable character, line breaks included: `\\u{1b}`. Also escapes the start of CI commands: `::error::` (GitHub Actions)
 * at the start of a line; `##[error]`, `##vso[…]` and `##teamcity[…]` (other CI systems) at any place.
 *
 * https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
export function printable(text: string): string {
  return text
    .replaceAll(unprintable, escapeCharacter)
    .replace(/^(\s*):(?=:)/, "$1\\u{3a}")
    .replaceAll(/##(?=\w*\[)/g, "#\\u{23}");
}

const escapeCharacter = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** Escapes the characters of {@link printable} in a JSON document, as JSON escapes. A JSON parser reads the same values as before. */
export function printableJson(json: string): string {
  // `##[` starts a command of CI systems anywhere in a line.
  return json
    .replaceAll("##", "#\\u0023")
    .split("\n")
    .map((line) => line.replaceAll(unprintable, jsonEscape))
    .join("\n");
}

function jsonEscape(character: string): string {
  const units = Array.from({ length: character.length }, (_, n) => character.charCodeAt(n));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

/** Like {@link printable}, but keeps line breaks. */
export function printableLines(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll("\t", "  ").split("\n").map(printable).join("\n");
}

/** Maximum length of a message in characters. */
const maxMessage = 2000;

/** A text on one line, without unprintable characters. The middle of a long text is omitted. */
export function oneLine(text: string, maxLength: number = maxMessage): string {
  return shortened(printable(text.replaceAll(/[\t\n\v\f\r]\s*/g, " ")), maxLength);
}

/** Limits of {@link boundedLines}. */
const maxLines = { first: 80, last: 40 };
const maxLine = 1000;

/** A text of several lines, such as the output of a program, without unprintable characters. The middle of a long text is omitted. */
export function boundedLines(text: string): string {
  const lines = text.split("\n");
  const omitted = lines.length - maxLines.first - maxLines.last;
  const shown =
    omitted <= 0
      ? lines
      : [...lines.slice(0, maxLines.first), `… ${omitted} lines omitted …`, ...lines.slice(-maxLines.last)];
  return shown.map((line) => shortened(printableLines(line.replace(/\r$/, "")), maxLine)).join("\n");
}

/** The start and the end of a long text, with its length between them. A text of at most `maxLength` characters is returned unchanged. */
export function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const tail = Math.floor(maxLength / 4);
  // Do not split a character that has two UTF-16 units.
  const start = text.slice(0, maxLength - tail).replace(/[\uD800-\uDBFF]$/, "");
  const end = text.slice(text.length - tail).replace(/^[\uDC00-\uDFFF]/, "");
  return `${start}… (${text.length} characters) …${end}`;
}
