/** Formats rows as text with aligned columns. */
import { oneLine } from "./foreign-text";

/** Maximum length of a cell. */
const maxCell = 1000;

/** Maximum width of a column. Longer cells are not aligned, so that one long value does not widen every row. */
const maxWidth = 100;

/**
 * @param header names of the columns
 * @param rows each with as many cells as the header
 * @returns one line for the header, one rule, and one line per row, without trailing spaces
 */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const names = header.map((name) => oneLine(name, maxCell));
  const cells = rows.map((row) => row.map((cell) => oneLine(cell, maxCell)));
  const widths = names.map((name, column) =>
    cells.reduce((width, row) => Math.max(width, Math.min(row[column]?.length ?? 0, maxWidth)), name.length),
  );
  const rule = widths.map((width) => "-".repeat(width));
  return [names, rule, ...cells]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
