/** Reads phone numbers from a file or from standard input, one per line, in constant memory. */
import { createReadStream } from "node:fs";
import { CommandError } from "../../output/command-error";
import { errorMessage } from "../../output/error-message";

/** One line that is not empty: a number in any spelling, or a problem with the fix. */
export type NumberLine = { readonly line: number } & ({ readonly text: string } | { readonly problem: string });

/** Maximum size of a key in our index, in bytes of UTF-8. No contact can have a longer address. */
const maxBytes = 1024;

/**
 * @param source path of a file; `-` for standard input
 * @throws CommandError if the source cannot be read, or is not UTF-8
 */
export async function* numberLines(source: string): AsyncGenerator<NumberLine> {
  const name = source === "-" ? "Standard input" : source;
  const stream = (source === "-" ? process.stdin : createReadStream(source)).setEncoding("utf8");
  let line = 0;
  let rest = "";
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      // Text in UTF-16, which spreadsheets write, has such characters.
      if (/[\0\uFFFD]/.test(chunk)) throw new CommandError(`${name} is not UTF-8 text. Save the list as UTF-8.`);
      const text = rest + chunk;
      // The line feed of CR LF may be in the next chunk.
      const held = text.endsWith("\r") ? "\r" : "";
      const lines = text.slice(0, text.length - held.length).split(/\r\n|\n|\r/);
      // A line without end must not fill the memory.
      rest = (lines.pop() ?? "").slice(0, maxBytes + 1) + held;
      for (const one of lines) yield* lineOf(one, ++line);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${name} cannot be read. ${errorMessage(error)}`);
  }
  yield* lineOf(rest, line + 1);
}

function* lineOf(whole: string, line: number): Generator<NumberLine> {
  const cell = whole.replace(/^\uFEFF/, "").trim();
  const text = /^"([^"]*)"$/.exec(cell)?.[1]?.trim() ?? cell;
  if (text === "") return;
  if (Buffer.byteLength(text) > maxBytes) yield { line, problem: "The line is too long for a number." };
  // The parameters of a tel: URI begin with a semicolon.
  else if (/[,\t]/.test(text) || (text.includes(";") && !/^tel:/i.test(text)))
    yield { line, problem: "The line has several columns. Give one number per line." };
  else yield { line, text };
}
