/** What is printed of the vendor's texts: enough to find a contact, and no number that a person can be called on. */
import fc from "fast-check";
import { masked } from "../../../fleet/output/redact";

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
  expect(masked(text)).toBe(shown);
});

test("no number of seven digits or more is ever shown, wherever it stands and however it is grouped", () => {
  const separator = fc.constantFrom("", "", "", "-", " ", ".", ") ", "\u00ad");
  const number = fc
    .array(fc.tuple(fc.constantFrom(...Array.from("0123456789")), separator), { minLength: 7, maxLength: 15 })
    .map((parts) => parts.map(([digit, after]) => digit + after).join(""));
  const around = fc.string().filter((text) => !/\d/.test(text));
  fc.assert(
    fc.property(around, number, around, (before, digits, after) => {
      const shown = masked(`${before}${digits}${after}`).replaceAll(/\\u\{[\da-f]+\}/g, "");
      expect(shown.replaceAll(/\D/g, "").length).toBeLessThanOrEqual(4);
    }),
  );
});

test("whatever is shown is short and leaves a terminal alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), (text) => {
      const shown = masked(text);
      expect(shown.length).toBeLessThanOrEqual(61);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
  );
});
