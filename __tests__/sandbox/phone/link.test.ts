/** Tests that a link keeps every step, and that other links are refused with a reason. */
import fc from "fast-check";
import { LinkError, linkOf, maxSteps, maxText, parseLink, type Step, tableFaults } from "../../../sandbox/phone/link";

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
const call = fc.record({ kind: fc.constant("call" as const), from: text });
const brokenCall = fc.record({
  kind: fc.constant("call" as const),
  from: text,
  fault: fc.constantFrom(...tableFaults),
});
/** A Disposition for one of the calls before it. */
const steps = fc
  .array(
    fc.oneof(
      call,
      brokenCall,
      fc.record({ kind: fc.constant("disposition" as const), call: fc.nat(), disposition: text }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((drawn) =>
    drawn.flatMap((step, n): Step[] => {
      if (step.kind === "call") return [step];
      const calls = drawn.slice(0, n).filter(({ kind }) => kind === "call").length;
      return calls === 0 ? [] : [{ ...step, call: 1 + (step.call % calls) }];
    }),
  );

test("a link keeps the instance and every step", () => {
  fc.assert(
    fc.property(text, steps, (instance, drawn) => {
      expect(parseLink(linkOf(instance, drawn))).toEqual({ instance, steps: drawn });
    }),
  );
});

test("any other query is read or refused with a sentence for the user", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.webQueryParameters()), (query) => {
      try {
        parseLink(query);
      } catch (error) {
        expect(error).toBeInstanceOf(LinkError);
      }
    }),
  );
});

test("a link is readable", () => {
  expect(
    linkOf("dev-acme-us-east-1", [
      { kind: "call", from: "+15555550101" },
      { kind: "disposition", call: 1, disposition: "Under review" },
      { kind: "call", from: "+15555550101", fault: "throttled" },
    ]),
  ).toBe("instance=dev-acme-us-east-1&call=%2B15555550101&contact.1=Under+review&call.throttled=%2B15555550101");
});

test.each([
  ["an unknown fault", "call.fire=1", "a part that this page does not know"],
  ["an unknown name", "callx=1", "a part that this page does not know"],
  ["an empty number", "call=", "has 0 characters"],
  ["a long number", `call=${"1".repeat(maxText + 1)}`, `has ${maxText + 1} characters. Allowed are 1 to ${maxText}.`],
  ["a Disposition before the call", "contact.1=Blocked&call=1", "before the call"],
  ["too many characters", `call=${"1".repeat(100)}&`.repeat(90), "At most 8000 are allowed"],
  ["too many steps", "call=1&".repeat(maxSteps + 1), `At most ${maxSteps} are allowed`],
])("a link with %s is refused", (_, query, message) => {
  expect(() => parseLink(query)).toThrow(message);
});
