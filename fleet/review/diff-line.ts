/** One line of a diff: something is added (`+`), removed (`-`) or changed (`~`). */
export interface DiffLine {
  readonly sign: "+" | "-" | "~";
  readonly text: string;
}
