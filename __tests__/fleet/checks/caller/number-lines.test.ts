/** Lines of numbers from a file: line ends, chunks and lines without end. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { type NumberLine, numberLines } from "../../../../fleet/checks/caller/number-lines";

const directory = mkdtempSync(path.join(tmpdir(), "number-lines-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

async function linesOf(content: string): Promise<NumberLine[]> {
  const file = path.join(directory, "numbers.txt");
  writeFileSync(file, content);
  const lines: NumberLine[] = [];
  for await (const line of numberLines(file)) lines.push(line);
  return lines;
}

test("every line that is not empty is returned once, with its number, whatever the line ends are", async () => {
  const line = fc.tuple(
    fc.oneof(
      fc.constant(""),
      fc.nat(99).map((n) => `+155555501${n}`),
      fc.constant("é".repeat(300)),
    ),
    fc.constantFrom("\n", "\r\n"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 400 }), async (drawn) => {
      const found = await linesOf(drawn.map(([text, end]) => text + end).join(""));
      expect(found).toEqual(drawn.flatMap(([text], n) => (text === "" ? [] : [{ line: n + 1, text }])));
    }),
    { numRuns: 30 },
  );
});

test("CR LF at the limit between two chunks is one line end", async () => {
  // A chunk of a file has 64 KiB.
  const filler = `${"+15555550100\n".repeat(5041)}${"+".repeat(2)}`;
  expect(filler).toHaveLength(65_535);
  const found = await linesOf(`${filler}\r\n+15555550101`);
  expect(found.slice(-2)).toEqual([
    { line: 5042, text: "++" },
    { line: 5043, text: "+15555550101" },
  ]);
});

test("a line that is longer than several chunks is named, and the next line is read", async () => {
  const found = await linesOf(`${"1".repeat(1_000_000)}\n+15555550101`);
  expect(found).toEqual([
    { line: 1, problem: "The line is too long for a number." },
    { line: 2, text: "+15555550101" },
  ]);
});
