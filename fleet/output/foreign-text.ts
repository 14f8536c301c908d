/**
 * Escapes text from AWS, Terraform, plans, flows and environment files, with one function for each output format. Escaped text cannot
 * move the cursor, start a command of a CI system, change the direction of other text, or add markup.
 */
import { boundedLines, oneLine, printableJson, printableLines, shortened } from "../../config/printable";

/** Maximum length of one line in a terminal or a log. */
const maxLine = 10_000;

/** For standard output and standard error. Line breaks are kept. */
export function terminalText(text: string): string {
  return printableLines(text)
    .split("\n")
    .map((line) => shortened(line, maxLine))
    .join("\n");
}

/** A JSON document for standard output. Its strings are not shortened, because a program reads them. */
export class JsonDocument {
  readonly text: string;

  /** @param indent spaces for each level; 0 for a document on one line */
  constructor(value: unknown, indent = 2) {
    this.text = printableJson(JSON.stringify(value, null, indent));
  }
}

/** Maximum length of a text within a Markdown paragraph or a table cell, before markup is escaped. */
const maxInline = 4000;

/** For a paragraph or a table cell in Markdown: on one line, without markup, mentions and links. */
export function markdownInline(text: string): string {
  return oneLine(text, maxInline)
    .replace(/^\s*:/, "&#58;")
    .replace(/[\\`*_{}[\]<>#|~@&$]|:(?=\/\/)|(?<=www)\./g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Maximum length of a name, such as the address of a resource. */
export const maxName = 300;

/** For a name in Markdown, as code on one line. */
export const markdownCode = (text: string): string =>
  `<code>${oneLine(text, maxName).replace(/[^\w. -]/gu, (character) => `&#${character.codePointAt(0) ?? 32};`)}</code>`;

/** A code block in Markdown, with a fence that is longer than any run of backticks in the text, so that the text cannot end it. */
export function markdownBlock(language: string, text: string): string {
  const content = printableLines(text.trimEnd());
  const longest = [...content.matchAll(/`+/g)].reduce((length, [run]) => Math.max(length, run.length), 2);
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${content}\n${fence}`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For an element or an attribute in HTML. Line breaks are kept. */
export function htmlText(text: string): string {
  return printableLines(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

export { boundedLines, oneLine };
