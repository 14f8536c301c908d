/** Decides what the event alone decides: which Dispositions to look up for which number, or an answer without the table. */
import type { FunctionSettings } from "../settings";
import { field } from "./field";
import type { Reason } from "./reasons";

/** A lookup that is due: one number under each of these Dispositions. */
export interface Lookup {
  readonly number: string;
  readonly dispositions: readonly string[];
}

const E164 = /^\+[1-9]\d{1,14}$/;

/** Words that stand in the place of a withheld number; compared in lower case. */
const WITHHELD = new Set(["", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld"]);

/** A number of E.164, a word in the place of a withheld one, or anything else, such as an e-mail address. */
export type Caller = "number" | "withheld" | "other";

/**
 * What an address is to call blocking; only a `number` is ever looked up.
 *
 * For a withheld number AWS documents no marker; carriers put a word or nothing, and SIP has `sip:anonymous@anonymous.invalid`
 * (RFC 3323).
 *
 * @param address - an endpoint's, as it is in an event or in the table's `CustomerEndpoint`
 */
export function callerOf(address: string): Caller {
  if (E164.test(address)) return "number";
  const text = address.trim().toLowerCase();
  return WITHHELD.has(text) || /^(?:sips?:)?anonymous@/.test(text) ? "withheld" : "other";
}

/**
 * What to do with a contact.
 *
 * Exempt numbers win over everything. Then the flow's parameters must fit the deployment: an `InstanceName` of another
 * instance or no `BlockedDisposition` is a broken module, answered with `nomatch` whoever calls. Only E.164 numbers are
 * looked up, whatever the channel. A Disposition that is not a configured one (a module imported by hand) is looked up
 * alone; a configured one stands for all of them.
 *
 * @param event - what Connect sends
 *   (https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html#function-response), of any shape
 * @returns the lookup that is due, or the reason of an answer that needs none
 */
export function decide(event: unknown, settings: FunctionSettings): Lookup | Reason {
  const address = field(event, "Details", "ContactData", "CustomerEndpoint", "Address");
  if (typeof address === "string" && isExempt(address, settings.exemptNumbers)) return "exempt";

  if (field(event, "Details", "Parameters", "InstanceName") !== settings.instanceName) return "other_instance";
  const disposition = field(event, "Details", "Parameters", "BlockedDisposition");
  if (typeof disposition !== "string" || disposition === "") return "no_disposition";

  // No address at all is a withheld one.
  const number = address ?? "";
  if (typeof number !== "string") return "not_e164";
  const caller = callerOf(number);
  if (caller === "number") {
    const configured = settings.blockedDispositions;
    return { number, dispositions: configured.includes(disposition) ? configured : [disposition] };
  }
  if (caller === "other") return "not_e164";
  if (!isPhoneCall(event)) return "no_number";
  return settings.anonymousCallers === "block" ? "anonymous_blocked" : "anonymous_allowed";
}

/** Whether a call from this address is looked up at all, whoever calls: an E.164 number that is not exempt. */
export function isLookedUp(address: string, exemptNumbers: readonly string[]): boolean {
  return E164.test(address) && !isExempt(address, exemptNumbers);
}

function isExempt(address: string, exemptNumbers: readonly string[]): boolean {
  return exemptNumbers.some((entry) =>
    entry.endsWith("*") ? address.startsWith(entry.slice(0, -1)) : address === entry,
  );
}

/**
 * Whether somebody dialled in over the telephone network. A chat, task or e-mail has another channel; a WebRTC call is
 * VOICE with `WEBRTC_API`; a call that an agent transferred was accepted before (`TRANSFER`), a callback was asked for.
 * None of those withheld a number, so `anonymousCallers: block` must not touch them.
 */
function isPhoneCall(event: unknown): boolean {
  return (
    field(event, "Details", "ContactData", "Channel") === "VOICE" &&
    field(event, "Details", "ContactData", "InitiationMethod") === "INBOUND"
  );
}
