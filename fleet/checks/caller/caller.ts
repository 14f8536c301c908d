/** Converts a phone number in a common spelling to the form that Connect sends, if the spelling is unambiguous. */
import { classifyAddress } from "../../../lambda/blocked-calls/policy";
import { CommandError } from "../../output/command-error";

/** Separators between groups of digits: white space, dashes, brackets, points, slashes. */
const separators = /[\s\p{Pd}\p{Cf}().\/]/gu;

/** Italy, San Marino and the Vatican: the 0 stays in international numbers. https://github.com/google/libphonenumber/blob/master/FALSEHOODS.md */
const keepsLeadingZero = /^\+\s*(39|378|379)(?!\d)/;

/**
 * Converts `+1 (555) 555-0100` to `+15555550100`. The text for a withheld number (`Anonymous`), an e-mail address and a SIP address are
 * not changed, because Connect sends these too.
 *
 * @throws CommandError with the problem and the fix. The message does not contain the number
 */
export function callerFrom(text: string): string {
  const given = text.trim().replace(/^tel:/i, "");
  if (!/\p{Nd}/u.test(given) || given.includes("@")) return text.trim();
  if (/\(\s*0\s*\)/.test(given)) {
    throw keepsLeadingZero.test(given)
      ? unclear("has a 0 in brackets", "which belongs to numbers of this country: write it without brackets")
      : unclear("has a 0 in brackets", "which is dialled only within the country: remove it, as in +44 20 7946 0000");
  }
  if (/(ext\.?|[x#;,])/i.test(given)) {
    throw unclear("has an extension", "which is not part of a caller's number: remove it");
  }
  if (/\p{L}/u.test(given)) throw unclear("has letters in it", "write digits instead");
  const number = given.replaceAll(separators, "").replace(/^\uff0b/, "+");
  if (/^00[1-9]/.test(number)) {
    throw unclear("begins with 00", "which is the international prefix only in some countries: write + instead");
  }
  if (/^\d+$/.test(number)) {
    throw unclear(
      "has no country code",
      "so it is ambiguous: write + and the country code first, and quote the whole number",
    );
  }
  if (number.startsWith("+0")) throw unclear("begins with +0", "but no country code begins with 0");
  if (classifyAddress(number) !== "number") {
    throw unclear(
      "is not an E.164 number",
      "which has + and 2 to 15 digits. In a shell, quote a number with spaces: '+1 555 555 0100'",
    );
  }
  return number;
}

function unclear(problem: string, fix: string): CommandError {
  return new CommandError(`The number ${problem}, ${fix}.`);
}
