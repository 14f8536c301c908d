/** One YAML file as plain values that know their place, without the parts of YAML that surprise. */
import { readFileSync } from "node:fs";
import { isAlias, isMap, isScalar, isSeq, parseDocument, Parser } from "yaml";
import type { CST, Node, Pair } from "yaml";
import { formatPath, show } from "./problems";
import type { Path, Problem } from "./problems";

const maximumNesting = 50;

/**
 * A file read as YAML 1.2 (https://yaml.org/spec/1.2.2/) with its core schema: `no` and `on` are text, and so are dates.
 *
 * Refused, each with its place: syntax errors, bytes that are not UTF-8, a byte order mark, directives, several documents, tags,
 * keys that are not words, the same key twice, anchors and aliases (what levels have in common belongs in the level above).
 */
export class YamlFile {
  /**
   * Maps, lists, strings, numbers, booleans and nulls. Undefined in place of what was refused: an alias, or the whole file when
   * it could not be read or is not a map.
   */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  private readonly found: Problem[] = [];
  private text = "";
  private readonly contents: Node | null;

  /**
   * @param name name for messages, `environments/prod.yaml`
   * @param path where it is read
   */
  constructor(
    readonly name: string,
    path: string,
  ) {
    this.contents = this.parse(path);
    this.value = isMap(this.contents) ? this.plain(this.contents, []) : undefined;
    this.problems = this.found;
  }

  /** A problem with the value at `path`, or with its key; where there is neither, with the nearest map or list around it. */
  problem(path: Path, message: string, fix: string, at: "value" | "key" = "value"): Problem {
    const { key, value } = this.find(path);
    const offset = at === "key" || isEmpty(value) ? (offsetOf(key) ?? offsetOf(value)) : offsetOf(value);
    return this.problemAt(offset ?? 0, path, message, fix);
  }

  /** The value at `path` as it is written in the file: leading zeros and plus signs are not lost. */
  source(path: Path): string | undefined {
    const { value } = this.find(path);
    return isScalar(value) ? value.source : undefined;
  }

  private parse(path: string): Node | null {
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch (error) {
      return this.refuse(
        0,
        `The file cannot be read (${systemErrorCode(error)}).`,
        "It must be a file that you may read.",
      );
    }
    const text = (this.text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    if (!Buffer.from(text).equals(bytes)) {
      return this.refuse(text.indexOf("\uFFFD"), "The file is not in UTF-8.", "Save it again as UTF-8.");
    }
    if (text.startsWith("\uFEFF")) {
      return this.refuse(0, "The file begins with a byte order mark.", "Save it as UTF-8 without byte order mark.");
    }
    // The composer is recursive, and a stack that overflows inside V8's regular expressions ends the process.
    if (isNestedDeeperThan(maximumNesting, text)) {
      return this.refuse(
        0,
        `The file is nested more than ${maximumNesting} levels deep.`,
        "Remove the excess brackets.",
      );
    }
    // Duplicate keys are found in `plain`, where both places and the path are known.
    const { contents, errors, warnings, directives } = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
    for (const { code, message, pos } of [...errors, ...warnings]) {
      // Once the parser has lost the thread it reports every word that follows: those are no mistakes of their own.
      if (code === "UNEXPECTED_TOKEN" && this.found.length > 0) continue;
      const [what = ""] = message.split("\n");
      const [wrong, fix] = syntaxErrors[code] ?? [what.replace(/[.:]?$/, "."), anySyntaxFix];
      this.refuse(pos[0], `The file is not valid YAML: ${wrong}`, fix);
    }
    if (directives.yaml.explicit === true) {
      this.refuse(0, "YAML directives are not supported.", "Remove the lines before the first ---.");
    }
    if (this.found.length > 0) return null;
    if (contents === null || isEmpty(contents)) {
      return this.refuse(0, "The file is empty.", "Fill it, or delete it.");
    }
    if (!isMap(contents)) {
      const what = isSeq(contents) ? "a list" : "a single value";
      return this.refuse(offsetOf(contents) ?? 0, `The file is ${what} and not a map.`, 'Write "key: value" lines.');
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
      refuse(offsetOf(node), path, `${show(node.tag)} is a YAML tag, which is not supported.`, "Remove it.");
      return undefined;
    }
    if (isScalar(node)) return node.value;
    if (isSeq(node)) return node.items.map((item, index) => this.plain(item, [...path, index]));

    const map = new Map<string, unknown>();
    for (const pair of node.items) {
      const key = keyOf(pair);
      const offset = offsetOf(pair.key) ?? offsetOf(node);
      if (key === undefined || key === "__proto__") {
        refuse(offset, path, "A key is not a word.", "Write one word, followed by a colon.");
      } else if (map.has(key)) {
        const first = this.positionOf(offsetOf(node.items.find((other) => keyOf(other) === key)?.key) ?? 0);
        refuse(
          offset,
          [...path, key],
          `The key stands here twice, first on line ${first.line}.`,
          "Remove one of the two.",
        );
      } else {
        map.set(key, this.plain(pair.value, [...path, key]));
      }
    }
    return Object.fromEntries(map);
  }

  /** Key and value at `path`, or as far along it as there is something; list items have no key. */
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
    const shown = withoutTelephoneNumbers(message, path.includes("exemptNumbers"));
    return { file: this.name, position: this.positionOf(offset), path: formatPath(path), message: shown, fix };
  }

  private positionOf(offset: number): { line: number; column: number } {
    const before = this.text.slice(0, offset).split("\n");
    return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
  }
}

/** `EACCES` for an error of the operating system; any other is a fault of this program and is thrown on. */
export function systemErrorCode(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error) return String(error.code);
  throw error;
}

const aliasFix = "Write the value out, or once for all in the level above: the environment, or defaults.yaml.";
const anySyntaxFix = "Look at indentation, quotes and brackets here and in the line above.";
const syntaxErrors: Partial<Record<string, readonly [wrong: string, fix: string]>> = {
  TAB_AS_INDENT: ["Tabs are not allowed as indentation.", "Indent with spaces."],
  UNEXPECTED_TOKEN: ["What stands here does not fit what is before it.", anySyntaxFix],
  MULTIPLE_DOCS: ["A second document begins here.", "Remove the --- line: one file is one environment."],
};

/** The key as written: YAML takes an unquoted `1` or `true` for a number or a boolean. */
function keyOf({ key }: Pair): string | undefined {
  if (!isScalar(key)) return undefined;
  return typeof key.value === "string" ? key.value : (key.source ?? "");
}

function offsetOf(node: unknown): number | undefined {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined;
}

/** Whether there is nothing to point at: a key, a colon and the end of the line. */
function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? "") === "");
}

/** Without recursion, unlike the composer that it protects. */
function isNestedDeeperThan(limit: number, text: string): boolean {
  const open: { token: CST.Token; depth: number }[] = [];
  for (const token of new Parser().parse(text)) open.push({ token, depth: 0 });
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
 * Exempt numbers are telephone numbers: a build's log may show their form, not whose they are.
 *
 * @param anyDigits whether digits without a plus sign may be one too: below `exemptNumbers`
 */
function withoutTelephoneNumbers(message: string, anyDigits: boolean): string {
  return message.replace(anyDigits ? /\d{3,}/g : /(?<=\+)\d{4,}/g, (digits) => "x".repeat(digits.length));
}
