/** Tests the decision for each kind of event, before any query. */
import fc from "fast-check";
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { classifyAddress, decide, isLookedUp } from "../../../lambda/blocked-calls/policy";
import type { FunctionSettings } from "../../../lambda/settings";
import { callFrom, connectEvent, NUMBER, SETTINGS } from "./connect-event";

const LOOKUP = { number: NUMBER, dispositions: ["Blocked"] };
const settings = (changed: Partial<FunctionSettings>): FunctionSettings => ({ ...SETTINGS, ...changed });
const BLOCK = settings({ anonymousCallers: "block" });

test("an inbound phone call is looked up", () => {
  expect(decide(connectEvent(), SETTINGS)).toEqual(LOOKUP);
});

test.each(["OUTBOUND", "TRANSFER", "CALLBACK", "QUEUE_TRANSFER", "EXTERNAL_OUTBOUND", "MONITOR", "DISCONNECT", "API"])(
  "a call with the initiation method %s is looked up",
  (InitiationMethod) => {
    expect(decide(connectEvent({ InitiationMethod }), SETTINGS)).toEqual(LOOKUP);
  },
);

test("an SMS and a WhatsApp message (channel CHAT) are looked up", () => {
  for (const InitiationMethod of ["API", "INBOUND"]) {
    expect(decide(connectEvent({ Channel: "CHAT", InitiationMethod }), SETTINGS)).toEqual(LOOKUP);
  }
});

describe("a withheld caller is never looked up", () => {
  const withheld = [
    "",
    " ",
    "Anonymous",
    "anonymous",
    "ANONYMOUS",
    "Restricted",
    "unknown",
    "Private",
    "Unavailable",
    "withheld",
    "sip:anonymous@anonymous.invalid",
    "anonymous@anonymous.invalid",
    "sip:anonymous@anonymous.invalid;user=phone",
    "unavailable@unknown.invalid",
    "sips:Restricted@anything.invalid",
    "tel:anonymous",
    "TEL:Unavailable",
    "+266696687",
    "tel:+266696687",
    "+7378742833",
    "+2562533",
    "+8656696",
    "+86282452253",
    "+7748283",
    "+94844353",
  ];
  test.each(withheld)("%p", (address) => {
    expect(decide(callFrom(address), SETTINGS)).toBe("anonymous_allowed");
    expect(decide(callFrom(address), BLOCK)).toBe("anonymous_blocked");
  });

  test.each([null, undefined, {}, { Address: null, Type: "TELEPHONE_NUMBER" }, "Anonymous", 7])(
    "the endpoint %p counts as withheld",
    (CustomerEndpoint) => {
      expect(decide(connectEvent({ CustomerEndpoint }), SETTINGS)).toBe("anonymous_allowed");
      expect(decide(connectEvent({ CustomerEndpoint }), BLOCK)).toBe("anonymous_blocked");
    },
  );
});

test.each(["ANONYMOUS", "RESTRICTED", "BLOCKED", "UNKNOWN", "UNAVAILABLE", "PRIVATE", "WITHHELD"])(
  "the keypad digits of %s replace a withheld number, and no country has this number",
  (word) => {
    const keys = ["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"];
    const digits = Array.from(word, (letter) => keys.findIndex((letters) => letters.includes(letter)) + 2).join("");
    expect(classifyAddress(`+${digits}`)).toBe("withheld");
    expect(classifyAddress(`+1${digits}`)).not.toBe("withheld");
    expect(parsePhoneNumberFromString(`+${digits}`)?.isValid()).toBe(false);
  },
);

test.each([
  "unavailable@example.com",
  "tel:",
  "tel:+15555550100",
  "private@invalid.example.com",
  "anonymous",
  "+1266696687",
])("%j is withheld only if a carrier sends exactly that", (address) => {
  expect(classifyAddress(address) === "withheld").toBe(address === "anonymous");
});

describe("numbers that are not E.164", () => {
  const OTHERS = settings({ otherNumbers: true });
  test.each(["15555550101", "22000", "0555555010", "+0555555010", "+1555555010012345", "94844353"])(
    "%s is looked up as it is, only with otherNumbers",
    (address) => {
      expect(decide(callFrom(address), OTHERS)).toEqual({ number: address, dispositions: ["Blocked"] });
      expect(decide(callFrom(address), SETTINGS)).toBe("not_e164");
      expect(isLookedUp(address, OTHERS)).toBe(true);
      expect(isLookedUp(address, SETTINGS)).toBe(false);
    },
  );

  test.each(["someone@example.com", "sip:22000@example.com", "22 000", "22000\n", "٢٢٠٠٠", "1".repeat(33)])(
    "%j is never looked up",
    (address) => {
      expect(decide(callFrom(address), OTHERS)).toBe("not_e164");
      expect(isLookedUp(address, OTHERS)).toBe(false);
    },
  );

  test("a withheld caller is not looked up with otherNumbers either", () => {
    for (const address of ["+266696687", "+8656696", "Anonymous"]) {
      expect(decide(callFrom(address), OTHERS)).toBe("anonymous_allowed");
      expect(isLookedUp(address, OTHERS)).toBe(false);
    }
  });
});

describe("a contact without a phone number is not blocked as a withheld caller", () => {
  const contacts = [
    ["web chat", { Channel: "CHAT", InitiationMethod: "API", CustomerEndpoint: null, SystemEndpoint: null }],
    ["task", { Channel: "TASK", InitiationMethod: "API", CustomerEndpoint: null, SystemEndpoint: null }],
    ["WebRTC call", { InitiationMethod: "WEBRTC_API", CustomerEndpoint: null }],
    ["transferred call", { InitiationMethod: "TRANSFER", CustomerEndpoint: null }],
    ["callback", { InitiationMethod: "CALLBACK", CustomerEndpoint: { Address: "Anonymous" } }],
  ] as const;
  test.each(contacts)("%s", (_, contact) => {
    expect(decide(connectEvent(contact), BLOCK)).toBe("no_number");
  });

  test("an event without contact data", () => {
    const { Parameters } = connectEvent().Details;
    expect(decide({ Details: { Parameters } }, BLOCK)).toBe("no_number");
  });
});

test.each([
  ["an e-mail address", "caller@example.com"],
  ["an e-mail address that begins like a withheld number", "private@example.com"],
  ["a SIP URI", "sip:+15555550100@example.com"],
  ["a short code", "55555"],
  ["a national number", "5555550100"],
  ["a number with spaces", "+1 555 555 0100"],
  ["a number with a line feed", `${NUMBER}\n`],
  ["a number too long", "+1555555010012345"],
  ["a number beginning with zero", "+0555555010"],
  ["digits of another script", "+١٥٥٥٥٥٥٠١٠٠"],
])("%s is not an E.164 number: not looked up and not withheld", (_, address) => {
  expect(decide(callFrom(address), BLOCK)).toBe("not_e164");
});

test.each([15555550100, true, [NUMBER], { S: NUMBER }])(
  "the address %p, which is not a string, is not looked up",
  (Address) => {
    expect(decide(connectEvent({ CustomerEndpoint: { Address } }), BLOCK)).toBe("not_e164");
  },
);

test("classifyAddress and decide agree on every address", () => {
  const words = fc.constantFrom("", " ", "Anonymous", "ANONYMOUS ", "unknown", "Restricted", "private", "withheld");
  const numbers = fc.stringMatching(/^\+?[0-9]{0,17}$/);
  const uris = fc.constantFrom(
    "tel:anonymous",
    "unknown@x.invalid",
    "+8656696",
    "sip:anonymous@anonymous.invalid",
    "SIPS:Anonymous@x",
    "sip:caller@x",
    "anonymous@",
  );
  fc.assert(
    fc.property(fc.oneof(words, numbers, uris, fc.string()), (address) => {
      const decisionByKind = {
        number: { number: address, dispositions: ["Blocked"] },
        withheld: "anonymous_allowed",
        otherNumber: "not_e164",
        other: "not_e164",
      };
      expect(decide(callFrom(address), SETTINGS)).toEqual(decisionByKind[classifyAddress(address)]);
    }),
    { numRuns: 1000 },
  );
});

describe("the list of exempt numbers", () => {
  test.each([
    ["the number itself", [NUMBER], "exempt"],
    ["a prefix", ["+1555555*"], "exempt"],
    ["one of several", ["+1800*", NUMBER], "exempt"],
    ["a shorter number that is a prefix, without *", [NUMBER.slice(0, -1)], LOOKUP],
    ["another prefix", ["+1800*"], LOOKUP],
  ])("decides whether a number is looked up: %s", (_, exemptNumbers, expected) => {
    expect(decide(connectEvent(), settings({ exemptNumbers }))).toEqual(expected);
  });

  test("wins over wrong parameters of the module", () => {
    const event = connectEvent({}, { InstanceName: "other", BlockedDisposition: "" });
    expect(decide(event, settings({ exemptNumbers: [NUMBER] }))).toBe("exempt");
  });
});

describe("the flow's parameters", () => {
  test.each(["other-instance", "ACME-DEV", "", null, undefined, 7, { S: "acme-dev" }])(
    "InstanceName %p is not the deployed instance",
    (InstanceName) => {
      expect(decide(connectEvent({}, { InstanceName }), SETTINGS)).toBe("other_instance");
    },
  );

  test.each(["", null, undefined, 7, ["Blocked"]])("BlockedDisposition %p counts as missing", (BlockedDisposition) => {
    expect(decide(connectEvent({}, { BlockedDisposition }), SETTINGS)).toBe("no_disposition");
  });

  test("a module with wrong parameters never gets a match, not even for a withheld caller", () => {
    const event = connectEvent({ CustomerEndpoint: null }, { InstanceName: "other" });
    expect(decide(event, BLOCK)).toBe("other_instance");
  });

  test("if the module passes a configured Disposition, all configured Dispositions are looked up", () => {
    const blockedDispositions = ["Blocked", "Nuisance:Confirmed"];
    const event = connectEvent({}, { BlockedDisposition: "Nuisance:Confirmed" });
    expect(decide(event, settings({ blockedDispositions }))).toEqual({
      number: NUMBER,
      dispositions: blockedDispositions,
    });
  });

  test.each(["demonstration", "blocked", "Nuisance:Confirmed:Twice", 'say "no"', " ", "拒否🚫", "__proto__"])(
    "the Disposition %p, which is not configured, is looked up alone and unchanged",
    (BlockedDisposition) => {
      const decision = decide(connectEvent({}, { BlockedDisposition }), SETTINGS);
      expect(decision).toEqual({ number: NUMBER, dispositions: [BlockedDisposition] });
    },
  );
});

test.each([undefined, null, 7, "event", [], {}, { Details: null }, { Details: { Parameters: "x", ContactData: 1 } }])(
  "the event %p gets no match",
  (event) => {
    expect(decide(event, BLOCK)).toBe("other_instance");
  },
);
