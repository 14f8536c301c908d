/** The flow module can be built with every Disposition that an environment file can contain. */
import fc from "fast-check";
import { defaultsSchema } from "../../config/schema";
import { requireLiteral } from "../../flows/literal-text";
import { unicodeString } from "../unicode-string";

const accepted = (text: string): boolean => defaultsSchema.safeParse({ blockedDispositions: [text] }).success;

const tricky = fc.constantFrom("$", ".", "[", "{", "%", "é", "e\u0301", "\ud800", " ", "Blocked", ":", '"', "\\", "😀");
const anyText = fc.oneof(
  unicodeString(),
  fc.array(tricky, { maxLength: 8 }).map((parts) => parts.join("")),
);

test("the module builder accepts every Disposition that the environment accepts", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      if (accepted(text)) requireLiteral({ blockedDisposition: text });
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["$.Attributes.x", 'contains "$." or "$["'],
  ["a $[0]", 'contains "$." or "$["'],
  ["cafe\u0301", "is not in Unicode normalization form C"],
])("the Disposition %j is refused, with the reason", (text, why) => {
  const { error } = defaultsSchema.safeParse({ blockedDispositions: [text] });
  expect(error?.issues[0]?.message).toContain(why);
});

test.each(["Nuisance:Confirmed", "${var.x}", "%{ if }", 'a "quoted" one', "$5 caller", "caf\u00e9 😀"])(
  "the Disposition %j is accepted",
  (text) => {
    expect(accepted(text)).toBe(true);
  },
);
