/** The known word that a mistyped one was probably meant to be. */

/**
 * @returns the nearest of `known` by edit distance, case aside, or undefined when none is within a third of its length
 */
export function didYouMean(given: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const word of known) {
    const edits = editDistance(given.toLowerCase(), word.toLowerCase());
    if (edits <= Math.max(1, Math.floor(word.length / 3)) && edits < least) {
      nearest = word;
      least = edits;
    }
  }
  return nearest;
}

/** Levenshtein distance: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  // The rows below cost a.length * b.length, and nobody mistypes a word into one twice as long.
  if (a.length > 2 * b.length) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
