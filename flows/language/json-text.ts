/** Finds where each value of a JSON text stands, so that a value can be replaced without changing the rest of the text. */

/** A value in a JSON text. `text.slice(start, end)` is the value as it is written. */
export interface JsonNode {
  readonly start: number;
  readonly end: number;
  /** Values of an object by name, in the order of the text; undefined for other values. */
  readonly members?: ReadonlyMap<string, JsonNode>;
  /** Values of an array; undefined for other values. */
  readonly items?: readonly JsonNode[];
}

/** A part of the text to replace. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Levels of nesting. A flow has about ten. */
const maxDepth = 100;

/**
 * Returns the outermost value of a JSON text.
 *
 * @throws SyntaxError if the text is not JSON, or has more than 100 levels of nesting
 */
export function locateJson(text: string): JsonNode {
  JSON.parse(text);
  return new Scanner(text).value();
}

/** Applies edits that do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = text;
  for (const edit of [...edits].sort((a, b) => b.start - a.start || b.end - a.end)) {
    result = result.slice(0, edit.start) + edit.text + result.slice(edit.end);
  }
  return result;
}

/** Reads a text that is known to be valid JSON. */
class Scanner {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  value(): JsonNode {
    this.skip(/\s*/y);
    const start = this.at;
    const first = this.text[start];
    if (first === "{") return { start, members: this.members(), end: this.at };
    if (first === "[") return { start, items: this.items(), end: this.at };
    this.skip(first === '"' ? /"(?:[^"\\]|\\[^])*"/y : /[^\s,\]}]+/y);
    return { start, end: this.at };
  }

  private members(): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    this.list("}", () => {
      const name = this.value();
      this.skip(/\s*:/y);
      members.set(JSON.parse(this.text.slice(name.start, name.end)) as string, this.value());
    });
    return members;
  }

  private items(): JsonNode[] {
    const items: JsonNode[] = [];
    this.list("]", () => items.push(this.value()));
    return items;
  }

  private list(close: string, read: () => void): void {
    if (++this.depth > maxDepth) throw new SyntaxError(`the text has more than ${maxDepth} levels of nesting`);
    this.at++;
    this.skip(/\s*/y);
    while (this.text[this.at] !== close) {
      read();
      this.skip(/\s*,?\s*/y);
    }
    this.depth--;
    this.at++;
  }

  private skip(pattern: RegExp): void {
    pattern.lastIndex = this.at;
    this.at += pattern.exec(this.text)?.[0].length ?? 0;
  }
}
