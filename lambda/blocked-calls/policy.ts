/** Decides from the event alone: either which Dispositions to look up for a number, or the answer without a lookup. */
import type { FunctionSettings } from "../settings";
import { field } from "./field";
import type { Reason } from "./reasons";

/** A lookup to make: one number under each of these Dispositions. */
export interface Lookup {
  readonly number: string;
  readonly dispositions: readonly string[];
}

const E164 = /^\+[1-9]\d{1,14}$/;

/**
 * Texts that carriers send instead of a withheld number, in lower case and without `sip:` or `tel:`. A text is empty, a word, the keypad
 * digits of a word (`+266696687` spells ANONYMOUS), or an address with such a word (`anonymous@anonymous.invalid` in RFC 3323). The digits
 * spell anonymous, blocked, private, restricted, unavailable, unknown and withheld. No country has a valid number that consists of `+` and
 * these digits.
 */
const WITHHELD =
  /^(?:|anonymous@.*|(?:anonymous|private|restricted|unavailable|unknown|withheld)(?:@[^@]*\.invalid)?|\+(?:266696687|2562533|7748283|7378742833|86282452253|8656696|94844353))$/s;

/** Digits that are not an E.164 number: a number without `+`, a short code, a number of a wrong length. */
const OTHER_NUMBER = /^\+?\d{1,32}$/;

/** An E.164 number, digits that are not E.164, something that replaces a withheld number, or another address, such as an e-mail address. */
export type AddressKind = "number" | "otherNumber" | "withheld" | "other";

/**
 * Classifies an address. The function looks up a `number`, and an `otherNumber` if the instance has `lookup.otherNumbers`.
 *
 * AWS does not document how Connect reports a withheld number.
 *
 * @param address - the address of an endpoint in an event, or a `CustomerEndpoint` in the table
 */
export function classifyAddress(address: string): AddressKind {
  const text = address.trim().toLowerCase();
  if (WITHHELD.test(text.replace(/^(?:sips?|tel):(?=.)/, ""))) return "withheld";
  if (E164.test(address)) return "number";
  return OTHER_NUMBER.test(address) ? "otherNumber" : "other";
}

/**
 * Decides what to do with a contact. The rules, in order:
 *
 * 1. An exempt number is never blocked.
 * 2. The flow module must pass the `InstanceName` of the deployed instance and a `BlockedDisposition`. Otherwise the answer is
 *    `nomatch`, for every caller.
 * 3. An E.164 number is looked up, on every channel. With `otherNumbers`, other digits are looked up too. If the module passes a
 *    configured Disposition, the number is looked up under all configured Dispositions. If a module that was imported by hand passes
 *    another Disposition, only that Disposition is looked up.
 * 4. A withheld caller on a phone call follows `anonymousCallers`.
 *
 * @param event - the event of Connect, of any shape
 *   (https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html#function-response)
 * @returns the lookup to make, or the reason of an answer that needs no lookup
 */
export function decide(event: unknown, settings: FunctionSettings): Lookup | Reason {
  const address = field(event, "Details", "ContactData", "CustomerEndpoint", "Address");
  if (typeof address === "string" && isExempt(address, settings.exemptNumbers)) return "exempt";

  if (field(event, "Details", "Parameters", "InstanceName") !== settings.instanceName) return "other_instance";
  const disposition = field(event, "Details", "Parameters", "BlockedDisposition");
  if (typeof disposition !== "string" || disposition === "") return "no_disposition";

  // A missing address counts as a withheld number.
  const number = address ?? "";
  if (typeof number !== "string") return "not_e164";
  const kind = classifyAddress(number);
  if (kind === "number" || (kind === "otherNumber" && settings.otherNumbers)) {
    const configured = settings.blockedDispositions;
    return { number, dispositions: configured.includes(disposition) ? configured : [disposition] };
  }
  if (kind !== "withheld") return "not_e164";
  if (!isPhoneCall(event)) return "no_number";
  return settings.anonymousCallers === "block" ? "anonymous_blocked" : "anonymous_allowed";
}

/** Whether the function looks up calls from this address. */
export function isLookedUp(
  address: string,
  { exemptNumbers, otherNumbers }: Pick<FunctionSettings, "exemptNumbers" | "otherNumbers">,
): boolean {
  const kind = classifyAddress(address);
  return (kind === "number" || (kind === "otherNumber" && otherNumbers)) && !isExempt(address, exemptNumbers);
}

function isExempt(address: string, exemptNumbers: readonly string[]): boolean {
  return exemptNumbers.some((entry) =>
    entry.endsWith("*") ? address.startsWith(entry.slice(0, -1)) : address === entry,
  );
}

/**
 * Whether the contact is an inbound call over the telephone network. Only such a caller can withhold a number, so
 * `anonymousCallers: block` applies only to them. A chat, a task and an e-mail have another channel. A WebRTC call has the channel
 * VOICE and the method `WEBRTC_API`. A transferred call (`TRANSFER`) was accepted before. A callback was requested by the customer.
 */
function isPhoneCall(event: unknown): boolean {
  return (
    field(event, "Details", "ContactData", "Channel") === "VOICE" &&
    field(event, "Details", "ContactData", "InitiationMethod") === "INBOUND"
  );
}
