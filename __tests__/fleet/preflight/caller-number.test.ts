/** Preflight and the function agree on which numbers are looked up and which are withheld. */
import fc from "fast-check";
import { callerOf } from "../../../fleet/preflight/caller-number";
import { decide } from "../../../lambda/blocked-calls/policy";

/** What the function would do about a call from this address. */
function byTheFunction(address: string) {
  const event = {
    Details: {
      Parameters: { InstanceName: "acme", BlockedDisposition: "Blocked" },
      ContactData: { Channel: "VOICE", InitiationMethod: "INBOUND", CustomerEndpoint: { Address: address } },
    },
  };
  const decision = decide(event, {
    environment: "dev",
    instanceName: "acme",
    tableName: "dextr-acme",
    blockedDispositions: ["Blocked"],
    anonymousCallers: "allow",
    exemptNumbers: [],
    budgetMs: 1500,
  });
  if (typeof decision !== "string") return "number";
  return decision === "anonymous_allowed" ? "withheld" : "other";
}

test("any address is to preflight what it is to the function", () => {
  const words = fc
    .constantFrom("", " ", "Anonymous", "ANONYMOUS ", "unknown", "Restricted", "private", "Unavailable", "withheld")
    .map((word) => word);
  const numbers = fc.stringMatching(/^\+?[0-9]{0,17}$/);
  const uris = fc.constantFrom("sip:anonymous@anonymous.invalid", "SIPS:Anonymous@x", "sip:somebody@x", "anonymous@");
  fc.assert(
    fc.property(fc.oneof(words, numbers, uris, fc.string()), (address) => {
      expect(callerOf(address)).toBe(byTheFunction(address));
    }),
    { numRuns: 1000 },
  );
});
