/** Reads a caller's number as people write it, and makes it what Connect sends; only where there is no doubt which number is meant. */
import { classifyAddress } from "../../../lambda/blocked-calls/policy";
import { CommandError } from "../../output/command-error";

/** What people put between groups of digits: white space, dashes of every kind, brackets, points, slashes. */
const separators = /[\s\p{Pd}\p{Cf}().\/]/gu;

/**
 * `+1 (555) 555-0100` as `+15555550100`. A word in the place of a withheld number (`Anonymous`), an e-mail or a SIP address stays as it
 * is: Connect sends these too.
 *
 * @throws CommandError that says what is missing; it does not repeat the number
 */
export function callerFrom(text: string): string {
  const given = text.trim().replace(/^tel:/i, "");
  if (!/\p{Nd}/u.test(given) || given.includes("@")) return text.trim();
  if (/\(\s*0\s*\)/.test(given)) {
    throw unclear("has a 0 in brackets", "which is dialled at home only: leave it out, as in +44 20 7946 0000");
  }
  if (/(ext\.?|[x#;,])/i.test(given)) {
    throw unclear("has an extension", "which no caller's number has: leave it out");
  }
  if (/\p{L}/u.test(given)) throw unclear("has letters in it", "write the digits that they stand for");
  const number = given.replaceAll(separators, "").replace(/^\uff0b/, "+");
  if (/^00[1-9]/.test(number)) {
    throw unclear("begins with 00", "which is not the way abroad everywhere: write + instead, if that is what it is");
  }
  if (/^\d+$/.test(number)) {
    throw unclear(
      "has no country code",
      "so it is a different one in each country: write + and the code before it, and quote it all",
    );
  }
  if (number.startsWith("+0")) throw unclear("begins with +0", "which no country code does");
  if (classifyAddress(number) !== "number") {
    throw unclear(
      "is none of E.164",
      "which are + and 2 to 15 digits. In a shell, quote a number with spaces: '+1 555 555 0100'",
    );
  }
  return number;
}

function unclear(what: string, why: string): CommandError {
  return new CommandError(`The number ${what}, ${why}.`);
}
