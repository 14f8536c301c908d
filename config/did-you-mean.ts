/** Suggests the known word that is nearest to a mistyped word. */

/**
 * @returns the word in `known` with the smallest edit distance (case is ignored); undefined if every word differs in more than a third of
 *   its characters
 */
export function didYouMean(given: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const word of known) {
    const [a, b] = [given.toLowerCase(), word.toLowerCase()];
    const most = Math.max(1, Math.floor(word.length / 3));
    // Each edit changes the length by one character at most.
    if (Math.abs(a.length - b.length) > most) continue;
    const edits = editDistance(a, b);
    if (edits <= most && edits < least) {
      nearest = word;
      least = edits;
    }
  }
  return nearest;
}

/** Number of insertions, deletions, replacements and swaps of adjacent characters (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        isSwapped ? (beforeLast[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last.at(-1) ?? 0;
}
