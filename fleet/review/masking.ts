/** What must not be read in a review: telephone numbers, and values that Terraform marks as sensitive. */

/** An international number, or the prefix of one, wherever it stands in a text. */
const number = /\+([1-9])(\d{2,14})(\*?)/g;

/** `+15555550101` as `+1••••••••01`, and the prefix `+1555*` as `+1•••*`. */
export function maskNumbers(text: string): string {
  return text.replace(number, (_, first: string, rest: string, star: string) =>
    star === "*" ? `+${first}${"•".repeat(rest.length)}*` : `+${first}${"•".repeat(rest.length - 2)}${rest.slice(-2)}`,
  );
}
