/** Reads one YAML file as plain values with their places. Parts of YAML that often surprise people are refused. */
import { readFileSync, statSync } from "node:fs";
import { Composer, isAlias, isMap, isScalar, isSeq, Parser, YAMLParseError } from "yaml";
import type { CST, Document, Node, Pair } from "yaml";
import { invisibleCharacter, invisibleCharacterFix, invisibleCharacters } from "./printable";
import { formatPath, show } from "./problems";
import type { Path, Problem } from "./problems";

const maximumNesting = 50;

/**
 * A file in YAML 1.2 (https://yaml.org/spec/1.2.2/) with the core schema: `no`, `on` and dates are text.
 *
 * Refused, each with its place: syntax errors, bytes that are not UTF-8, a byte order mark, directives, several documents, tags,
 * keys that are not words, duplicate keys, anchors and aliases (shared values belong in the outer level).
 */
export class YamlFile {
  /**
   * Maps, lists, strings, numbers, booleans and nulls. A refused value is undefined. The whole value is undefined if the file cannot be
   * read or is not a map.
   */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  private readonly found: Problem[] = [];
  /** Offsets at which the lines start. */
  private lineStarts: readonly number[] = [0];
  private readonly contents: Node | null;

  /**
   * @param name name for messages, `environments/prod.yaml`
   * @param path path of the file
   */
  constructor(
    readonly name: string,
    path: string,
  ) {
    this.contents = this.parse(path);
    this.value = isMap(this.contents) ? this.plain(this.contents, []) : undefined;
    this.problems = this.found;
  }

  /** A problem with the value at `path` or with its key. If the path does not exist, the place is the nearest map or list around it. */
  problem(path: Path, message: string, fix: string, at: "value" | "key" = "value"): Problem {
    const { key, value } = this.find(path);
    const offset = at === "key" || isEmpty(value) ? (offsetOf(key) ?? offsetOf(value)) : offsetOf(value);
    return this.problemAt(offset ?? 0, path, message, fix);
  }

  /** The value at `path` as written in the file, with leading zeros and plus signs. */
  source(path: Path): string | undefined {
    const { value } = this.find(path);
    return isScalar(value) ? value.source : undefined;
  }

  private parse(path: string): Node | null {
    let bytes: Buffer;
    try {
      // Reading a FIFO or a device can block forever.
      if (!statSync(path).isFile()) {
        return this.refuse(0, "This is not a regular file.", "Replace it with a regular file, or rename it.");
      }
      bytes = readFileSync(path);
    } catch (error) {
      return this.refuse(
        0,
        `The file cannot be read (${systemErrorCode(error)}).`,
        "Correct the permissions of the file, or remove the file.",
      );
    }
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    this.lineStarts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
    if (!Buffer.from(text).equals(bytes)) {
      return this.refuse(text.indexOf("\uFFFD"), "The file is not in UTF-8.", "Save the file as UTF-8.");
    }
    if (text.startsWith("\uFEFF")) {
      return this.refuse(
        0,
        "The file starts with a byte order mark.",
        "Save the file as UTF-8 without a byte order mark.",
      );
    }
    let lastLine = 0;
    for (const { character, index } of invisibleCharacters(text)) {
      const { line } = this.positionOf(index);
      if (line === lastLine) continue;
      lastLine = line;
      this.refuse(index, `The line contains the invisible character ${character}.`, invisibleCharacterFix);
    }
    if (this.found.length > 0) return null;
    const tokens = [...new Parser().parse(text)];
    // The YAML composer is recursive. A stack overflow inside V8's regular expressions would end the process.
    if (isNestedDeeperThan(maximumNesting, tokens)) {
      return this.refuse(
        0,
        `The file has more than ${maximumNesting} levels of nesting.`,
        "Remove brackets or indentation.",
      );
    }
    const { contents, errors, warnings, directives } = composed(tokens, text);
    for (const { code, message, pos } of [...errors, ...warnings]) {
      // After the first error, the parser also reports errors for the words that follow. Those errors are not separate mistakes.
      if (code === "UNEXPECTED_TOKEN" && this.found.length > 0) continue;
      const [what = ""] = message.split("\n");
      const [problem, fix] = syntaxErrors[code] ?? [what.replace(/[.:]?$/, "."), anySyntaxFix];
      this.refuse(pos[0], `The file is not valid YAML: ${problem}`, fix);
    }
    if (directives.yaml.explicit === true) {
      this.refuse(0, "YAML directives are not supported.", "Remove the lines before the first ---.");
    }
    if (this.found.length > 0) return null;
    if (contents === null || isEmpty(contents)) {
      return this.refuse(0, "The file is empty.", "Add its keys, or delete the file.");
    }
    if (!isMap(contents)) {
      const what = isSeq(contents) ? "a list" : "a single value";
      return this.refuse(offsetOf(contents) ?? 0, `The file is ${what}, not a map.`, 'Write "key: value" lines.');
    }
    return contents;
  }

  private refuse(offset: number, message: string, fix: string): null {
    this.found.push(this.problemAt(offset, [], message, fix));
    return null;
  }

  private plain(node: unknown, path: Path): unknown {
    const refuse = (offset: number | undefined, at: Path, message: string, fix: string): void => {
      this.found.push(this.problemAt(offset ?? 0, at, message, fix));
    };
    if (isAlias(node)) {
      refuse(offsetOf(node), path, `${show(`*${node.source}`)} is an alias, which is not supported.`, aliasFix);
      return undefined;
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    if (node.anchor !== undefined) {
      refuse(offsetOf(node), path, `${show(`&${node.anchor}`)} is an anchor, which is not supported.`, aliasFix);
    }
    if (node.tag !== undefined) {
      refuse(offsetOf(node), path, `${show(node.tag)} is a YAML tag, which is not supported.`, "Remove the tag.");
      return undefined;
    }
    if (isScalar(node)) {
      const hidden = typeof node.value === "string" ? invisibleCharacter(node.value) : undefined;
      if (hidden === undefined) return node.value;
      const message = `The text contains the invisible character ${hidden}.`;
      refuse(offsetOf(node), path, message, invisibleCharacterFix);
      return undefined;
    }
    if (isSeq(node)) return node.items.map((item, index) => this.plain(item, [...path, index]));

    const map = new Map<string, unknown>();
    const firstOffsets = new Map<string, number>();
    for (const pair of node.items) {
      const key = keyOf(pair);
      const offset = offsetOf(pair.key) ?? offsetOf(node);
      const hidden = key === undefined ? undefined : invisibleCharacter(key);
      if (key === undefined || key === "__proto__") {
        refuse(offset, path, "A key is not a word.", "Write one word and a colon.");
      } else if (hidden !== undefined) {
        refuse(offset, path, `A key contains the invisible character ${hidden}.`, invisibleCharacterFix);
      } else if (map.has(key)) {
        const first = this.positionOf(firstOffsets.get(key) ?? 0);
        refuse(
          offset,
          [...path, key],
          `The map has this key twice. The first one is on line ${first.line}.`,
          "Remove one of them.",
        );
      } else {
        firstOffsets.set(key, offset ?? 0);
        map.set(key, this.plain(pair.value, [...path, key]));
      }
    }
    return Object.fromEntries(map);
  }

  /** Key and value at `path`, or at the last existing part of `path`. List items have no key. */
  private find(path: Path): { key?: unknown; value: unknown } {
    let found: { key?: unknown; value: unknown } = { value: this.contents };
    for (const step of path) {
      const parent = found.value;
      let child: typeof found | undefined;
      if (isMap(parent)) child = parent.items.find((pair) => keyOf(pair) === step);
      if (isSeq(parent) && Number(step) < parent.items.length) child = { value: parent.items[Number(step)] };
      if (child === undefined) break;
      found = child;
    }
    return found;
  }

  private problemAt(offset: number, path: Path, message: string, fix: string): Problem {
    const shown = withoutPhoneNumbers(message, path.includes("exemptNumbers"));
    return { file: this.name, position: this.positionOf(offset), path: formatPath(path), message: shown, fix };
  }

  private positionOf(offset: number): { line: number; column: number } {
    let [low, high] = [0, this.lineStarts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.lineStarts[low] ?? 0) + 1 };
  }
}

/** The code of an error of the operating system, such as `EACCES`. Any other error is thrown again: it is a defect of this program. */
export function systemErrorCode(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  throw error;
}

const aliasFix = "Repeat the value, or put it in an outer level: the environment, or defaults.yaml.";
const anySyntaxFix = "Check the indentation, quotes and brackets here and in the line above.";
const syntaxErrors: Partial<Record<string, readonly [problem: string, fix: string]>> = {
  TAB_AS_INDENT: ["Tabs are not allowed as indentation.", "Indent with spaces."],
  UNEXPECTED_TOKEN: ["This text does not continue the line before it.", anySyntaxFix],
  MULTIPLE_DOCS: ["A second document starts here.", "Remove the --- line. One file is one environment."],
};

/** The key as written. YAML reads an unquoted `1` or `true` as a number or a boolean. */
function keyOf({ key }: Pair): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === "string" ? key.value : (key.source ?? "");
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** Whether the value is empty: a key, a colon and the end of the line. */
function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? "") === "");
}

/** The first document, like `parseDocument`, but the text is not parsed again. */
function composed(tokens: readonly CST.Token[], { length }: string): Document.Parsed {
  // The composer ignores duplicate keys: `plain` reports them with the path and both places.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false });
  const [document, second] = composer.compose(tokens, true, length);
  if (document === undefined) throw new Error("The composer found no document.");
  if (second !== undefined) {
    const [start, end] = second.range;
    document.errors.push(new YAMLParseError([start, end], "MULTIPLE_DOCS", ""));
  }
  return document;
}

/** Works without recursion, so that a deeply nested file cannot overflow the stack. */
function isNestedDeeperThan(limit: number, tokens: readonly CST.Token[]): boolean {
  const open: { token: CST.Token; depth: number }[] = [];
  for (const token of tokens) open.push({ token, depth: 0 });
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (depth > limit) return true;
    const children = "items" in token ? token.items : token.type === "document" ? [token] : [];
    for (const child of children) {
      if ("key" in child && child.key) open.push({ token: child.key, depth: depth + 1 });
      if (child.value) open.push({ token: child.value, depth: depth + 1 });
    }
  }
  return false;
}

/**
 * Hides phone numbers: build logs must not contain them.
 *
 * @param anyDigits whether digits without a plus sign are hidden too, as in `exemptNumbers`
 */
function withoutPhoneNumbers(message: string, anyDigits: boolean): string {
  return message.replace(anyDigits ? /\d{3,}/g : /(?<=\+)\d{4,}/g, (digits) => "•".repeat(digits.length));
}
