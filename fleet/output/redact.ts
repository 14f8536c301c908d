/** What may be shown of a text: no telephone number; of one out of the vendor's table no address either, and nothing that drives a terminal. */

/** Characters of a masked text, at most. */
const longest = 60;

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Seven digits or more, however they are grouped: the shortest number that reaches a person without a prefix. */
const telephoneNumber = /\+?\d(?:[\s().\/\p{Pd}\p{Cc}\p{Cf}]{0,3}\d){6,}/gu;
const email = /[^\s<>"'@#:]+@[^\s<>"'@#:]+/g;
/** Controls, and marks that change the direction or the place of what follows. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}\p{Co}\p{Cn}]/gu;

/**
 * A text of the table as it may be printed. Telephone numbers keep their first two characters and last two digits
 * (`+1••••••••01`), e-mail addresses nothing; an id in the form of a UUID is shown, since it is what a contact is found by.
 */
export function masked(text: string): string {
  if (uuid.test(text)) return text;
  // Cut first, by characters: a mask must not cost more than it shows, and a number at the cut is masked all the same.
  const cut = text.length > 4 * longest ? text.slice(0, 4 * longest) : text;
  const hidden = cut.replaceAll(telephoneNumber, maskedNumber).replaceAll(email, "•••@•••");
  const harmless = printable(hidden);
  const isCut = cut.length < text.length || harmless.length > longest;
  // Not in the middle of a character of two units.
  return isCut ? `${harmless.slice(0, longest).replace(/[\uD800-\uDBFF]$/, "")}…` : harmless;
}

/** An international number, or the prefix of one, wherever it stands in a text. */
const international = /\+([1-9])(\d{2,14})(\*?)/g;

/**
 * A text of ours or of Terraform's, in which only an international number can be somebody's: `+15555550101` as `+1••••••••01`, and the
 * prefix `+1555*` as `+1•••*`.
 */
export function redactNumbers(text: string): string {
  return text.replace(international, (whole, first: string, rest: string, star: string) =>
    star === "*" ? `+${first}${"•".repeat(rest.length)}*` : maskedNumber(whole),
  );
}

/** A text with what drives a terminal written out: `\\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

function maskedNumber(number: string): string {
  const plain = number.replaceAll(/[^\d+]/g, "");
  return `${plain.slice(0, 2)}${"•".repeat(plain.length - 4)}${plain.slice(-2)}`;
}
