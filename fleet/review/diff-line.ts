/** One line of a diff. */

/** One line: something that comes (`+`), goes (`-`), or changes (`~`). */
export interface DiffLine {
  readonly sign: "+" | "-" | "~";
  readonly text: string;
}
