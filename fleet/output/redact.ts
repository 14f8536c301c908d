/** Redacts phone numbers and e-mail addresses in printed text, and escapes characters that control a terminal. */

/** Maximum length of a redacted text. */
const maxLength = 60;

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Seven or more digits, with any grouping: shorter numbers need a prefix to reach a person. */
const phoneNumber = /\+?\d(?:[\s().\/\p{Pd}\p{Cc}\p{Cf}]{0,3}\d){6,}/gu;
const email = /[^\s<>"'@#:]+@[^\s<>"'@#:]+/g;
/** Control characters, and characters that change the direction or the position of the following text. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}\p{Co}\p{Cn}]/gu;

/**
 * Redacts a text from the contact table. Of a phone number, the first two characters and the last two digits stay (`+1••••••••01`). Of
 * an e-mail address, nothing stays. A UUID is not redacted, because it is needed to find the contact.
 */
export function redactText(text: string): string {
  if (uuid.test(text)) return text;
  // Shorten first, so that a long text costs little. The limit is high enough that a number at the end is still redacted.
  const shortened = text.length > 4 * maxLength ? text.slice(0, 4 * maxLength) : text;
  const redacted = printable(shortened.replaceAll(phoneNumber, redactNumber).replaceAll(email, "•••@•••"));
  const isShortened = shortened.length < text.length || redacted.length > maxLength;
  // Do not split a character that has two UTF-16 units.
  return isShortened ? `${redacted.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, "")}…` : redacted;
}

/** An international number or a prefix of one. */
const international = /\+([1-9])(\d{2,14})(\*?)/g;

/**
 * Redacts the international numbers in a text from this program or from Terraform: `+15555550101` becomes `+1••••••••01`, and the prefix
 * `+1555*` becomes `+1•••*`.
 */
export function redactNumbers(text: string): string {
  return text.replace(international, (whole, first: string, rest: string, star: string) =>
    star === "*" ? `+${first}${"•".repeat(rest.length)}*` : redactNumber(whole),
  );
}

/** Escapes characters that control a terminal: `\\u{1b}`. */
export function printable(text: string): string {
  return text.replaceAll(unprintable, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

function redactNumber(number: string): string {
  const plain = number.replaceAll(/[^\d+]/g, "");
  return `${plain.slice(0, 2)}${"•".repeat(plain.length - 4)}${plain.slice(-2)}`;
}
