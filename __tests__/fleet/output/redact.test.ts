/** Texts from the contact table are printed without phone numbers, but with enough text to find the contact. */
import fc from "fast-check";
import { redactText } from "../../../fleet/output/redact";
import { unicodeString } from "../../unicode-string";

test.each([
  ["contact-7", "contact-7"],
  ["0f0e0d0c-1b1a-4918-8716-151413121110", "0f0e0d0c-1b1a-4918-8716-151413121110"],
  ["12345678-1234-1234-1234-123456789012", "12345678-1234-1234-1234-123456789012"],
  ["+15555550101", "+1••••••••01"],
  ["call +1 (555) 555-0101 back", "call +1••••••••01 back"],
  ["number:15555550101#ctr", "number:15•••••••01#ctr"],
  ["+1555\u200b5550101", "+1••••••••01"],
  ["somebody@example.com", "•••@•••"],
  ["tel:somebody+tag@example.com!", "tel:•••@•••"],
  ["\u001b[31mred\u0007", "\\u{1b}[31mred\\u{7}"],
  ["a\u202eb", "a\\u{202e}b"],
])("%j is shown as %j", (text, shown) => {
  expect(redactText(text)).toBe(shown);
});

test("no number of seven or more digits is printed, at any place and with any grouping", () => {
  const separator = fc.constantFrom("", "", "", "-", " ", ".", ") ", "\u00ad");
  const number = fc
    .array(fc.tuple(fc.constantFrom(...Array.from("0123456789")), separator), { minLength: 7, maxLength: 15 })
    .map((parts) => parts.map(([digit, after]) => digit + after).join(""));
  const around = fc.string().filter((text) => !/\d/.test(text));
  fc.assert(
    fc.property(around, number, around, (before, digits, after) => {
      const shown = redactText(`${before}${digits}${after}`).replaceAll(/\\u\{[\da-f]+\}/g, "");
      expect(shown.replaceAll(/\D/g, "").length).toBeLessThanOrEqual(4);
    }),
  );
});

test("the printed text is short and has no control characters", () => {
  fc.assert(
    fc.property(unicodeString({ maxLength: 500 }), (text) => {
      const shown = redactText(text);
      expect(shown.length).toBeLessThanOrEqual(61);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});
