/** The age of a result as text. */

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

/** `3 min`, `5 h`, `12 d`. @param ms milliseconds; a clock that is slightly behind gives `0 min` */
export function ageText(ms: number): string {
  const age = Math.max(0, ms);
  if (age < 2 * hour) return `${Math.floor(age / minute)} min`;
  return age < 2 * day ? `${Math.floor(age / hour)} h` : `${Math.floor(age / day)} d`;
}
