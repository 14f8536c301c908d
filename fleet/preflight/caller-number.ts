/** What a contact's `CustomerEndpoint` is to call blocking: a number that can be looked up, a withheld one, or neither. */

/** Only an E.164 number is ever looked up. */
const E164 = /^\+[1-9]\d{1,14}$/;

/** As the function has them, which a test holds: it imports nothing of the project, and nothing may import it. */
const withheld = new Set(["", "anonymous", "unknown", "restricted", "private", "unavailable", "withheld"]);

export type Caller = "number" | "withheld" | "other";

/** @param address a `CustomerEndpoint` of type S */
export function callerOf(address: string): Caller {
  if (E164.test(address)) return "number";
  const text = address.trim().toLowerCase();
  return withheld.has(text) || /^(?:sips?:)?anonymous@/.test(text) ? "withheld" : "other";
}
