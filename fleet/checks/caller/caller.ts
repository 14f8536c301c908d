/** Reads a phone number in any common spelling, and lists every address that the spelling can stand for. */
// The largest of the library's metadata sets: the smaller sets know only the length of a number, and the length alone does not tell
// whether a leading 0 belongs to the number. Only `check` loads this file.
import {
  getCountries,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
  type CountryCode,
} from "libphonenumber-js/max";
import { classifyAddress } from "../../../lambda/blocked-calls/policy";
import { CommandError } from "../../output/command-error";

/** One address that a spelling can stand for. */
export interface Caller {
  /** The address that Connect would send. */
  readonly address: string;
  /** How the spelling was read; undefined if only spaces and punctuation were removed. */
  readonly reading: string | undefined;
}

export interface CallerOptions {
  /** ISO code of the country for numbers without country code, such as `IT`. */
  readonly country?: string | undefined;
  /** Whether an instance looks up digits that are not an E.164 number. */
  readonly otherNumbers: boolean;
}

/** Separators between groups of digits: white space, dashes, brackets, points, slashes. */
const separators = /[\s\p{Pd}\u2212()[\]./_·•]/gu;
/** Characters that are not visible, such as a zero-width space or a mark for the direction of text. */
const invisible = /[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu;
/** `ext. 7`, `x7`, `#7`, `,,7` at the end of a number. */
const extension = /\s*(?:\bext(?:ension|n)?\.?|(?<![a-z])x|[#,~])[\s:.,#=]*\d{1,9}#?\s*$/iu;
/** Digits that are dialled before the country code instead of `+`. The longest comes first. */
const internationalPrefixes = ["0011", "011", "010", "00"];
const keypad = ["", "", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"];

/**
 * The addresses that a spelling can stand for. `+1 (555) 555-0100` stands for `+15555550100` only. If the metadata of the countries does not
 * decide, for example whether a 0 belongs to the number, the result has every reading. A text for a withheld number (`Anonymous`), an e-mail
 * address and a SIP address are not changed, because Connect sends these too.
 *
 * @returns one or more addresses
 * @throws CommandError with the problem and the fix. The message does not contain the number
 */
export function callersFrom(text: string, { country, otherNumbers }: CallerOptions): readonly Caller[] {
  const cleaned = text.replaceAll(/\s/g, " ").replaceAll(invisible, "").trim();
  if (cleaned === "") {
    throw new CommandError(
      "NUMBER is empty; a script may have passed an empty variable. For a withheld caller, write Anonymous.",
    );
  }
  if (country !== undefined && !isSupportedCountry(country)) {
    throw new CommandError(`--country: "${country}" is not a country. Use a code of two letters, such as US or IT.`);
  }
  const given = asciiDigits(cleaned.normalize("NFKC")).trim();
  if (!/\d/.test(given) || given.includes("@") || classifyAddress(given) === "withheld") return unchanged(cleaned);
  const notes: string[] = [];
  const number = lettersAsDigits(withoutParameters(given.replace(/^tel:/i, ""), notes), notes);
  const plain = number.replaceAll(separators, "");
  if (!/^\+?\d+$/.test(plain)) {
    throw unclear(
      "is not an E.164 number",
      "Write + and 2 to 15 digits, with only spaces and punctuation between the digits",
    );
  }
  if (classifyAddress(plain) === "withheld") return unchanged(plain);
  const found = plain.startsWith("+") ? international(plain, given) : national(plain, country, otherNumbers);
  return found.map(({ address, reading }) => {
    const all = reading === undefined ? notes : [...notes, reading];
    return { address, reading: all.length === 0 ? undefined : all.join(", ") };
  });
}

const unchanged = (address: string): readonly Caller[] => [{ address, reading: undefined }];

/** Converts the digits of every script to `0` to `9`. In Unicode, the ten digits of a script follow each other. */
function asciiDigits(text: string): string {
  const isDigit = (code: number) => /^\p{Nd}$/u.test(String.fromCodePoint(code));
  return text.replaceAll(/\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let value = 0;
    while (value < 9 && isDigit(code - value - 1)) value++;
    return String(value);
  });
}

/** Removes an extension, the parameters of a `tel:` URI and the placeholder of a carrier (`0xx11`); joins a `phone-context`. */
function withoutParameters(given: string, notes: string[]): string {
  const [subscriber = "", ...parameters] = given.split(";");
  const parameter = (name: string) =>
    parameters
      .find((text) => text.trim().toLowerCase().startsWith(`${name}=`))
      ?.trim()
      .slice(name.length + 1);
  const context = parameter("phone-context");
  let number = subscriber;
  if (context !== undefined && !subscriber.trim().startsWith("+")) {
    // RFC 3966, section 5.1.5: a context with + is the part that all numbers of the context have in common.
    if (!context.startsWith("+")) {
      throw unclear(
        "is a number inside a private network (phone-context), so its public number is unknown",
        "Write the public number, with + and the country code first",
      );
    }
    number = context + subscriber;
    notes.push("joined with the phone-context");
  }
  const withoutCarrier = number.replace(/0\s*xx\s*(?=\d)/i, "");
  if (withoutCarrier !== number) notes.push("without the placeholder of the carrier");
  const withoutExtension = withoutCarrier.replace(extension, "");
  if (withoutExtension !== withoutCarrier || parameter("ext") !== undefined) notes.push("without the extension");
  return withoutExtension;
}

/** Converts a word of three or more letters to the digits of a keypad. One or two letters may be typing errors, such as O for 0. */
function lettersAsDigits(number: string, notes: string[]): string {
  if (!/\p{L}/u.test(number)) return number;
  const words = number.match(/\p{L}+/gu) ?? [];
  if (!words.every((word) => /^[a-z]{3,}$/i.test(word)) || !number.trim().startsWith("+")) {
    throw unclear("has letters in it", "Write digits instead");
  }
  notes.push("with the letters as keypad digits");
  const digits = number.replaceAll(/[a-z]/gi, (letter) =>
    String(keypad.findIndex((letters) => letters.includes(letter.toLowerCase()))),
  );
  if (!isPossible(digits.replaceAll(separators, ""))) throw unclear("has letters in it", "Write digits instead");
  return digits;
}

/**
 * The readings of a number with `+`. Digits that no number of the country can have are a reading only if they are given without spaces and
 * punctuation: Connect can send any digits, and the argument may be copied from a contact.
 */
function international(plain: string, given: string): readonly Caller[] {
  if (plain.startsWith("+00")) return international(`+${plain.slice(3)}`, given);
  if (plain.startsWith("+0"))
    throw unclear("begins with +0", "No country code begins with 0. Write + and the country code first");
  const found = internationalReadings(plain, given === plain && classifyAddress(plain) === "number");
  if (found.length === 0) throw impossible(plain);
  return found;
}

/** @param isCopied whether the argument is an E.164 number without spaces and punctuation */
function internationalReadings(plain: string, isCopied: boolean): readonly Caller[] {
  const code = countryCode(plain) ?? "+";
  const rest = plain.slice(code.length);
  const parsed = parsePhoneNumberFromString(plain);
  const others: Caller[] = rest.startsWith("0")
    ? [{ address: `${code}${rest.replace(/^0+/, "")}`, reading: "without the 0 after the country code" }]
    : [];
  if (parsed?.isValid() === true && ![plain, others[0]?.address].includes(parsed.number)) {
    others.push({ address: parsed.number, reading: "without the national prefix" });
  }
  // People drop a 0 that belongs to the number, as in Italy.
  const restored = `${code}0${rest}`;
  if (!isValid(plain) && isValid(restored)) {
    return [
      { address: plain, reading: "exactly as written" },
      { address: restored, reading: "with a 0 after the country code" },
    ];
  }
  // Mexico dropped the 1 before mobile numbers in 2019, but carriers still send it.
  if (/^\+521\d{10}$/.test(plain)) {
    return [
      { address: plain, reading: "with the 1 after the country code" },
      { address: `+52${plain.slice(4)}`, reading: "without the 1 after the country code" },
    ];
  }
  const asWritten = { address: plain, reading: "exactly as written" };
  const withZero = { address: plain, reading: "with the 0 after the country code" };
  const likely = mostLikely([rest.startsWith("0") ? withZero : asWritten, ...others]);
  const all = isCopied && !likely.some(({ address }) => address === plain) ? [asWritten, ...likely] : likely;
  // Nothing was changed, so there is nothing to explain.
  return all.length === 1 && all[0]?.address === plain && (isCopied || !rest.startsWith("0")) ? unchanged(plain) : all;
}

/** The readings of digits without `+`. */
function national(digits: string, country: CountryCode | undefined, otherNumbers: boolean): readonly Caller[] {
  const asDigits = otherNumbers ? [{ address: digits, reading: "as digits without +" }] : [];
  const parsed = country === undefined ? undefined : parsePhoneNumberFromString(digits, country);
  if (parsed?.isPossible() === true) {
    return [{ address: parsed.number, reading: `as a number of the country ${country}` }, ...asDigits];
  }
  const likely = internationalPrefixes
    .filter((prefix) => digits.startsWith(prefix))
    .flatMap((prefix) =>
      internationalReadings(`+${digits.slice(prefix.length)}`, false)
        // National numbers begin with 0 too, but not with 00.
        .filter(({ address }) => prefix === "00" || isValid(address))
        .map(({ address, reading }) => ({
          address,
          reading: [`with + instead of ${prefix}`, ...(reading === undefined ? [] : [reading])].join(", "),
        })),
    );
  // Most digits would also be a number of some country, so this is a reading only beside the digits themselves.
  const withPlus = { address: `+${digits}`, reading: "with + before the digits" };
  const all = [...likely, ...(otherNumbers && isValid(withPlus.address) ? [withPlus] : []), ...asDigits];
  if (all.length > 0) return all;
  throw country === undefined
    ? unclear(
        "has no country code, so it is ambiguous",
        "Write + and the country code first, and quote the whole number, or name the country, as in --country US",
      )
    : unclear(`is not a number of the country ${country}`, "Write + and the country code first");
}

/** The valid candidates; without one, the candidates of a possible length. */
function mostLikely(candidates: readonly Caller[]): readonly Caller[] {
  const valid = candidates.filter(({ address }) => isValid(address));
  return valid.length > 0 ? valid : candidates.filter(({ address }) => isPossible(address));
}

function impossible(plain: string): CommandError {
  if (classifyAddress(plain) !== "number") {
    return unclear(
      "is not an E.164 number",
      "Write + and 2 to 15 digits. In a shell, quote a number with spaces: '+1 555 555 0100'",
    );
  }
  return unclear(
    countryCode(plain) === undefined
      ? "begins with a country code that does not exist"
      : "is too long or too short for its country",
    "Compare the number with the contact in ConnectPath. To check exactly these digits, write them without spaces and punctuation",
  );
}

const isValid = (address: string): boolean => {
  const parsed = parsePhoneNumberFromString(address);
  return parsed?.number === address && parsed.isValid();
};

const isPossible = (address: string): boolean => {
  const parsed = parsePhoneNumberFromString(address);
  return parsed?.number === address && parsed.isPossible();
};

const countryCodes = new Set(getCountries().map((name) => `+${getCountryCallingCode(name)}`));

/** `+39` for `+39021234567`; undefined if no country has the code. */
function countryCode(number: string): string | undefined {
  return [2, 3, 4].map((length) => number.slice(0, length)).find((code) => countryCodes.has(code));
}

function unclear(problem: string, fix: string): CommandError {
  return new CommandError(`The number ${problem}. ${fix}.`);
}
