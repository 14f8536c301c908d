/** Phone numbers in common spellings: unambiguous numbers are normalized, other numbers are refused with a reason. */
import fc from "fast-check";
import { callerFrom } from "../../../../fleet/checks/caller/caller";

test.each([
  "+15555550100",
  " +1 (555) 555-0100 ",
  "+1 555 555 0100",
  "+1.555.555.0100",
  "+1-555-555/0100",
  "tel:+1-555-555-0100",
  "＋1 555 555 0100",
  "+1\u00a0555\u2011555\u20130100",
])("%s is normalized", (text) => {
  expect(callerFrom(text)).toBe("+15555550100");
});

test.each(["Anonymous", "", "unknown", "someone@example.com", "sip:+15555550100@example.com", "user1@example.com"])(
  "%j is not changed: Connect sends such addresses",
  (text) => {
    expect(callerFrom(text)).toBe(text);
  },
);

test.each([
  ["555 555 0100", "has no country code"],
  ["(555) 555-0100", "has no country code"],
  ["15555550100", "has no country code"],
  ["001 555 555 0100", "begins with 00"],
  ["+44 (0)20 7946 0000", "has a 0 in brackets, which is dialled only within the country: remove it"],
  ["+39 (0)2 0000000", "has a 0 in brackets, which belongs to numbers of this country: write it without brackets"],
  ["+378 (0)549 000000", "has a 0 in brackets, which belongs to numbers of this country"],
  ["+1 555 555 0100 ext. 7", "has an extension"],
  ["+1 555 555 0100 x7", "has an extension"],
  ["+1-800-FLOWER5", "has letters in it"],
  ["+0 555 555 0100", "begins with +0"],
  ["+1", "quote a number with spaces"],
  ["+15555550100555555", "is not an E.164 number"],
  ["+1+5555550100", "is not an E.164 number"],
])("%s is refused: it %s", (text, problem) => {
  expect(() => callerFrom(text)).toThrow(problem);
});

test("grouping does not change a number, and no message contains a number", () => {
  const separator = fc.string({ unit: fc.constantFrom(" ", "-", ".", "(", ")", "/", "\u2013"), maxLength: 2 });
  const digits = fc.stringMatching(/^[1-9]\d{3,14}$/);
  fc.assert(
    fc.property(
      digits,
      fc.array(separator, { minLength: 16, maxLength: 16 }),
      fc.boolean(),
      (number, between, plus) => {
        const written = (plus ? "+" : "") + Array.from(number, (digit, n) => digit + (between[n] ?? "")).join("");
        // A 0 in brackets is refused; another test covers this.
        fc.pre(!/\(\s*0\s*\)/.test(written));
        if (plus) expect(callerFrom(written)).toBe(`+${number}`);
        else {
          const message = (() => {
            try {
              return callerFrom(written);
            } catch (error) {
              return (error as Error).message;
            }
          })();
          expect(message).toContain("has no country code");
          expect(message).not.toContain(number);
        }
      },
    ),
  );
});
