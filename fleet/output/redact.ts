/** Redacts phone numbers and e-mail addresses in printed text. */
import { printable } from "../../config/printable";

/** Maximum length of a redacted text. */
const maxLength = 60;
/** Maximum length of a text of a flow. Redacting a long text is slow. */
const maxFlowText = 1000;

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
/** Seven or more digits, with any grouping. Shorter numbers do not identify a person. */
const phoneNumber = /\+?\d(?:[\s().\/\p{Pd}\p{Cc}\p{Cf}]{0,3}\d){6,}/gu;
const email = /[^\s<>"'@#:]+@[^\s<>"'@#:]+/g;

/**
 * Redacts a text from the contact table. Shows only the first two characters and the last two digits of a phone number
 * (`+1••••••••01`), and nothing of an e-mail address. A UUID is not redacted, because it is needed to find the contact.
 */
export function redactText(text: string): string {
  if (uuid.test(text)) return text;
  // Shorten first, because redacting a long text is slow. The limit leaves enough text to redact a number that is cut at the end.
  const shortened = text.length > 4 * maxLength ? text.slice(0, 4 * maxLength) : text;
  const redacted = printable(shortened.replaceAll(phoneNumber, redactNumber).replaceAll(email, "•••@•••"));
  const isShortened = shortened.length < text.length || redacted.length > maxLength;
  // Do not split a character that has two UTF-16 units.
  return isShortened ? `${redacted.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, "")}…` : redacted;
}

/** Ids and ARNs of AWS, whose digits are not a phone number. */
const awsIdentifier = /(arn:[\w-]+:[\w-]+:[\w-]*:\d{12}:|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})/i;

/**
 * Redacts the phone numbers and e-mail addresses in a text of a flow, such as the name of a block or a prompt. The flow's author wrote the
 * numbers with any grouping, also without `+`. Ids and ARNs stay.
 */
export function redactFlowText(text: string): string {
  return text
    .slice(0, maxFlowText)
    .split(awsIdentifier)
    .map((part, n) => (n % 2 === 1 ? part : part.replaceAll(phoneNumber, redactNumber).replaceAll(email, "•••@•••")))
    .join("");
}

/** An international number, or a prefix of an international number. */
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

function redactNumber(number: string): string {
  const plain = number.replaceAll(/[^\d+]/g, "");
  return `${plain.slice(0, 2)}${"•".repeat(plain.length - 4)}${plain.slice(-2)}`;
}
