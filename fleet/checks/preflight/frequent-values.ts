/** The most frequent of any number of values, in bounded memory. */

/** What is kept of the values, as JSON. */
export interface FrequentValuesState {
  readonly counts: readonly (readonly [value: string, count: number])[];
  readonly forgotten: number;
  readonly total: number;
}

/**
 * Counts values, of which it keeps `capacity` at most. While there are no more distinct ones, every count is exact. Beyond, rare
 * ones give way (Misra and Gries, "Finding repeated elements", 1982): a value that is more than one in `capacity` of all is never
 * lost, and a count is too low by {@link forgotten} at most.
 */
export class FrequentValues {
  private readonly counts: Map<string, number>;
  /** By how much a count may be too low; 0 while all counts are exact. */
  forgotten: number;
  /** How many values were added. */
  total: number;

  constructor(
    private readonly capacity: number,
    state: FrequentValuesState = { counts: [], forgotten: 0, total: 0 },
  ) {
    this.counts = new Map(state.counts);
    this.forgotten = state.forgotten;
    this.total = state.total;
  }

  add(value: string): void {
    this.total++;
    const count = this.counts.get(value);
    if (count !== undefined) this.counts.set(value, count + 1);
    else if (this.counts.size < this.capacity) this.counts.set(value, 1);
    else this.makeRoom();
  }

  /** Values and counts, the most frequent first; equal ones by value. */
  top(count: number): (readonly [value: string, count: number])[] {
    const byCount = [...this.counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return byCount.slice(0, count);
  }

  toJSON(): FrequentValuesState {
    return { counts: [...this.counts], forgotten: this.forgotten, total: this.total };
  }

  /** The new value and one of each kept one cancel out. Each pass uses up as many values as it visits, so adding stays cheap. */
  private makeRoom(): void {
    this.forgotten++;
    for (const [value, count] of this.counts) {
      if (count === 1) this.counts.delete(value);
      else this.counts.set(value, count - 1);
    }
  }
}
